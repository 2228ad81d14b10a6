"""Scenes of dimension 1 and 2 as TikZ pictures, with exact coordinates."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from polyrelu.errors import InputError
from polyrelu.exact.rational import show
from polyrelu.export.latex_text import decimal, escape, fraction
from polyrelu.geometry.network_on_cells import signs_at
from polyrelu.geometry.polygons import polygons
from polyrelu.plotting import geometry
from polyrelu.plotting.flat import DOTS, NAMED, line_width, output_colours
from polyrelu.plotting.palette import SIGN_COLOURS, cycle_colour
from polyrelu.plotting.scene import RELATIONS, Scene
from polyrelu.plotting.subject import short
from polyrelu.plotting.tikz_numbers import Axis, exponent
from polyrelu.plotting.tikz_picture import SHAPES, Picture

Points = list[tuple[Fraction, ...]]

LABELS = ("number", "pattern", "map")
"""What may stand in regions."""
TICKS = 6
"""Maximum number of ticks along the longer side."""
DIGIT = 0.16
"""The width of a digit in centimetres."""
SWATCH = "(0,-0.11) rectangle (0.4,0.11)"
LINE = "(0,0) -- (0.4,0)"
DOT = "circle[radius=1.6pt]"
DIAMOND = "+(0:2.6pt) -- +(90:2.6pt) -- +(180:2.6pt) -- +(270:2.6pt) -- cycle"


def vertices(scene: Scene) -> Points:
    """The vertices of the complex in the window."""
    cx = scene.clipped
    rows = cx.homogeneous_array()[: cx.n_finite_vertices].tolist()
    return [tuple(Fraction(c, x0) for c in x) for x0, *x in rows]


def draw_plane(scene: Scene, make: Callable[[Sequence[Axis], Sequence[Fraction]], Picture], **choices: Any) -> Picture:
    """The complex in the plane: regions, edges, the decision boundary, cycles and data. `make` begins the picture."""
    axes = [Axis.of(low, high) for low, high in scene.window]
    sides = [Fraction(float(x)).limit_denominator(10**6) for x in scene.shape]
    picture = make(axes, sides)
    cx, points = scene.clipped, vertices(scene)
    picture.comment("vertices")
    names = [picture.coordinate(f"v{v}", point) for v, point in enumerate(points)]
    picture.comment("regions")
    styles = area_styles(scene, picture)
    number = scene.colouring.number
    for i, corners in enumerate(geometry.split(polygons(cx, np.arange(cx.n_cells(2))))):
        picture.fill(styles[number[i]], [names[v] for v in corners], f"region {i}")
    ends = geometry.edges(cx)
    shown = np.ones(cx.n_cells(1), bool) if scene.is_whole else ~cx.on_boundary(1)
    shown &= ~scene.walls
    if shown.any():
        picture.comment("edges")
        picture.paths(edge_style(scene, picture), (f"{names[a]} -- {names[b]}" for a, b in ends[shown]))
    _boundary(scene, picture, names, ends)
    _cycles(scene, picture)
    draw_data(scene, picture)
    region_labels(scene, picture, choices["region_labels"])
    if choices["axes"]:
        _frame(scene, picture, axes, sides, choices)
    right, top = ((axis.high - axis.shift) / axis.unit for axis in axes)
    width = choices["width"]
    place = [
        end * width * side / axis.side for end, side, axis in zip((right, top), sides, axes, strict=True)
    ]
    if choices["legend"]:
        picture.legend(place[0] + Fraction(3, 10), place[1])
    return picture


def edge_style(scene: Scene, picture: Picture) -> str:
    """The style of edges."""
    width = decimal(Fraction(line_width(scene.clipped.n_regions)).limit_denominator(1000) * Fraction(6, 10), 2)
    return picture.style("edge", f"draw=black!65, line width={width}pt, line cap=round")


def boundary_style(picture: Picture) -> str:
    """The style of the decision boundary."""
    return picture.style("boundary", "draw=black, line width=1.2pt, line cap=round, line join=round")


def _boundary(scene: Scene, picture: Picture, names: Sequence[str], ends: Any) -> None:
    """The decision boundary: lines and isolated points."""
    if not scene.has_boundary:
        return
    label = boundary_label(scene)
    if scene.walls.any():
        picture.comment("the decision boundary")
        style = boundary_style(picture)
        picture.paths(style, (f"{names[a]} -- {names[b]}" for a, b in ends[scene.walls]))
        picture.entry(f"\\path[{style}] {LINE};", label)
    lone = scene.thin(0)
    if len(lone):
        style = picture.style("point", "fill=black")
        picture.paths(style, (f"{names[v]} {DOT}" for v in lone))
        picture.entry(f"\\path[{style}] (0.2,0) {DOT};", f"{label}, isolated")


def boundary_label(scene: Scene) -> str:
    """The name of the decision boundary in the legend."""
    if scene.partition is None and scene.formula is None:
        assert scene.clipped.level is not None
        return f"$F = {_level(scene)}$"
    return escape(scene.boundary_name)


def _level(scene: Scene) -> str:
    level = scene.clipped.level
    assert level is not None
    return show(level) if len(show(level)) <= 12 else short(level)


def area_styles(scene: Scene, picture: Picture) -> dict[int, str]:
    """The styles of the colours of regions, by their numbers, and their entries in the legend."""
    colouring, found = scene.colouring, {}
    used = np.unique(colouring.number).tolist()
    for c in used:
        name = _area_name(scene, c)
        colour = picture.colour(name.replace(" ", "-"), colouring.colours[c])
        found[c] = picture.style(name, f"fill={colour}, draw={colour}, line width=0.2pt, line join=round")
        if colouring.names is not None:
            picture.entry(f"\\path[{found[c]}] {SWATCH};", _area_label(scene, c))
    if colouring.names is None:
        what = "activation patterns" if scene.color == "pattern" else "affine maps"
        few = used[:3]
        cuts = [decimal(Fraction(4 * i, 10 * len(few)), 3) for i in range(len(few) + 1)]
        pairs = zip(few, cuts, cuts[1:], strict=False)
        parts = [f"\\path[{found[c]}] ({a},-0.11) rectangle ({b},0.11);" for c, a, b in pairs]
        picture.entry(" ".join(parts), what)
    return found


def _area_name(scene: Scene, c: int) -> str:
    if scene.color == "sign":
        return {1: "above", 0: "level", -1: "below"}[list(SIGN_COLOURS)[c]]
    if scene.color == "formula":
        return ("inside", "outside")[c]
    if scene.color == "class":
        return "tie" if c == len(scene.colouring.colours) - 1 else f"class {c}"
    return f"colour {c}"


def _area_label(scene: Scene, c: int) -> str:
    assert scene.colouring.names is not None
    name = scene.colouring.names[c]
    if scene.color == "sign":
        relation = RELATIONS[list(SIGN_COLOURS)[c]]
        before = name.rpartition(": ")[0]
        return (escape(before) + ": " if before else "") + f"$F {relation} {_level(scene)}$"
    return f"\\texttt{{{escape(name)}}}" if scene.color == "formula" and c == 0 else escape(name)


def _cycles(scene: Scene, picture: Picture) -> None:
    """Cycles of degree 0, as diamonds, and 1, as lines."""
    for i, (k, simplices) in enumerate(scene.exact_cycles):
        if k > 1:
            continue
        style = cycle_style(picture, i, k)
        picture.comment(f"cycle {i} of degree {k}")
        names = simplex_names(picture, i, simplices)
        if k == 0:
            picture.paths(style, (f"{p} {DIAMOND}" for (p,) in names))
        else:
            picture.paths(style, (f"{p} -- {q}" for p, q in names))
    cycle_entries(scene, picture)


def cycle_style(picture: Picture, i: int, k: int) -> str:
    """The style of a cycle of degree k."""
    colour = picture.colour(f"cycle-{i}", cycle_colour(i))
    if k == 0:
        return picture.style(f"cycle {i}", f"fill={colour}, draw=white, line width=0.4pt")
    if k == 2:
        return picture.style(f"cycle {i}", f"fill={colour}, fill opacity=0.4, draw={colour}, line width=0.2pt")
    lines = "line cap=round, line join=round"
    return picture.style(
        f"cycle {i}",
        f"draw={colour}, line width=1.6pt, {lines}, preaction={{draw=white, line width=2.8pt, {lines}}}",
    )


def simplex_names(picture: Picture, i: int, simplices: Iterable[Sequence[Any]]) -> list[list[str]]:
    """The simplices of cycle i with the names of their points."""
    names: dict[Any, str] = {}
    for simplex in simplices:
        for point in simplex:
            if point not in names:
                names[point] = picture.coordinate(f"c{i}p{len(names)}", point)
    return [[names[p] for p in simplex] for simplex in simplices]


def cycle_entries(scene: Scene, picture: Picture) -> None:
    """The entries of cycles in the legend, one for each degree."""
    for k in sorted({k for k, _ in scene.exact_cycles}):
        numbers = [i for i, (degree, _) in enumerate(scene.exact_cycles) if degree == k][:1]
        count = sum(degree == k for degree, _ in scene.exact_cycles)
        name = f"cycle of $H_{k}$" if count == 1 else f"{count} cycles of $H_{k}$"
        mark = (f"(0.2,0) {DIAMOND}", LINE, SWATCH)[k]
        picture.entry(" ".join(f"\\path[polyrelu cycle {i}] {mark};" for i in numbers), name)


def draw_data(scene: Scene, picture: Picture, lift: Callable[[Any], Any] = tuple) -> None:
    """The data, label by label, at the points `lift` of theirs."""
    for group in scene.groups:
        colour = picture.colour(f"data-{group.number}", group.colour)
        style = picture.style(f"data {group.number}", f"fill={colour}, draw=white, line width=0.2pt")
        shape = SHAPES[group.number % len(SHAPES)]
        picture.comment(f"data {group.number}")
        points = (picture.writer.point(lift(point)) for point in group.exact)
        for text, exact in points:
            picture.add(f"\\path[{style}] {text} {shape};{exact}")
        picture.entry(f"\\path[{style}] (0.2,0) {shape};", escape(group.name))


def region_labels(scene: Scene, picture: Picture, kind: str | None) -> None:
    """A label at an interior point of each region: its number, its pattern or its affine map."""
    if kind is None:
        return
    cx, net, d = scene.clipped, scene.network, scene.dim
    if kind != "number":
        cx.require_complete(f"region_labels {kind!r}")
    if kind == "map" and net.output_dim != 1:
        raise InputError(f"region_labels: the maps of {net.output_dim} outputs are too long for a picture")
    style = picture.style("region label", "font=\\tiny, inner sep=0pt")
    picture.comment("labels of regions")
    for i in range(cx.n_cells(d)):
        point = cx.interior_point(d, i)
        label = str(i) if kind == "number" else _label(net, point, kind, scene)
        text, exact = picture.writer.point(point)
        picture.add(f"\\node[{style}] at {text} {{${label}$}};{exact}")


def _label(net: Any, point: Any, kind: str, scene: Scene) -> str:
    signs = signs_at(net, point)
    if kind == "pattern":
        return "\\,".join("".join("{" + "-0+"[s + 1] + "}" for s in layer) for layer in signs)
    ((row,), (constant,)) = net.affine_map_at(signs)
    names = ["x"] if scene.dim == 1 else [f"x_{j + 1}" for j in range(scene.dim)]
    if scene.feature_names is not None:
        names = [f"\\text{{{escape(name)}}}" for name in scene.feature_names]
    pairs = [(a, name) for a, name in zip(row, names, strict=True) if a]
    terms = [("-" if a < 0 else "+", ("" if abs(a) == 1 else fraction(abs(a))) + name) for a, name in pairs]
    terms += [("-" if constant < 0 else "+", fraction(abs(constant)))] * bool(constant or not terms)
    return "".join(sign + term for sign, term in terms).removeprefix("+")


def _frame(
    scene: Scene, picture: Picture, axes: Sequence[Axis], sides: Sequence[Fraction], choices: dict[str, Any]
) -> None:
    """The frame of the window, ticks and the names of the inputs."""
    picture.comment("frame")
    number = picture.writer.number
    (left, right), (bottom, top) = ([number(axis(x)) for x in (axis.low, axis.high)] for axis in axes)
    frame = picture.style("frame", "draw=black!45, line width=0.4pt")
    label = picture.style("label", "font=\\footnotesize")
    picture.add(f"\\path[{frame}] ({left}, {bottom}) rectangle ({right}, {top});")
    for i, (axis, side) in enumerate(zip(axes, sides, strict=True)):
        places = ("anchor=north", "anchor=east")[i]
        for tick, text in ticks(axis, max(2, math.ceil(TICKS * side)), 0 if i else choices["width"] * side):
            at = f"({number(axis(tick))}, {bottom})" if i == 0 else f"({left}, {number(axis(tick))})"
            away = ("-- ++(0pt,-2pt)", "-- ++(-2pt,0pt)")[i]
            picture.add(f"\\path[{frame}] {at} {away} node[{label}, {places}] {{${text}$}};")
    for i, axis in enumerate(axes):
        middle = number(axis((axis.low + axis.high) / 2))
        at = f"({middle}, {bottom})" if i == 0 else f"({left}, {middle})"
        place = ("anchor=north, yshift=-13pt", "anchor=south, rotate=90, yshift=22pt")[i]
        picture.add(f"\\node[{label}, {place}] at {at} {{{axis_label(scene, i)}}};")


def axis_label(scene: Scene, i: int) -> str:
    """The name of an input."""
    if scene.feature_names is not None:
        return escape(scene.feature_names[i])
    return "$x$" if scene.dim == 1 else f"$x_{i + 1}$"


def ticks(axis: Axis, count: int, width: Fraction | float) -> list[tuple[Fraction, str]]:
    """At most `count` ticks with their labels, fewer if these do not fit side by side into a width in centimetres."""
    found = axis.ticks(count)
    power = exponent(max(abs(x) for x in found) or Fraction(1)) if found else 0
    power = power if power < -3 or (power > 4 and axis.shift == 0) else 0
    shown = [_decimal(x / Fraction(10) ** power) + f"\\cdot 10^{{{power}}}" * (power != 0 and x != 0) for x in found]
    if count > 2 and width and DIGIT * sum(len(text) - 9 * (power != 0) + 2 for text in shown) > width:
        return ticks(axis, count - 1, width)
    return list(zip(found, shown, strict=True))


def _decimal(x: Fraction) -> str:
    """A decimal number of a few digits."""
    places = 0
    while (x * 10**places).denominator != 1:
        places += 1
    return decimal(x, places)


def draw_line(scene: Scene, make: Callable[[Sequence[Axis], Sequence[Fraction]], Picture], **choices: Any) -> Picture:
    """The graph of F over an interval, its breakpoints, and below it the regions as a coloured bar."""
    low, high = map(Fraction, scene.heights)
    power = Fraction(10) ** (math.floor(math.log10(float(high - low))) - 2)
    axes = [Axis.of(*scene.window[0]), Axis.of(low // power * power, -(-high // power) * power)]
    sides = [Fraction(1), Fraction(6, 10)]
    picture = make(axes, sides)
    cx, net, xs = scene.clipped, scene.network, vertices(scene)
    order = sorted(range(len(xs)), key=lambda v: xs[v])
    number = picture.writer.number
    bottom, top = (axes[1].low, axes[1].high)
    picture.comment("vertices, on the base line and on the graph")
    base = {v: picture.coordinate(f"b{v}", (*xs[v], bottom)) for v in order}
    values: dict[int, tuple[Fraction, ...]] = {}
    for v in order:
        value = net(xs[v])
        values[v] = value if isinstance(value, tuple) else (value,)
    several = net.output_dim > 1
    graph = [
        {v: picture.coordinate(f"v{v}o{i}" if several else f"v{v}", (*xs[v], values[v][i])) for v in order}
        for i in range(net.output_dim)
    ]
    picture.comment("regions")
    styles = area_styles(scene, picture)
    ends = geometry.edges(cx)
    for i, pair in enumerate(ends.tolist()):
        a, b = sorted(pair, key=lambda v: xs[v])
        corners = f"([yshift=-9pt]{base[a][1:-1]}) rectangle ([yshift=-2pt]{base[b][1:-1]})"
        picture.add(f"\\path[{styles[scene.colouring.number[i]]}] {corners}; % region {i}")
    if choices["axes"]:
        _line_frame(scene, picture, axes, choices["width"])
    level = cx.level
    if level is not None and bottom <= level <= top:
        style = picture.style("level line", "draw=black!60, line width=0.4pt, dashed")
        left, right = (number(axes[0](x)) for x in scene.window[0])
        height = number(axes[1](level))
        picture.add(f"\\path[{style}] ({left}, {height}) -- ({right}, {height});")
    on = scene.on_boundary(0)
    for i, colour in enumerate(output_colours(scene)):
        name = picture.colour(f"graph-{i}", colour)
        style = picture.style(f"graph {i}", f"draw={name}, line width=1pt, line join=round")
        picture.comment(f"the graph of F_{i}" if several else "the graph of F")
        picture.add(f"\\path[{style}] {' -- '.join(graph[i][v] for v in order)};")
        breaks = [v for v in order if not cx.on_boundary(0)[v] and not on[v]]
        if len(breaks) <= DOTS and breaks:
            dots = picture.style(f"breakpoint {i}", f"fill={name}")
            picture.paths(dots, (f"{graph[i][v]} circle[radius=1.2pt]" for v in breaks))
        if several and net.output_dim <= NAMED:
            picture.entry(f"\\path[{style}] {LINE};", f"$F_{{{i}}}$")
    highest = {v: max(range(net.output_dim), key=lambda i: values[v][i]) for v in order}
    if scene.has_boundary:
        flat = [pair for pair, inside in zip(ends.tolist(), scene.on_boundary(1), strict=True) if inside]
        if flat:
            style = picture.style("boundary", "draw=black, line width=2pt")
            picture.paths(style, (f"{graph[highest[a]][a]} -- {graph[highest[b]][b]}" for a, b in flat))
        if scene.walls.any():
            style = picture.style("point", "fill=white, draw=black, line width=0.7pt")
            picture.paths(style, (f"{graph[highest[v]][v]} {DOT}" for v in np.flatnonzero(scene.walls).tolist()))
            picture.entry(f"\\path[{style}] (0.2,0) {DOT};", boundary_label(scene))
    for i, (_, simplices) in enumerate(scene.exact_cycles):
        style = cycle_style(picture, i, 0)
        names = simplex_names(picture, i, [[(*p, bottom) for p in simplex] for simplex in simplices])
        picture.paths(style, (f"([yshift=-5.5pt]{p[1:-1]}) {DIAMOND}" for (p,) in names))
    cycle_entries(scene, picture)
    draw_data(scene, picture, lambda point: (*point, bottom))
    width = choices["width"]
    place = [
        axis(axis.high) * width * side / axis.side for side, axis in zip(sides, axes, strict=True)
    ]
    if choices["legend"]:
        picture.legend(place[0] + Fraction(3, 10), place[1])
    return picture


def _line_frame(scene: Scene, picture: Picture, axes: Sequence[Axis], width: Fraction) -> None:
    picture.comment("axes")
    number = picture.writer.number
    (left, right), (bottom, top) = ([number(axis(x)) for x in (axis.low, axis.high)] for axis in axes)
    frame = picture.style("frame", "draw=black!45, line width=0.4pt")
    label = picture.style("label", "font=\\footnotesize")
    picture.add(f"\\path[{frame}] ({left}, {top}) -- ({left}, {bottom}) -- ({right}, {bottom});")
    for tick, text in ticks(axes[0], TICKS + 1, width):
        at = f"({number(axes[0](tick))}, {bottom}) ++(0pt,-10pt) -- ++(0pt,-2pt)"
        picture.add(f"\\path[{frame}] {at} node[{label}, anchor=north] {{${text}$}};")
    for tick, text in ticks(axes[1], TICKS - 1, 0):
        at = f"({left}, {number(axes[1](tick))}) -- ++(-2pt,0pt)"
        picture.add(f"\\path[{frame}] {at} node[{label}, anchor=east] {{${text}$}};")
    middle = number(axes[0]((axes[0].low + axes[0].high) / 2))
    picture.add(f"\\node[{label}, anchor=north, yshift=-23pt] at ({middle}, {bottom}) {{{axis_label(scene, 0)}}};")
    picture.add(f"\\node[{label}, anchor=south] at ({left}, {top}) {{$F(x)$}};")
