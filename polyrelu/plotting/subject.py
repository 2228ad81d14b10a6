"""Subject: a complex, and the sets of its cells whose Betti numbers are shown with a picture."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from fractions import Fraction
from typing import Any, Protocol, TypedDict, Unpack

import numpy as np

from polyrelu.errors import DomainError, InputError
from polyrelu.exact.floats import to_double
from polyrelu.exact.limits import read_flag
from polyrelu.exact.rational import show
from polyrelu.geometry.classes import ClassRegion, DecisionBoundary, Partition, classify
from polyrelu.geometry.clipping import clipped
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.hull import on_slice
from polyrelu.geometry.refinement import FormulaRegion
from polyrelu.geometry.region import Region, read_relation
from polyrelu.geometry.subdivision import Options, Progress, read_domain, subdivide
from polyrelu.network.network import Network
from polyrelu.plotting.geometry import Mask
from polyrelu.topology.homology import homology

MAX_DIM = 3
"""Maximum number of inputs of what can be drawn."""
MAX_CLASSES = 5
"""Maximum number of classes whose Betti numbers are in the title."""
LINE = 78
"""Maximum length of a line of the title, in characters."""
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


class CycleLike(Protocol):
    """A cycle that can be drawn: simplices with one more vertex than its degree, and their coefficients."""

    @property
    def degree(self) -> int: ...
    def pieces(self) -> Iterable[tuple[tuple[tuple[Fraction, ...], ...], int]]: ...


class Choices(TypedDict, total=False):
    """The keyword arguments of `plot` and `plot_html`; see `plot`."""

    level: Any
    relation: str | None
    domain: Any
    window: Any
    color: str | None
    graph: bool
    cycles: Iterable[CycleLike]
    title: str | None
    coarse: bool | None
    points: Any
    labels: Any
    feature_names: Sequence[str] | None
    class_names: Sequence[str] | None
    palette: Any
    aspect: str


@dataclass(frozen=True, eq=False)
class Subject:
    """A complex, the partition into classes or the region of a formula with its cells, if any, and the sets whose Betti
    numbers are shown.
    """

    complex: PolyhedralComplex
    partition: Partition | None
    sets: tuple[Region | ClassRegion | DecisionBoundary | FormulaRegion, ...]
    formula: FormulaRegion | None = None

    @property
    def network(self) -> Network:
        """The network F."""
        if self.formula is not None:
            return self.formula.refinement.network
        return self.complex.network if self.partition is None else self.partition.network

    def over(self, box: Sequence[Sequence[Any]], options: Options) -> Subject:
        """The part of the subject in a box, without sets."""
        if self.partition is not None:
            partition = clipped(self.partition, box, **options)
            return self._of_same_dimension(Subject(partition.complex, partition, ()))
        if self.formula is not None:
            region = clipped(self.formula, box, **options)
            return self._of_same_dimension(Subject(region.complex, None, (), region))
        return self._of_same_dimension(Subject(clipped(self.complex, box, **options), None, ()))

    def _of_same_dimension(self, part: Subject) -> Subject:
        if part.complex.input_dim < self.complex.input_dim:
            raise DomainError("domain: the intersection is flat")
        return part

    def on_boundary(self, k: int) -> Mask | None:
        """For every k-cell whether it lies in the decision boundary; None if there is none."""
        if self.partition is not None:
            return self.partition.boundary().mask(k)
        if self.formula is not None:
            return frontier(self.formula)[k - self.complex.coordinates.lineality_dim]
        return None if self.complex.level is None else self.complex.signs(k) == 0

    def summary(self, progress: Progress | None, names: Sequence[str] | None = None) -> tuple[str, list[str]]:
        """The f-vector, and the Betti numbers of each set; with the names of classes if they have any."""
        cells = _vector(f"{n:,}".replace(",", "\u2009") for n in self.complex.f_vector)
        level = self.complex.level
        refined = self.partition is not None or self.formula is not None
        name = "cells" if refined else "C(F)" if level is None else f"C(F, {short(level)})"
        # A coarse complex has other cells than C(F, t), so that these numbers are not called the f-vector.
        name = f"coarse {name}: cells" if self.complex.is_coarse else f"{name}: f-vector"
        sets = [f"{_name(s, names)}: β = {_vector(homology(s, progress=progress).betti)}" for s in self.sets]
        return f"{name} {cells}", sets


def headline(net: Network) -> str:
    """Such as "F : R² → R,  2-8-6-1"."""
    sizes = (str(n if n > 1 else "").translate(SUPERSCRIPTS) for n in (net.input_dim, net.output_dim))
    widths = "-".join(map(str, net.architecture))
    text = widths if len(widths) <= 40 else f"{net.depth} hidden layers"
    return "F : R{} → R{},  {}".format(*sizes, text)


def in_lines(cells: str, sets: list[str]) -> list[str]:
    """A summary in lines for a title."""
    lines = [cells] + [""] * (len(sets) > 1)
    for part in sets:
        longer = f"{lines[-1]}     {part}" if lines[-1] else part
        lines[-1:] = [longer] if len(longer) <= LINE else [lines[-1], part]
    return lines


def short(x: Fraction) -> str:
    """A number as text, rounded if its exact text is long."""
    text = show(x)
    if len(text) <= 12:
        return text
    nearest = to_double(x)
    return f"{nearest:.6g}" if sys.float_info.min <= abs(nearest) < math.inf else _power_of_ten(x)


def _power_of_ten(x: Fraction) -> str:
    """A number beyond the range of doubles, such as "1.5e+400"."""
    context = Context(prec=6, Emax=MAX_EMAX, Emin=MIN_EMIN)
    return f"{context.divide(Decimal(x.numerator), Decimal(x.denominator)).normalize(context):e}"


def read_subject(obj: Any, options: Options, **choices: Unpack[Choices]) -> Subject:
    """The subject of what is given to `plot`."""
    kinds = (Network, PolyhedralComplex, Partition, Region, ClassRegion, DecisionBoundary, FormulaRegion)
    if not isinstance(obj, kinds):
        raise InputError(
            "picture: expected a Network, a PolyhedralComplex, a Region, a FormulaRegion, a Partition or a set of "
            f"its cells (ClassRegion, DecisionBoundary), got {type(obj).__name__}"
        )
    source = obj if isinstance(obj, (Network, PolyhedralComplex)) else obj.complex
    dim = source.input_dim
    if isinstance(obj, Network) and choices.get("domain") is not None:
        choices["domain"] = read_domain(choices["domain"], obj)
        dim = on_slice(obj, choices["domain"])[0].input_dim
    if dim > MAX_DIM:
        raise InputError(
            f"picture: the input space has dimension {dim}, at most {MAX_DIM} can be drawn; "
            "take a slice, Slice(points).restrict(network), or plot_slices; on the command line --slice or --slider"
        )
    relation = choices.get("relation")
    if relation is not None:
        read_relation(relation)
    if isinstance(obj, Network):
        obj = _divided(obj, dim, options, **choices)
    elif any(choices.get(name) is not None for name in ("level", "domain", "coarse")):
        raise InputError("level, domain and coarse can be chosen for a Network only; a complex has its own")
    if isinstance(obj, PolyhedralComplex):
        if obj.level is None:
            if relation is not None:
                raise InputError("relation: the complex has no level set")
            return Subject(obj, None, ())
        obj = obj.region(relation or ">")
    if isinstance(obj, FormulaRegion):
        if relation is not None:
            raise InputError("relation: a formula says by itself what is compared")
        return Subject(obj.complex, None, (obj,), obj)
    if relation is not None and not isinstance(obj, Region):
        raise InputError("relation: compares one output with a level, but classes are drawn; choose an output")
    if relation is not None and relation != obj.relation:
        raise InputError(f"relation: {relation!r} was given, but {obj!r} is drawn")
    if isinstance(obj, (ClassRegion, DecisionBoundary)):
        return Subject(obj.complex, obj.partition, (obj,))
    if isinstance(obj, Partition):
        few = range(obj.n_classes) if obj.n_classes <= MAX_CLASSES else ()
        return Subject(obj.complex, obj, tuple(obj.region(i) for i in few))
    return Subject(obj.complex, None, (obj,))


def _divided(net: Network, dim: int, options: Options, **choices: Unpack[Choices]) -> PolyhedralComplex | Partition:
    """The complex of a network: with a level for one output, with classes for several unless they are not wanted.

    It has the dimension `dim`, that of the domain. Unless said otherwise it is coarse where the decision boundary alone
    is drawn.
    """
    level, domain, color = choices.get("level"), choices.get("domain"), choices.get("color")
    coarse = choices.get("coarse")
    if coarse is not None:
        read_flag(coarse, "coarse")
    if net.output_dim > 1 and level is None and color in (None, "class"):
        return classify(net, domain, coarse=dim == MAX_DIM if coarse is None else coarse, **options)
    if level is None and net.output_dim == 1:
        level = 0
    if coarse is None:
        coarse = dim == MAX_DIM and level is not None and color in (None, "sign")
    return subdivide(net, level, domain, coarse=coarse, **options)


def formula_name(region: FormulaRegion) -> str:
    """The formula, or "the formula" if it is long."""
    text = str(region.formula)
    return text if len(text) <= LINE // 2 else "the formula"


def frontier(region: FormulaRegion) -> list[Mask]:
    """For k = λ..d which k-cells lie in the frontier of a set: those that are faces of cells in it and of others.

    A cell counts among its faces. The union of these cells is the closure of the set without its interior: a cell is a
    face of all cells near its points, and of no others.
    """
    cx = region.complex
    low, d = cx.coordinates.lineality_dim, cx.input_dim
    found: list[Mask] = []
    some, all_ = (np.zeros(cx.n_cells(d), np.bool_) for _ in range(2))
    for k in range(d, low - 1, -1):
        mask = region.mask(k)
        above = some, all_
        some, all_ = mask.copy(), mask.copy()
        if k < d:
            facets = cx.facets(k + 1)
            some[facets.index[facets.spread(above[0])]] = True
            all_[facets.index[~facets.spread(above[1])]] = False
        found.append(some & ~all_)
    return found[::-1]


def _name(cells: Region | ClassRegion | DecisionBoundary | FormulaRegion, names: Sequence[str] | None) -> str:
    if isinstance(cells, FormulaRegion):
        return f"{{{formula_name(cells)}}}"
    if isinstance(cells, DecisionBoundary):
        return "decision boundary"
    if isinstance(cells, ClassRegion):
        name = f"class {cells.index}" if names is None else names[cells.index]
        return name if cells.is_open else f"{name} with ties"
    sign = {">=": "≥", "<=": "≤"}.get(cells.relation, cells.relation)
    return f"{{F {sign} {short(cells.complex.level)}}}"


def _vector(entries: Iterable[object]) -> str:
    return f"({', '.join(map(str, entries))})"
