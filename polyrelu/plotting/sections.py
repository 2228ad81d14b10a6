"""Families of slices of the input space: hyperplanes where one input has given values, or any slices of one dimension.

Where the topology of such sections can change is found exactly: at the heights of the vertices of the complex.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from polyrelu.errors import InputError
from polyrelu.exact.printing import brief
from polyrelu.exact.rational import describe, entries, exact, exact_vector, show
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.network.network import Network
from polyrelu.network.slices import Slice
from polyrelu.plotting.data import read_names
from polyrelu.plotting.subject import MAX_DIM

MOST = 200
"""Maximum number of slices of a page."""
DIGITS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@dataclass(frozen=True)
class Axis:
    """The hyperplanes x_i = t of the space where some other inputs are fixed.

    free: the inputs that are not fixed, i among them; origin: a point with the fixed values; names: of all inputs.
    """

    i: int
    free: tuple[int, ...]
    origin: tuple[Fraction, ...]
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of input i."""
        return self.names[self.i]

    @property
    def inputs(self) -> list[str]:
        """The names of the inputs that are coordinates of the slices."""
        return [self.names[j] for j in self.free if j != self.i]

    @property
    def space(self) -> Slice:
        """The space of which the slices are hyperplanes, in the coordinates of the free inputs."""
        return self._spanned(self.origin, self.free)

    @property
    def place(self) -> int:
        """The number of x_i among the coordinates of `space`."""
        return self.free.index(self.i)

    def slice(self, t: Fraction) -> Slice:
        """The hyperplane x_i = t, with the other free inputs as its coordinates."""
        at = (*self.origin[: self.i], t, *self.origin[self.i + 1 :])
        return self._spanned(at, [j for j in self.free if j != self.i])

    @staticmethod
    def _spanned(origin: tuple[Fraction, ...], inputs: Sequence[int]) -> Slice:
        return Slice([origin, *((*origin[:j], origin[j] + 1, *origin[j + 1 :]) for j in inputs)])


def read_axis(network: Network, axis: Any, at: Any, names: Any) -> Axis:
    """The hyperplanes of an input, by its number or name, with other inputs fixed. InputError for anything else."""
    d = network.input_dim
    found = read_names(names, "feature_names", d, "input")
    names = tuple(found or (f"x{i + 1}".translate(DIGITS) for i in range(d)))
    i = _input(axis, d, found, "axis")
    fixed: dict[int, Fraction] = {}
    if at is not None:
        if not isinstance(at, Mapping):
            raise InputError(f"at: expected a mapping from inputs to their values, got {describe(at)}")
        for key, value in at.items():
            j = _input(key, d, found, "at")
            if j == i or j in fixed:
                raise InputError(f"at: input {j} is {'the axis' if j == i else 'there twice'}")
            fixed[j] = exact(value, f"at, input {j}")
    free = tuple(j for j in range(d) if j not in fixed)
    if not 2 <= len(free) <= MAX_DIM + 1:
        raise InputError(
            f"axis: of {d} inputs {len(free) - 1} would be left in a slice, and 1 to {MAX_DIM} can be drawn; "
            "fix others with at={input: value}, or give slices"
        )
    return Axis(i, free, tuple(fixed.get(j, Fraction(0)) for j in range(d)), names)


def _input(given: Any, d: int, names: Sequence[str] | None, where: str) -> int:
    if isinstance(given, str) and names is not None and given in names:
        return names.index(given)
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given < d:
        expected = f"the number of an input, 0 to {d - 1}" + (", or its name" if names is not None else "")
        raise InputError(f"{where}: expected {expected}, got {describe(given)}")
    return given


def read_slices(slices: Any, network: Network) -> tuple[Slice, ...]:
    """Slices of one dimension for a network. InputError for anything else."""
    items = entries(slices, "slices")
    if items is None or not all(isinstance(part, Slice) for part in items):
        raise InputError(f"slices: expected a list of Slices, got {describe(slices)}")
    _check_count(len(items), "slices")
    if len({part.dim for part in items}) > 1 or not 1 <= items[0].dim <= MAX_DIM:
        raise InputError(f"slices: expected slices of one dimension, 1 to {MAX_DIM}")
    for number, part in enumerate(items):
        if part.input_dim != network.input_dim:
            raise InputError(
                f"slices, entry {number}: lies in R^{part.input_dim}, but the network has {network.input_dim} inputs"
            )
    return tuple(items)


def read_positions(positions: Any) -> int | tuple[Fraction, ...]:
    """A number of positions, or increasing positions. InputError for anything else."""
    if isinstance(positions, int) and not isinstance(positions, bool):
        _check_count(positions, "positions")
        return positions
    if entries(positions, "positions") is None:
        raise InputError(f"positions: expected a number of positions or a list of them, got {describe(positions)}")
    found = exact_vector(positions, "positions")
    _check_count(len(found), "positions")
    if any(a >= b for a, b in pairwise(found)):
        raise InputError("positions: expected increasing numbers")
    return found


def read_between(between: Any) -> tuple[Fraction, Fraction] | None:
    """The least and the greatest position. InputError for anything else."""
    if between is None:
        return None
    pair = exact_vector(between, "between")
    if len(pair) != 2 or pair[0] >= pair[1]:
        raise InputError(f"between: expected two numbers, the lower one first, got {', '.join(map(show, pair))}")
    return pair[0], pair[1]


def _check_count(n: int, what: str) -> None:
    if not 2 <= n <= MOST:
        raise InputError(f"{what}: expected 2 to {MOST}, got {brief(n)}")


def heights(cx: PolyhedralComplex, i: int) -> list[Fraction]:
    """The values of x_i at the vertices, sorted: where the topology of the sections x_i = t can change.

    For t in an interval between two heights, or beyond all of them, the cells that the hyperplane meets are the same,
    those whose values of x_i are on both sides of t; each section is a polyhedron, and its faces are the sections of
    the faces of the cell. It is bounded for all such t or for none, as its recession cone is that of the cell in
    {x_i = 0}. So the complexes of sections have the same face posets with the same bounded cells, and the same
    homology, also of unions of cells. With a lineality space that is not in {x_i = 0} all sections are alike.
    """
    if any(v[i] for v in cx.lineality):
        return []
    return sorted({vertex[i] for vertex in cx.vertices()})


