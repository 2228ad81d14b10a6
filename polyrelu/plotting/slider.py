"""Slices of a network as one page with a slider: each an exact subdivision of its own."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from polyrelu.errors import DomainError, InputError, LimitError
from polyrelu.exact.floats import to_double
from polyrelu.exact.limits import read_flag
from polyrelu.exact.rational import describe
from polyrelu.geometry.classes import classify
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.subdivision import Options, read_domain, subdivide
from polyrelu.network.network import Network
from polyrelu.network.slices import Slice
from polyrelu.plotting.draw import check_options
from polyrelu.plotting.html import page_figure
from polyrelu.plotting.page import Content, Output, Page
from polyrelu.plotting.scene import Scene, make_scene, make_scenes
from polyrelu.plotting.sections import Axis, heights, read_axis, read_between, read_positions, read_slices
from polyrelu.plotting.subject import MAX_DIM, Choices, Subject, headline, read_subject, short
from polyrelu.plotting.surface import level_surface
from polyrelu.plotting.window import default_window
from polyrelu.topology.homology import homology

STANDARD = 25
"""The number of positions, if none is given."""
SPACE_CELLS = 100_000
"""Maximum number of cells of the complex of which the slices are hyperplanes; of a larger one no heights are found."""
MOST_HEIGHTS = 60
"""Maximum number of heights between which homology is computed."""
MOST_BYTES = 24_000_000
"""Maximum size of the figures of a page before they are packed."""
CONTROLS = """<div id="controls">
<div id="changes"></div>
<input type="range" id="position" min="0" max="1" step="any" value="0" aria-labelledby="value">
<output id="value" for="position"></output><span id="note"></span>
</div>
"""
STYLE = """#controls {
  font: 14px "DejaVu Sans", Verdana, Helvetica, Arial, sans-serif; color: #1A1A1A; padding: 4px 70px 18px;
}
#changes { position: relative; height: 22px; margin: 0 8px; }
#position { width: 100%; margin: 4px 0 8px; }
#note { color: #555555; font-size: 12px; margin-left: 2em; }
.run {
  position: absolute; top: 0; bottom: 0; overflow: hidden; white-space: nowrap; text-overflow: ellipsis;
  font-size: 12px; text-align: center; line-height: 22px; box-sizing: border-box; border-right: 1px solid white;
}
.kind0 { background: #E8F2F9; } .kind1 { background: #FBEFD5; } .kind2 { background: #D9EFE7; }
.kind3 { background: #F6E6EF; } .kind4 { background: #F1EFB8; } .kind5 { background: #E6E6E6; }
.mark {
  position: absolute; top: -3px; bottom: -3px; width: 3px; margin-left: -1.5px; background: #D55E00; cursor: pointer;
}
"""
Said = tuple[str, ...]
"""The sets that are drawn with their Betti numbers, as in titles."""


def plot_slices(
    network: Network,
    path: str | os.PathLike[str] | None = None,
    *,
    axis: int | str | None = None,
    positions: int | Sequence[Any] | None = None,
    between: Sequence[Any] | None = None,
    at: Mapping[Any, Any] | None = None,
    slices: Sequence[Slice] | None = None,
    level: Any = None,
    relation: str | None = None,
    domain: Any = None,
    window: Any = None,
    color: str | None = None,
    cycles: bool = False,
    title: str | None = None,
    coarse: bool | None = None,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    palette: Any = None,
    aspect: str = "auto",
    library: str | os.PathLike[str] | None = None,
    **options: Unpack[Options],
) -> Page:
    """An interactive page with a slider over slices of the input space, of 4 inputs and more for example.

    Parameters
    ----------
    network : Network
        The network F.
    path : str or path-like, optional
        The .html file to which the page is written, as for `plot_html`.
    axis : int or str, optional
        The number of an input, from 0, or its name: the slices are the hyperplanes where it has the values `positions`,
        with the other inputs as coordinates. Either this or `slices` must be given.
    positions : int or increasing sequence of 2 to 200 exact numbers, optional
        The values of that input, or their number, 25 by default: they are spread evenly then. For `slices`, a number
        for each, which the slider shows; the default is 0, 1, 2, ….
    between : pair of exact numbers, optional
        Where the slider begins and ends, if `positions` is a number. The default is found from the vertices of the
        complex.
    at : mapping, optional
        Values of other inputs, by number or name, that are fixed in all slices; at most 3 must be left.
    slices : sequence of Slice, optional
        The slices, 2 to 200 of the same dimension, 1 to 3.
    level, relation, domain : optional
        As for `plot`. The domain is one of R^d.
    window : sequence of pairs (lower, upper), or one pair, optional
        As for `plot`, in the coordinates of the slices, the same for all.
    color : str, optional
        As for `plot`.
    cycles : bool, default False
        Whether to draw cycles around the holes of the region in each slice; for one output.
    title, coarse : optional
        As for `plot`.
    feature_names : sequence of strings, optional
        The names of the d inputs, or with `slices` those of their coordinates.
    class_names, palette, aspect : optional
        As for `plot`.
    library : str or path-like, optional
        As for `plot_html`.
    **options
        The options `max_cells`, `max_memory`, `threads` and `progress` of `subdivide`, for each slice.

    Returns
    -------
    Page
        The page, which Jupyter displays as the last line of a cell.

    Raises
    ------
    InputError
        If the arguments do not fit together.
    DomainError
        If a slice has no interior point in common with the domain.
    LimitError
        If the page would be too large, or a limit of `subdivide` is reached.
    MissingDependencyError
        If plotly is not installed.
    PolyreluError
        Any other error that `plot` raises.

    Notes
    -----
    Every slice is subdivided on its own, exactly, and its Betti numbers are those of the sets in the slice. They are in
    the title, and beside the slider where they change. Positions of vertices are rounded to single precision.

    Betti numbers of hyperplane sections change only at heights of vertices of C(F, level), or of a coarse complex.
    Where these are few, homology is computed at all of them and between them: then orange marks are all levels in the
    range at which the Betti numbers change, exactly, and levels of the marks are positions of the slider as well.
    Otherwise changes are shown between the positions where they were found, without marks, and there may be others.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.from_expression("1 - |x| - |y| - |z| - |w|", ["x", "y", "z", "w"])
    >>> page = pr.plot_slices(net, "sections.html", axis=3, positions=5, domain=[(-2, 2)] * 4)
    """
    check_options(options, "plot_slices")
    if not isinstance(network, Network):
        raise InputError(f"plot_slices: expected a Network, got {describe(network)}")
    output = Output(path, library)
    choices: Choices = {
        "relation": relation, "window": window, "color": color, "class_names": class_names, "palette": palette,
        "aspect": aspect, "title": headline(network) if title is None else title,
    }  # fmt: skip
    where = read_domain(domain, network)
    drawing = _Drawing(network, level, where, coarse, read_flag(cycles, "cycles"), choices, options)
    if (axis is None) == (slices is None):
        raise InputError("plot_slices: expected either axis or slices")
    family = (
        _of_slices(network, slices, positions, between, at, feature_names) if axis is None
        else _of_axis(drawing, read_axis(network, axis, at, feature_names), positions, between)
    )  # fmt: skip
    choices["feature_names"] = family.coordinates
    return output.page(drawing.content(family))


@dataclass(frozen=True)
class _Family:
    """Slices at positions; said: the sets with their Betti numbers between the changes of these and at each of them, if
    all changes are known.
    """

    name: str
    coordinates: Sequence[str] | None
    positions: tuple[Fraction, ...]
    slices: tuple[Slice, ...]
    changes: list[tuple[Fraction, Said]] | None = None
    between: list[Said] | None = None


class _Drawing:
    """What is drawn of each slice, and how."""

    def __init__(
        self, network: Network, level: Any, domain: Domain | None, coarse: bool | None, cycles: bool, choices: Choices,
        options: Options,
    ) -> None:  # fmt: skip
        self.network, self.domain, self.cycles, self.choices, self.options = network, domain, cycles, choices, options
        self.own: Choices = {"level": level, "coarse": coarse}
        if cycles and network.output_dim != 1:
            raise InputError(f"cycles: expected a network with one output, this one has {network.output_dim}")
        self.level = level

    def on(self, part: Slice) -> tuple[Network, Domain | None]:
        """The network and the domain on a slice."""
        return part.restrict(self.network), None if self.domain is None else part.restrict(self.domain)

    def drawn(self, part: Slice) -> tuple[Any, Choices]:
        """What is drawn of a slice, with all choices."""
        net, domain = self.on(part)
        if not self.cycles:
            return net, {**self.choices, **self.own, "domain": domain}
        coarse = self.own["coarse"]
        color = self.choices["color"]
        if coarse is None:
            coarse = net.input_dim == MAX_DIM and color in (None, "sign")
        cx = subdivide(net, self.level or 0, domain, coarse=coarse, **self.options)
        region = cx.region(self.choices["relation"] or ">")
        found = homology(region, progress=self.options.get("progress"))
        degrees = range(1, net.input_dim) if net.input_dim > 1 else [0]
        return region, {**self.choices, "cycles": [c for k in degrees for c in found.cycles(k)]}

    def said(self, part: Slice) -> Said:
        """The sets in a slice, with their Betti numbers. DomainError outside of the domain."""
        net, domain = self.on(part)
        choices: Choices = {**self.choices, **self.own, "domain": domain}
        subject = read_subject(net, self.options, **choices)
        _, sets = subject.summary(self.options.get("progress"), self.choices.get("class_names"))
        return tuple(sets)

    def content(self, family: _Family) -> Content:
        """The page."""
        scenes = make_scenes([self.drawn(part) for part in family.slices], self.options)
        texts: list[str] = []
        size = 0
        for scene in scenes:
            texts.append(_figure(scene, scenes))
            size += len(texts[-1])
            if size > MOST_BYTES:
                raise LimitError(
                    f"plot_slices: after {len(texts)} of {len(scenes)} slices the page has {size / 1e6:.0f} MB, more "
                    f"than {MOST_BYTES // 10**6}; take fewer positions, or a smaller domain or window",
                    {"bytes": size},
                )
        first, last = family.positions[0], family.positions[-1]

        def place(t: Fraction) -> float:
            return round(to_double((t - first) / (last - first)), 6)

        if family.changes is None or family.between is None:
            runs, marks = _runs([place(t) for t in family.positions], [scene.sets for scene in scenes]), []
            note = "Betti numbers at the positions"
        else:
            ends = [0.0, *(place(t) for t, _ in family.changes), 1.0]
            runs = [
                (a, b, _text(said)) for a, b, said in zip(ends, ends[1:], family.between, strict=False) if a < b
            ]
            marks = [(place(t), f"{family.name} = {short(t)}: {_text(said)}") for t, said in family.changes]
            note = "Betti numbers, and all levels at which they change"
        rest = {
            "positions": [place(t) for t in family.positions], "values": [short(t) for t in family.positions],
            "name": family.name, "runs": runs, "marks": marks, "note": note, "start": len(scenes) // 2,
        }  # fmt: skip
        figure = f'{{"slices":[{",".join(texts)}],{json.dumps(rest)[1:]}'
        return Content(scenes[0].title.split("\n")[0], figure, _script(), CONTROLS, STYLE)


@cache
def _script() -> str:
    return Path(__file__).with_name("slider.js").read_text(encoding="utf-8")


def _figure(scene: Scene, scenes: Sequence[Scene]) -> str:
    """The figure of a slice in JSON. It keeps the camera and what is hidden, and graphs have one range of heights."""
    figure = page_figure(scene)
    figure.update_layout(uirevision="slices")
    if scene.dim == 1:
        low, high = zip(*(other.heights for other in scenes), strict=True)
        figure.update_layout(yaxis_range=[min(low), max(high)])
    names: dict[str, int] = {}
    if scene.dim == 3 and scene.has_boundary and level_surface(scene).is_empty:  # no cells, which others do not show
        x, y, z = scene.box[:, :1].tolist()  # a line of one point: without any trace there would be no axes either
        figure.data[0].update(x=x, y=y, z=z, showlegend=False)
    for trace in figure.data:
        number = names[trace.name] = names.get(trace.name, 0) + 1
        trace.uid = f"t{zlib.crc32(f'{trace.name} {number}'.encode()):08x}"  # plotly makes a class of it
        for axis in "xyz":
            if axis in trace and trace[axis] is not None and len(trace[axis]):
                trace[axis] = np.asarray(trace[axis], np.float32)
    return str(figure.to_json(remove_uids=False))


def _text(said: Said) -> str:
    """The Betti numbers of the sets; of a single one without its name."""
    parts = [part.rpartition(": ") for part in said]
    return parts[0][2] if len(parts) == 1 else ",  ".join(f"{name}: {betti[4:]}" for name, _, betti in parts)


def _runs(places: list[float], said: list[Said]) -> list[tuple[float, float, str]]:
    """Where neighbouring positions have the same Betti numbers: from, to, these."""
    ends = [0.0, *((a + b) / 2 for a, b in pairwise(places)), 1.0]
    runs: list[tuple[float, float, str]] = []
    for a, b, text in zip(ends, ends[1:], map(_text, said), strict=False):
        if runs and runs[-1][2] == text:
            a = runs.pop()[0]
        runs.append((a, b, text))
    return runs


def _of_slices(
    network: Network, slices: Any, positions: Any, between: Any, at: Any, names: Sequence[str] | None
) -> _Family:
    parts = read_slices(slices, network)
    if between is not None or at is not None:
        raise InputError("plot_slices: between and at go with axis, not with slices")
    given = tuple(map(Fraction, range(len(parts)))) if positions is None else read_positions(positions)
    if isinstance(given, int) or len(given) != len(parts):
        raise InputError(f"positions: expected {len(parts)} numbers, one for each slice")
    return _Family("slice" if positions is None else "position", names, given, parts)


def _of_axis(drawing: _Drawing, axis: Axis, positions: Any, between: Any) -> _Family:
    """The slices of an axis, with the changes of their Betti numbers if the complex of the space is small."""
    given, limits = read_positions(STANDARD if positions is None else positions), read_between(between)
    is_spread = isinstance(given, int)
    if limits is not None and not isinstance(given, int):
        raise InputError("between: is for a number of positions; these are given one by one")
    make_scene(  # the errors of the choices, before the work
        Network([[[0] * (len(axis.free) - 1)] * drawing.network.output_dim], [[0] * drawing.network.output_dim]),
        {}, **{**drawing.choices, "level": drawing.level, "feature_names": axis.inputs},
    )  # fmt: skip
    space = _space(drawing, axis)
    if isinstance(given, int):
        if limits is None:
            limits = _range(space, axis)
        low, high = limits
        given = tuple(low + (high - low) * k / (given - 1) for k in range(given))
        if between is None:
            given = _inside(drawing, axis, given)
    changes = side = None
    if space is not None:
        levels = [t for t in heights(space.complex, axis.place) if given[0] <= t <= given[-1]]
        if len(levels) <= MOST_HEIGHTS:
            changes, side = _changes(drawing, axis, given, levels)
    if changes is not None and is_spread:
        given = tuple(sorted({*given, *(t for t, _ in changes)}))
    return _Family(
        axis.name, axis.inputs, given, tuple(axis.slice(t) for t in given), changes, side
    )


def _space(drawing: _Drawing, axis: Axis) -> Subject | None:
    """The complex of the space of which the slices are hyperplanes, as it is drawn in them; None if it is large."""
    net, domain = drawing.on(axis.space)
    options: Options = {"max_cells": SPACE_CELLS, "progress": drawing.options.get("progress")}
    color, level = drawing.choices["color"], drawing.level
    with suppress(LimitError):
        if net.output_dim > 1 and level is None and color in (None, "class"):
            partition = classify(net, domain, coarse=True, **options)
            return Subject(partition.complex, partition, ())
        if level is None and net.output_dim == 1:
            level = 0
        return Subject(subdivide(net, level, domain, coarse=level is not None, **options), None, ())
    return None


def _range(space: Subject | None, axis: Axis) -> tuple[Fraction, Fraction]:
    if space is None:
        raise InputError(
            f"between: the complex has more than {SPACE_CELLS} cells, from which no range of {axis.name} is found; "
            "give between=(lower, upper)"
        )
    empty = np.empty((0, len(axis.free)))
    window, _ = default_window(space, empty, empty, "auto")
    return window[axis.place]


def _inside(drawing: _Drawing, axis: Axis, given: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
    """The positions without a first or last one whose slice has no interior point in common with the domain."""
    for end in (0, -1):
        try:
            drawing.said(axis.slice(given[end]))
        except DomainError:
            given = given[1:] if end == 0 else given[:-1]
    return given


def _changes(
    drawing: _Drawing, axis: Axis, positions: tuple[Fraction, ...], levels: list[Fraction]
) -> tuple[list[tuple[Fraction, Said]], list[Said]]:
    """The levels at which the Betti numbers change, with those there, and those between.

    levels: all at which they can, from the first position to the last. At these there may be nothing beyond.
    """
    inner = [t for t in levels if positions[0] < t < positions[-1]]
    ends = [positions[0], *inner, positions[-1]]
    side = [drawing.said(axis.slice((a + b) / 2)) for a, b in pairwise(ends)]
    around = {t: (before, after) for t, before, after in zip(inner, side, side[1:], strict=False)}
    around |= {positions[0]: (side[0], side[0]), positions[-1]: (side[-1], side[-1])}
    changes: list[tuple[Fraction, Said]] = []
    kept = [side[0]]
    for t in levels:
        before, after = around[t]
        here = drawing.said(axis.slice(t))
        if not here == before == after:
            changes.append((t, here))
            kept.append(after)
    return changes, kept
