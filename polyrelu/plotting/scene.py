"""Scene: what is to be drawn, before any library for drawing is chosen."""

from __future__ import annotations

from dataclasses import dataclass
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
)
from polyrelu.plotting.cycles import corners, cut, doubles, lifted, read_cycles
from polyrelu.plotting.geometry import Floats, Mask, boundary, positions, thin_parts
from polyrelu.plotting.palette import SIGN_COLOURS, TIE_COLOUR
from polyrelu.plotting.subject import Choices, Subject, formula_name, frontier, read_subject, short
from polyrelu.plotting.values import height_range, vertex_values
from polyrelu.plotting.window import RANGE, Window, default_window, read_window

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
    is_whole: nothing was cut off. color: see `plot`. graph: whether the graph of F is drawn. cycles: their degrees,
    and their simplices in the window as arrays n × (degree + 1) × d of doubles; for d = 2 with the graph they lie on
    it, in R^3. title: lines.
    """

    network: Network
    clipped: PolyhedralComplex
    partition: Partition | None
    window: Window
    is_whole: bool
    color: str
    graph: bool
    cycles: tuple[tuple[int, Floats], ...]
    title: str
    formula: FormulaRegion | None = None

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
        """The length of one unit of each coordinate in the picture, the same for all unless that would be too flat."""
        sides = self.box[:, 1] - self.box[:, 0]
        scale: Floats = np.maximum(1 / sides.max(), FLATTEST / sides)
        return scale

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

    @cached_property
    def colouring(self) -> Colouring:
        """The colours of the regions of `clipped`."""
        if self.color == "sign":
            relations = {1: ">", 0: "=", -1: "<"}
            return sign_colouring(self.clipped, {sign: self._name(r) for sign, r in relations.items()})
        if self.color == "formula":
            assert self.formula is not None
            return formula_colouring(self.formula.mask(self.dim), formula_name(self.formula))
        if self.partition is not None:
            return class_colouring(self.partition.class_numbers(), self.partition.n_classes)
        return pattern_colouring(self.clipped) if self.color == "pattern" else map_colouring(self.clipped)

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
    color, graph = choices.get("color"), read_flag(choices.get("graph", False), "graph")
    if color is not None:
        check_colouring(color)
    first = choices.get("title")
    if first is not None and not isinstance(first, str):
        raise InputError(f"title: expected a string, got {describe(first)}")
    if first and any("\ud800" <= character <= "\udfff" for character in first):
        raise InputError(f"title: expected text without half surrogates, got {describe(first)}")
    subject = read_subject(obj, options, **choices)
    d = subject.complex.input_dim
    color = _color(subject, color)
    graph = graph or d == 1
    if graph and d != 1 and (d == 3 or subject.network.output_dim != 1):
        raise InputError("graph: expected a network with 1 or 2 inputs and one output")
    if graph:
        subject.complex.require_complete("graph")
    if color in ("pattern", "map"):
        subject.complex.require_complete(f"color {color!r}")
    cycles = read_cycles(choices.get("cycles", ()), d)
    given = choices.get("window")
    if given is None:
        window, is_whole = default_window(subject, corners(cycles, d))
    else:
        window, is_whole = read_window(given, d), False
    try:
        drawn = subject if is_whole else subject.over(window, options)
    except DomainError:
        raise InputError("window: it has no interior point in common with the domain") from None
    cycles = cut(cycles, window)
    if graph and d == 2:
        cycles = lifted(cycles, subject.network)
    arrays = tuple((k, doubles(simplices)) for k, simplices in cycles)
    title = "\n".join([first or subject.headline(), *subject.summary(options.get("progress"))])
    complex_, partition, formula = drawn.complex, drawn.partition, drawn.formula
    return Scene(subject.network, complex_, partition, window, is_whole, color, graph, arrays, title, formula)


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
