"""Data: points that are drawn over the regions, with their labels, and the names of inputs and of classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from polyrelu.errors import InputError, PointError, PolyreluError
from polyrelu.exact.floats import to_double
from polyrelu.exact.rational import describe, entries, exact, exact_matrix, show
from polyrelu.geometry.hull import free_coordinates
from polyrelu.network.slices import Slice
from polyrelu.plotting.colouring import Colouring
from polyrelu.plotting.geometry import Floats, Mask
from polyrelu.plotting.palette import INK, POINT_COLOURS, darker, strokes
from polyrelu.plotting.window import RANGE

Label = Fraction | str


@dataclass(frozen=True, eq=False)
class Group:
    """Points with one label: n × d doubles (with the value of F as a last one if they lie on the graph of F).

    number: that of the class, or of the label in sorted order; it chooses the marker. name: for legends.
    """

    number: int
    name: str
    colour: str
    points: Floats
    exact: tuple[tuple[Fraction, ...], ...]
    """The same points of R^d, not rounded."""


@dataclass(frozen=True, eq=False)
class Data:
    """Exact points, and a label for each if they have any."""

    points: tuple[tuple[Fraction, ...], ...]
    labels: tuple[Label, ...] | None

    def doubles(self, d: int) -> Floats:
        """The points as doubles, n × d."""
        return np.array([[to_double(x) for x in point] for point in self.points]).reshape(-1, d)


def read_data(points: Any, labels: Any, d: int, hull: Slice | None = None) -> Data:
    """The points of R^d and their labels. InputError for anything else.

    If R^d are the coordinates of a slice, points of the larger space that lie on it are taken as well.
    """
    if points is None:
        if labels is not None:
            raise InputError("labels: there are no points to which they belong")
        return Data((), None)
    table = getattr(points, "to_numpy", None)  # tables of pandas and polars
    if callable(table):
        try:
            points = table()
        except Exception:
            raise InputError(f"points: expected an array of numbers, got {describe(points)}") from None
    rows = exact_matrix(points, "points")
    if rows and hull is not None and len(rows[0]) == hull.input_dim:
        rows = tuple(_on_slice(hull, row, i) for i, row in enumerate(rows, 1))
    if rows and len(rows[0]) != d:
        raise InputError(f"points: expected points of R^{d}, one in a row, got rows of {len(rows[0])}")
    if any(abs(x) >= RANGE / 10 for row in rows for x in row):
        raise InputError(f"points: coordinates beyond {RANGE / 10:g} cannot be drawn")
    return Data(rows, None if labels is None else _read_labels(labels, len(rows)))


def _on_slice(hull: Slice, x: tuple[Fraction, ...], i: int) -> tuple[Fraction, ...]:
    try:
        return hull.coordinates(x)
    except PointError:
        raise InputError(f"points: point {i} does not lie on the slice that the domain spans; leave it out") from None


def names_on(hull: Slice | None, names: Any, d: int) -> list[str] | None:
    """The names of d inputs; on a slice whose coordinates are some of the inputs, those names of all inputs."""
    if hull is not None and names is not None and (free := free_coordinates(hull)) is not None:
        given = entries(names.tolist() if isinstance(names, np.ndarray) else names, "feature_names")
        if given is not None and len(given) == hull.input_dim:
            names = [given[j] for j in free]
    return read_names(names, "feature_names", d, "input")


def _read_labels(labels: Any, n: int) -> tuple[Label, ...]:
    table = getattr(labels, "to_numpy", None)
    if callable(table):
        try:
            labels = table()
        except Exception:
            raise InputError(f"labels: expected a list of labels, got {describe(labels)}") from None
    if isinstance(labels, np.ndarray):
        labels = labels.tolist()
    items = entries(labels, "labels")
    if items is None or len(items) != n:
        got = describe(labels) if items is None else f"{len(items)}"
        raise InputError(f"labels: expected {n} labels, one for each point, got {got}")
    return tuple(_read_label(x, i) for i, x in enumerate(items, 1))


def _read_label(label: Any, i: int) -> Label:
    if isinstance(label, str):
        return check_name(label, f"labels, entry {i}")
    if isinstance(label, (bool, np.bool_)):
        return Fraction(int(label))
    try:
        return exact(label)
    except PolyreluError:
        raise InputError(f"labels, entry {i}: expected a number or a name, got {describe(label)}") from None


def read_names(names: Any, what: str, count: int, of: str) -> list[str] | None:
    """`count` names of inputs or classes, or None. InputError for anything else."""
    if names is None:
        return None
    items = entries(names.tolist() if isinstance(names, np.ndarray) else names, what)
    if items is None or len(items) != count:
        got = describe(names) if items is None else f"{len(items)}"
        raise InputError(f"{what}: expected {count} names, one for each {of}, got {got}")
    found = [check_name(x, f"{what}, entry {i}") for i, x in enumerate(items, 1)]
    if len(set(found)) < count:
        raise InputError(f"{what}: two names are the same")
    return found


def check_name(name: Any, where: str) -> str:
    """A text that can be drawn. InputError for anything else."""
    if not isinstance(name, str):
        raise InputError(f"{where}: expected a string, got {describe(name)}")
    if any("\ud800" <= character <= "\udfff" for character in name):
        raise InputError(f"{where}: expected text without half surrogates, got {describe(name)}")
    return name


def grouped(
    data: Data, points: Floats, kept: Mask, color: str, colouring: Colouring, names: Sequence[str] | None
) -> list[Group]:
    """The points by label, with the colours of their classes if the regions are coloured by class or sign.

    `points` are where they are drawn, `kept` says which are. Labels of classes are the numbers of outputs, or the
    names. For signs they are the two names, 0 and 1, or −1 and 1: the second is that of F > t. Other labels get colours
    of their own.
    """
    if data.labels is None:
        return [_group(data, 0, "data", INK, points, kept)] if len(points) else []
    number = _class_numbers(data.labels, color, colouring, names)
    if number is None:
        distinct = sorted(set(data.labels), key=lambda x: (isinstance(x, str), x))
        number = [distinct.index(x) for x in data.labels]
        titles, colours = [_label_name(x) for x in distinct], strokes(len(distinct))
    elif color == "class":
        n = len(colouring.colours) - 1
        titles, colours = list(colouring.names or ())[:n], strokes(n)
        if colouring.is_chosen:
            colours = [darker(c) for c in colouring.colours[:n]]
    else:
        second = Fraction(1)
        first = Fraction(-1) if Fraction(-1) in data.labels else Fraction(0)
        titles = list(names) if names is not None else [_label_name(first), _label_name(second)]
        colours = [POINT_COLOURS[-1], POINT_COLOURS[1]]
        if colouring.is_chosen:
            colours = [darker(colouring.colours[i]) for i in (2, 0)]
    of = np.array(number)
    return [_group(data, i, titles[i], colours[i], points, (of == i) & kept) for i in np.unique(of).tolist()]


def _group(data: Data, number: int, name: str, colour: str, points: Floats, chosen: Mask) -> Group:
    exact = tuple(data.points[i] for i in np.flatnonzero(chosen))
    return Group(number, name, colour, points[chosen], exact)


def _class_numbers(
    labels: tuple[Label, ...], color: str, colouring: Colouring, names: Sequence[str] | None
) -> list[int] | None:
    """The number of the class of every label; None if labels have nothing to do with the colours of regions."""
    if color not in ("sign", "class"):
        return None
    distinct = set(labels)
    binary = color == "sign" and distinct <= {Fraction(-1), Fraction(1)}
    if names is None and color == "sign":
        both = {Fraction(0), Fraction(1)}
        return [int(x == 1) for x in labels] if binary or distinct <= both else None
    n = 2 if color == "sign" else len(colouring.colours) - 1
    numbers: dict[Label, int] = {Fraction(i): i for i in range(n)}
    if binary:
        numbers = {Fraction(-1): 0, Fraction(1): 1}
    numbers |= {name: i for i, name in enumerate(names or ())}
    for label in distinct:
        if label not in numbers:
            expected = f"the numbers of classes, 0 to {n - 1}, or names among class_names"
            raise InputError(f"labels: expected {expected}, got {describe(label)}")
    return [numbers[label] for label in labels]


def _label_name(label: Label) -> str:
    return label if isinstance(label, str) else f"label {show(label)}"
