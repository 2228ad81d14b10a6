"""Scene: what is to be drawn, before any library for drawing is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, Unpack

import numpy as np

from polyrelu.errors import DomainError, InputError
from polyrelu.exact.floats import to_double
from polyrelu.exact.limits import read_flag
from polyrelu.exact.rational import describe
from polyrelu.geometry.classes import Partition
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.polygons import Indices
from polyrelu.geometry.refinement import FormulaRegion
from polyrelu.geometry.subdivision import Options
from polyrelu.network.network import Network
from polyrelu.plotting.colouring import (
    Colouring,
    check_colouring,
    class_colouring,
    formula_colouring,
    map_colouring,
    pattern_colouring,
    sign_colouring,
    with_palette,
)
from polyrelu.plotting.cycles import Cycles, corners, cut, doubles, lifted, read_cycles
from polyrelu.plotting.data import Group, check_name, grouped, names_on, read_data, read_names
from polyrelu.plotting.geometry import Floats, Mask, boundary, positions, thin_parts
from polyrelu.plotting.palette import SIGN_COLOURS, TIE_COLOUR
from polyrelu.plotting.subject import Choices, Subject, formula_name, frontier, headline, in_lines, read_subject, short
from polyrelu.plotting.values import height_range, vertex_values
from polyrelu.plotting.window import ASPECTS, RANGE, Window, default_window, is_uneven, read_window

PRECISION = 1e-10
"""Maximum error of the position of a vertex, relative to the window's size. A picture shows about 1e-4."""
FLATTEST = 0.2
"""Minimum ratio of the sides of a picture: a flatter window is stretched to this."""


@dataclass(frozen=True, eq=False)
class Scene:
    """A complex and the part of it in a window.

    network: F. clipped: C(F) or C(F, t), or the cells of a partition into classes, over the window: a bounded complex
    whose cells are exactly the intersections of cells with the window, and their faces. The window's sides are walls
    of its domain, so it is the exact subdivision that clips. partition: classes of `clipped`, if these are drawn.
    formula: the region of a formula of `clipped`, if that is drawn.
    is_whole: nothing was cut off. color: see `plot`. graph: whether the graph of F is drawn. exact_cycles: their
    degrees, and their simplices in the window; for d = 2 with the graph they lie on it, in R^3. title: lines. formula:
    as said. colouring: the colours of the regions of `clipped`. groups: data points in the window. feature_names: of
    the inputs. aspect: see `plot`. short_title: lines without the f-vector. sets: those whose Betti numbers are in the
    title, with these.
    """

    network: Network
    clipped: PolyhedralComplex
    partition: Partition | None
    window: Window
    is_whole: bool
    color: str
    graph: bool
    exact_cycles: Cycles
    title: str
    formula: FormulaRegion | None
    colouring: Colouring
    groups: tuple[Group, ...]
    feature_names: list[str] | None
    aspect: str
    short_title: str
    sets: tuple[str, ...]

    @property
    def dim(self) -> int:
        """The dimension d of the input space."""
        return self.network.input_dim

    @cached_property
    def box(self) -> Floats:
        """The window in doubles, d × 2."""
        return np.array([[float(low), float(high)] for low, high in self.window])

    @property
    def scale(self) -> Floats:
        """The length of one unit of each coordinate in the picture.

        The same for all, unless that would be too flat; for an uneven window (see `is_uneven`) all sides are equal.
        """
        sides = self.box[:, 1] - self.box[:, 0]
        if self.is_uneven:
            return 1 / sides
        scale: Floats = np.full(len(sides), 1 / sides.max())
        return scale if self.aspect == "equal" else np.maximum(scale, FLATTEST / sides)

    @cached_property
    def cycles(self) -> tuple[tuple[int, Floats], ...]:
        """The cycles with their simplices as arrays n × (degree + 1) × d of doubles."""
        return tuple((k, doubles(simplices)) for k, simplices in self.exact_cycles)

    @property
    def is_uneven(self) -> bool:
        """Whether each coordinate has a unit of its own."""
        return is_uneven(self.box[:, 1] - self.box[:, 0], self.aspect)

    def axis_name(self, i: int, default: str) -> str:
        """The name of input number i, or the default."""
        return default if self.feature_names is None else self.feature_names[i]

    @property
    def shape(self) -> Floats:
        """The sides of the picture, the largest of which is 1."""
        return (self.box[:, 1] - self.box[:, 0]) * self.scale

    @property
    def _tolerance(self) -> float:
        return float((self.box[:, 1] - self.box[:, 0]).min()) * PRECISION

    @cached_property
    def points(self) -> Floats:
        """The vertices of `clipped` in doubles, within PRECISION of the window's least side of the exact ones."""
        return positions(self.clipped, self._tolerance)

    @cached_property
    def values(self) -> Floats:
        """F at the vertices of `clipped`, n × outputs; see `vertex_values`. The level on the level set.

        InputError if they are too large to draw.
        """
        values = vertex_values(self.clipped, self.network, self.points, self._tolerance)
        if self.clipped.level is not None:
            values[self.clipped.signs(0) == 0] = to_double(self.clipped.level)
        if not np.all(np.abs(values) < RANGE):
            raise InputError(f"the graph of F: its values in the window exceed {RANGE:g}; choose a smaller window")
        return values

    @property
    def level(self) -> float | None:
        """The level t; None if there is none, or one beyond all that is drawn."""
        t = self.clipped.level
        return None if t is None or abs(t) >= RANGE else float(t)

    @property
    def heights(self) -> tuple[float, float]:
        """The part of the axis of values that is drawn with a graph; with one input the level is in it."""
        level = [] if self.dim > 1 or self.level is None else [self.level]
        return height_range(np.append(self.values, level))

    @property
    def has_boundary(self) -> bool:
        """Whether there is a decision boundary: the set F = t, or where classes tie."""
        return self.partition is not None or self.formula is not None or self.clipped.level is not None

    def on_boundary(self, k: int) -> Mask:
        """For every k-cell of `clipped`: whether it lies in the decision boundary."""
        if self.partition is not None:
            return self.partition.boundary().mask(k)
        if self.formula is not None:
            return self._frontier[k]
        return self.clipped.signs(k) == 0 if self.has_boundary else np.zeros(self.clipped.n_cells(k), np.bool_)

    @cached_property
    def _frontier(self) -> list[Mask]:
        assert self.formula is not None
        return frontier(self.formula)

    @cached_property
    def walls(self) -> Mask:
        """For every (d−1)-cell of `clipped`: whether it separates the decision boundary from the rest."""
        return boundary(self.clipped, self.on_boundary(self.dim - 1), self.on_boundary(self.dim))

    def thin(self, k: int) -> Indices:
        """The k-cells of `clipped` in the decision boundary that are no face of a larger one in it."""
        return thin_parts(self.clipped, k, self.on_boundary(k), self.on_boundary(k + 1))

    @property
    def boundary_name(self) -> str:
        """The name of the decision boundary in legends."""
        if self.formula is not None:
            return "boundary of the set"
        return self._name("=") if self.partition is None else "decision boundary"

    @property
    def boundary_colour(self) -> str:
        """The colour of the decision boundary where it has interior."""
        return SIGN_COLOURS[0] if self.partition is None else TIE_COLOUR

    def _name(self, relation: str) -> str:
        assert self.clipped.level is not None
        return f"F {relation} {short(self.clipped.level)}"


def make_scene(obj: Any, options: Options, **choices: Unpack[Choices]) -> Scene:
    """The scene of what `plot` draws; arguments and errors as there."""
    (scene,) = make_scenes([(obj, choices)], options)
    return scene


def make_scenes(objects: Sequence[tuple[Any, Choices]], options: Options) -> list[Scene]:
    """The scenes of objects of one dimension with choices for each, all with one window."""
    drafts = [_Draft(obj, options, choices) for obj, choices in objects]
    first = drafts[0]
    if any(draft.dim != first.dim for draft in drafts):
        raise InputError("plot_grid: expected objects with the same number of inputs")
    given = objects[0][1].get("window")
    if given is None:
        found = [draft.default_window() for draft in drafts]
        window = tuple(
            (min(low for low, _ in sides), max(high for _, high in sides))
            for sides in zip(*(window for window, _ in found), strict=True)
        )
        whole = [is_whole for _, is_whole in found]
    else:
        window, whole = read_window(given, first.dim), [False] * len(drafts)
    return [draft.scene(window, is_whole, options) for draft, is_whole in zip(drafts, whole, strict=True)]


class _Draft:
    """What is read of the arguments of `plot` before there is a window."""

    def __init__(self, obj: Any, options: Options, choices: Choices) -> None:
        color, graph = choices.get("color"), read_flag(choices.get("graph", False), "graph")
        if color is not None:
            check_colouring(color)
        self.headline = choices.get("title")
        if self.headline is not None:
            check_name(self.headline, "title")
        aspect = choices.get("aspect", "auto")
        if not isinstance(aspect, str) or aspect not in ASPECTS:
            raise InputError(f"aspect: expected one of {', '.join(ASPECTS)}, got {describe(aspect)}")
        self.aspect = aspect
        self.subject = subject = read_subject(obj, options, **choices)
        self.dim = d = subject.complex.input_dim
        self.color = color = _color(subject, color)
        self.graph = graph = graph or d == 1
        if graph and d != 1 and (d == 3 or subject.network.output_dim != 1):
            raise InputError("graph: expected a network with 1 or 2 inputs and one output")
        if graph:
            subject.complex.require_complete("graph")
        if color in ("pattern", "map"):
            subject.complex.require_complete(f"color {color!r}")
        self.cycles = read_cycles(choices.get("cycles", ()), d)
        hull = subject.complex.slice
        self.data = read_data(choices.get("points"), choices.get("labels"), d, hull)
        names = choices.get("feature_names")
        if names is None:
            names = _columns(choices.get("points"))
        self.feature_names = names_on(hull, names, d)
        self.class_names = _class_names(subject, choices.get("class_names"))
        self.palette = choices.get("palette")
        if self.palette is not None and color != "pattern" and color != "map":
            self._coloured(self._colouring(subject))  # refused before any work

    def default_window(self) -> tuple[Window, bool]:
        return default_window(self.subject, corners(self.cycles, self.dim), self.data.doubles(self.dim), self.aspect)

    def scene(self, window: Window, is_whole: bool, options: Options) -> Scene:
        subject = self.subject
        try:
            drawn = subject if is_whole else subject.over(window, options)
        except DomainError:
            raise InputError("window: it has no interior point in common with the domain") from None
        cycles = cut(self.cycles, window)
        if self.graph and self.dim == 2:
            cycles = lifted(cycles, subject.network)
        cells, sets = subject.summary(options.get("progress"), self.class_names)
        first = self.headline or headline(subject.network)
        colouring = self._coloured(self._colouring(drawn))
        return Scene(
            subject.network, drawn.complex, drawn.partition, window, is_whole, self.color, self.graph,
            cycles, "\n".join([first, *in_lines(cells, sets)]),
            drawn.formula, colouring, self._groups(window, colouring), self.feature_names, self.aspect,
            "\n".join([first, *sets[: len(sets) == 1]]), tuple(sets),
        )  # fmt: skip

    def _groups(self, window: Window, colouring: Colouring) -> tuple[Group, ...]:
        """The data in the window by label, on the graph if that is drawn over the plane."""
        data = self.data
        shown = [all(low <= x <= high for x, (low, high) in zip(p, window, strict=True)) for p in data.points]
        points = data.doubles(self.dim)
        if self.graph and self.dim == 2:
            net = self.subject.network
            pairs = zip(data.points, shown, strict=True)
            values = [net(p) if inside else Fraction(0) for p, inside in pairs]
            points = np.column_stack([points, [to_double(y) for y in values if isinstance(y, Fraction)]])
        kept = np.array(shown, np.bool_)
        groups = grouped(data, points, kept, self.color, colouring, self.class_names)
        return tuple(group for group in groups if len(group.points))

    def _colouring(self, drawn: Subject) -> Colouring:
        """The colours of the regions."""
        cx = drawn.complex
        if self.color == "sign":
            assert cx.level is not None
            names = {sign: f"F {relation} {short(cx.level)}" for sign, relation in RELATIONS.items()}
            if self.class_names is not None:
                names |= {sign: f"{self.class_names[sign > 0]}: {names[sign]}" for sign in (-1, 1)}
            return sign_colouring(cx, names)
        if self.color == "formula":
            assert drawn.formula is not None
            return formula_colouring(drawn.formula.mask(cx.input_dim), formula_name(drawn.formula))
        if drawn.partition is not None:
            return class_colouring(drawn.partition.class_numbers(), drawn.partition.n_classes, self.class_names)
        return pattern_colouring(cx) if self.color == "pattern" else map_colouring(cx)

    def _coloured(self, colouring: Colouring) -> Colouring:
        return colouring if self.palette is None else with_palette(colouring, self.palette, self.color)


RELATIONS = {1: ">", 0: "=", -1: "<"}


def _columns(points: Any) -> list[str] | None:
    """The names of the columns of a table, if it has such."""
    columns = getattr(points, "columns", None)
    if columns is None:
        return None
    try:
        names = list(columns)
    except Exception:
        return None  # not a table
    return names if names and all(isinstance(name, str) for name in names) else None


def _class_names(subject: Subject, names: Any) -> list[str] | None:
    """The names of classes: of all classes of a partition, of F < t and F > t for one output."""
    if names is None:
        return None
    if subject.partition is not None:
        return read_names(names, "class_names", subject.partition.n_classes, "class")
    if subject.complex.level is None or subject.formula is not None:
        raise InputError("class_names: neither classes nor a level are drawn")
    return read_names(names, "class_names", 2, "of F < t and F > t")


def _color(subject: Subject, color: str | None) -> str:
    leveled = subject.complex.level is not None
    if (color == "formula") != (subject.formula is not None) and color is not None and color not in ("pattern", "map"):
        raise InputError(f"color: expected 'formula', 'pattern' or 'map' for the region of a formula, got {color!r}")
    if color is None and subject.formula is not None:
        return "formula"
    if color is None:
        return "sign" if leveled else "pattern" if subject.partition is None else "class"
    if color == "sign" and not leveled:
        raise InputError("color: there are signs of F − t only with a level t")
    if subject.partition is None and color == "class":
        raise InputError("color: classes need a network with several outputs, or a Partition")
    if subject.partition is not None and color != "class":
        raise InputError(f"color: a Partition is drawn with color='class', not {color!r}")
    return color
