"""Scenes in space as TikZ pictures: a parallel projection, faces painted from back to front."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from polyrelu.errors import InputError, LimitError
from polyrelu.exact.rational import describe, exact_vector
from polyrelu.export.latex_text import decimal, escape
from polyrelu.plotting import geometry
from polyrelu.plotting.geometry import Floats
from polyrelu.plotting.scene import Scene
from polyrelu.plotting.solid import LIGHT, SHADE
from polyrelu.plotting.surface import GRAPH_HEIGHT, Surface, graph_surface, level_surface
from polyrelu.plotting.tikz_numbers import Axis, Writer
from polyrelu.plotting.tikz_picture import Picture
from polyrelu.plotting.tikz_plane import (
    DIAMOND,
    DOT,
    LINE,
    SWATCH,
    area_styles,
    axis_label,
    boundary_label,
    boundary_style,
    cycle_entries,
    cycle_style,
    draw_data,
    edge_style,
    simplex_names,
    ticks,
    vertices,
)

TOUCHING = 1e-9
"""Overlaps of faces thinner than this, of a picture of size 1, do not count."""
TICKS = 3
"""Maximum number of ticks along an edge of the frame."""
View = tuple[float, float]


def read_view(view: Any) -> View:
    """The azimuth and elevation in degrees. InputError for anything else."""
    try:
        angles = exact_vector(view, "view")
    except InputError:
        raise InputError(f"view: expected azimuth and elevation in degrees, got {describe(view)}") from None
    if len(angles) != 2 or abs(angles[0]) > 360 or abs(angles[1]) > 90:
        raise InputError("view: expected an azimuth from -360 to 360 and an elevation from -90 to 90 degrees")
    return float(angles[0]), float(angles[1])


def projection(view: View) -> Floats:
    """The images of the unit vectors of space in the plane, 3 × 2, rounded to four digits, and as third column depths.

    Depths grow towards the viewer.
    """
    a, e = map(math.radians, view)
    images = [
        (-math.sin(a), -math.cos(a) * math.sin(e), math.cos(a) * math.cos(e)),
        (math.cos(a), -math.sin(a) * math.sin(e), math.sin(a) * math.cos(e)),
        (0.0, math.cos(e), math.sin(e)),
    ]
    return np.round(np.array(images), 4) + 0.0


def draw_solid(
    scene: Scene, kind: str, places: int | None, most: int, **choices: Any
) -> tuple[Picture, list[Axis]]:
    """The decision boundary in space, or the graph of F over the plane, or the edges of a complex; and its axes."""
    box = [*scene.window]
    shape = scene.shape
    if scene.graph:
        low, high = map(Fraction, scene.heights)
        power = Fraction(10) ** (math.floor(math.log10(float(high - low))) - 2)
        box.append((low // power * power, -(-high // power) * power))
        shape = np.append(shape, GRAPH_HEIGHT)
    axes = [Axis.of(low, high) for low, high in box]
    images = projection(choices["view"])
    corners = np.array([[i >> j & 1 for j in range(3)] for i in range(8)]) * shape @ images[:, :2]
    size = float(np.ptp(corners, axis=0).max())
    scale = float(choices["width"]) / size
    units = []
    vectors = images * (shape / np.array([float(axis.side) for axis in axes]))[:, None] * scale
    for name, (x, y) in zip("xyz", vectors[:, :2].tolist(), strict=True):
        units.append(f"{name}={{({_cm(x)},{_cm(y)})}}")
    picture = Picture(Writer(axes, kind, places), units)
    points = vertices(scene)
    if scene.graph:
        points = list(lifted_points(scene, points))
    if choices["axes"]:
        _frame(scene, picture, axes, vectors, images)
    _draw(scene, picture, points, axes, vectors, most)
    starts = np.array([[float(axis(end)) for end in (axis.low, axis.high)] for axis in axes])
    ends = np.array([[starts[j, i >> j & 1] for j in range(3)] for i in range(8)]) @ vectors[:, :2]
    right, top = (Fraction(float(x)).limit_denominator(1000) for x in ends.max(axis=0))
    if choices["legend"]:
        picture.legend(right + Fraction(3, 10), top)
    return picture, axes


def _cm(x: float) -> str:
    return f"{decimal(Fraction(x), 6)}cm"


def _draw(
    scene: Scene, picture: Picture, points: list[Any], axes: Sequence[Axis], vectors: Floats, most: int
) -> None:
    surface = graph_surface(scene) if scene.graph else level_surface(scene) if scene.has_boundary else None
    cx = scene.clipped
    ends = geometry.edges(cx)
    if surface is None or surface.is_empty:
        if len(ends) > most:
            raise LimitError(f"plot_tikz: {len(ends):,} edges are more than LaTeX can take ({most:,})")
        names = _coordinates(picture, points, ends)
        picture.paths(edge_style(scene, picture), (f"{names[a]} -- {names[b]}" for a, b in ends.tolist()))
    else:
        faces = geometry.split(surface.polygons)
        if len(faces) > most:
            raise LimitError(f"plot_tikz: {len(faces):,} faces are more than LaTeX can take ({most:,})")
        lone = scene.thin(0)
        names = _coordinates(picture, points, [*faces, *surface.strong, lone])
        written = np.array([[float(axis(x)) for axis, x in zip(axes, p, strict=True)] for p in points])
        flat = written @ vectors
        order = back_to_front([flat[f] for f in faces])
        _faces(scene, picture, surface, faces, order, names, flat)
        if len(surface.strong):
            style = boundary_style(picture)
            picture.paths(style, (f"{names[a]} -- {names[b]}" for a, b in surface.strong.tolist()))
            picture.entry(f"\\path[{style}] {LINE};", boundary_label(scene))
        if len(lone):
            style = picture.style("point", "fill=black")
            picture.paths(style, (f"{names[v]} {DOT}" for v in lone.tolist()))
            picture.entry(f"\\path[{style}] (0.2,0) {DOT};", f"{boundary_label(scene)}, isolated")
    _cycles(scene, picture)
    draw_data(scene, picture, (lambda p: next(lifted_points(scene, [p]))) if scene.graph else tuple)


def lifted_points(scene: Scene, points: Sequence[tuple[Fraction, ...]]) -> Iterator[tuple[Fraction, ...]]:
    """Points of the plane on the graph of F."""
    for point in points:
        value = scene.network(point)
        assert isinstance(value, Fraction)
        yield (*point, value)


def _coordinates(picture: Picture, points: list[Any], used: Any) -> dict[int, str]:
    """Named points for the vertices that are drawn."""
    picture.comment("vertices")
    numbers = sorted({int(v) for part in used for v in np.atleast_1d(part)})
    return {v: picture.coordinate(f"v{v}", points[v]) for v in numbers}


def _faces(
    scene: Scene, picture: Picture, surface: Surface, faces: list[Any], order: list[int], names: dict[int, str],
    flat: Floats,
) -> None:  # fmt: skip
    """The faces, in the order in which they are painted, darker where less light meets them."""
    picture.comment("faces, from back to front")
    opacity = decimal(Fraction(surface.opacity).limit_denominator(100), 2)
    styles: dict[int, str] = {}
    used = sorted(set(surface.part.tolist()))
    areas = area_styles(scene, picture) if scene.graph else {}
    for part in used:
        colour = picture.colour(f"face-{part}", surface.colours[part])
        lines = f"draw={colour}!60!black, line width=0.15pt, line join=round"
        styles[part] = picture.style(f"face {part}", f"fill={colour}!#1!black, fill opacity={opacity}, {lines}")
        if not areas and scene.colouring.names is not None:
            name = boundary_label(scene) if surface.pairs is None else escape(surface.names[part])
            if surface.pairs is None and len(used) > 1:
                name += f", sheet {part + 1}"
            picture.entry(f"\\path[{styles[part]}=100] {SWATCH};", name)
    if not areas and scene.colouring.names is None and used:
        picture.entry(f"\\path[{styles[used[0]]}=100] {SWATCH};", boundary_label(scene))
    for i in order:
        shade = round(100 * (1 - SHADE + SHADE * _light(flat[faces[i]])))
        picture.fill(f"{styles[int(surface.part[i])]}={shade}", [names[int(v)] for v in faces[i]])


def _light(corners: Floats) -> float:
    """The share of the light that meets a face, from 0 to 1; the light comes from beside the viewer."""
    normal = _normal(corners)
    size = float(np.linalg.norm(normal) * np.linalg.norm(LIGHT))
    return abs(float(normal @ LIGHT)) / size if size else 1.0


def _normal(corners: Floats) -> Floats:
    """A vector at a right angle to a face; its length is twice the area."""
    offsets = corners[1:] - corners[0]
    normal: Floats = np.cross(offsets[:-1], offsets[1:]).sum(axis=0)
    return normal


def _cycles(scene: Scene, picture: Picture) -> None:
    for i, (k, simplices) in enumerate(scene.exact_cycles):
        picture.comment(f"cycle {i} of degree {k}")
        style = cycle_style(picture, i, k)
        names = simplex_names(picture, i, simplices)
        if k == 0:
            picture.paths(style, (f"{p} {DIAMOND}" for (p,) in names))
        elif k == 1:
            picture.paths(style, (f"{p} -- {q}" for p, q in names))
        else:
            for corners in names:
                picture.fill(style, corners)
    cycle_entries(scene, picture)


# ---- the order of painting -----------------------------------------------------------------------------------------


def back_to_front(faces: Sequence[Floats]) -> list[int]:
    """An order of convex plane faces (n × 3: place in the plane, and depth) in which none is painted over by one
    behind it.

    Two faces whose images overlap are compared at a point of the overlap. Where faces overlap in a circle, which no
    order can show, those of the circle are ordered by their centres. Faces must not cross each other.
    """
    import networkx as nx  # slow to import

    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(faces)))
    graph.add_edges_from(_behind(faces))
    depth = [float(face[:, 2].mean()) for face in faces]
    condensed = nx.condensation(graph)
    key = {part: min(depth[i] for i in data["members"]) for part, data in condensed.nodes(data=True)}
    order = nx.lexicographical_topological_sort(condensed, key=lambda part: (key[part], part))
    return [i for part in order for i in sorted(condensed.nodes[part]["members"], key=lambda i: (depth[i], i))]


def _behind(faces: Sequence[Floats]) -> Iterator[tuple[int, int]]:
    """The pairs (i, j) of faces that overlap with i behind j."""
    if not faces:
        return
    low = np.array([face[:, :2].min(axis=0) for face in faces])
    high = np.array([face[:, :2].max(axis=0) for face in faces])
    size = float((high.max(axis=0) - low.min(axis=0)).max()) or 1.0
    for i in range(len(faces)):
        near = np.all((low[i + 1 :] < high[i] - TOUCHING * size) & (high[i + 1 :] > low[i] + TOUCHING * size), axis=1)
        for j in (np.flatnonzero(near) + i + 1).tolist():
            point = _common(faces[i][:, :2], faces[j][:, :2], TOUCHING * size)
            if point is not None:
                one, two = (_depth(faces[k], point) for k in (i, j))
                if abs(one - two) > TOUCHING * size:
                    yield (i, j) if one < two else (j, i)


def _common(p: Floats, q: Floats, least: float) -> Floats | None:
    """A point inside both of two convex polygons, or None if they overlap by less than a width of `least`."""
    part = p.tolist()
    if _area(q) < 0:
        q = q[::-1]
    corners = q.tolist()
    for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], corners[0]], strict=True):
        length = math.hypot(x1 - x0, y1 - y0)
        if length == 0:
            continue
        heights = [((x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)) / length for x, y in part]
        cut = []
        for k, ((x, y), h) in enumerate(zip(part, heights, strict=True)):
            (u, v), g = part[k - 1], heights[k - 1]
            if (h > 0) != (g > 0):
                t = g / (g - h)
                cut.append((u + t * (x - u), v + t * (y - v)))
            if h > 0:
                cut.append((x, y))
        part = cut
        if len(part) < 3:
            return None
    found = np.array(part)
    extent = float(np.ptp(found, axis=0).max())
    if abs(_area(found)) <= least * extent:
        return None
    center: Floats = found.mean(axis=0)
    return center


def _area(polygon: Floats) -> float:
    x, y = polygon[:, 0] - polygon[0, 0], polygon[:, 1] - polygon[0, 1]
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def _depth(face: Floats, point: Floats) -> float:
    """The depth of the plane of a face over a point."""
    normal = _normal(face)
    offset = point - face[0, :2]
    return float(face[0, 2] - (normal[:2] @ offset) / normal[2]) if normal[2] else float(face[:, 2].mean())


# ---- the frame -----------------------------------------------------------------------------------------------------


def _frame(scene: Scene, picture: Picture, axes: Sequence[Axis], vectors: Floats, images: Floats) -> None:
    """Three edges of the box at its outline, with ticks and names, and its other edges thinly."""
    picture.comment("frame")
    frame = picture.style("frame", "draw=black!45, line width=0.4pt")
    label = picture.style("label", "font=\\footnotesize")
    back = picture.style("back", "draw=black!20, line width=0.3pt")
    number = picture.writer.number

    def corner(bits: Sequence[int]) -> str:
        ends = (number(axis(axis.high if bit else axis.low)) for axis, bit in zip(axes, bits, strict=True))
        return f"({', '.join(ends)})"

    toward = [int(images[j, 2] > 0) for j in range(3)]  # the corner nearest to the viewer
    behind = [1 - bit for bit in toward]
    for j in range(3):  # the edges of the farthest corner
        other = [*behind]
        other[j] = toward[j]
        picture.add(f"\\path[{back}] {corner(behind)} -- {corner(other)};")
    for j in range(3):
        start = _outer_edge(j, toward, images)
        first, last = [*start], [*start]
        first[j], last[j] = 0, 1
        picture.add(f"\\path[{frame}] {corner(first)} -- {corner(last)};")
        offset = _outward(j, start, vectors[:, :2], axes)
        anchor = _anchor(offset)
        for tick, shown in ticks(axes[j], TICKS, 0):
            at = [number(axis(axis.high if bit else axis.low)) for axis, bit in zip(axes, start, strict=True)]
            at[j] = number(axes[j](tick))
            away = f"++({_pt(2 * offset[0])},{_pt(2 * offset[1])})"
            text = f"node[{label}, {anchor}, inner sep=1.5pt] {{${shown}$}}"
            picture.add(f"\\path[{frame}] ({', '.join(at)}) -- {away} {text};")
        half = [number(axis(axis.high if bit else axis.low)) for axis, bit in zip(axes, start, strict=True)]
        half[j] = number(axes[j]((axes[j].low + axes[j].high) / 2))
        shift = f"xshift={_pt(17 * offset[0])}, yshift={_pt(15 * offset[1])}"
        name = "$F(x)$" if j == 2 and scene.graph else axis_label(scene, j)
        picture.add(f"\\node[{label}, {anchor}, {shift}] at ({', '.join(half)}) {{{name}}};")


def _outer_edge(j: int, toward: Sequence[int], images: Floats) -> list[int]:
    """The edge of the box along axis j, by its other two coordinates, that lies at the outline of its image.

    An edge is at the outline if one of the two faces that meet in it is turned to the viewer. Of the two such edges
    that is taken which lies lower, for the vertical axis that which lies farther to the left.
    """
    one, two = (i for i in range(3) if i != j)
    edges = []
    for first in (0, 1):
        bits = [0, 0, 0]
        bits[one] = toward[one] if first else 1 - toward[one]
        bits[two] = 1 - toward[two] if first else toward[two]
        place = (bits[one] - 0.5) * images[one] + (bits[two] - 0.5) * images[two]
        edges.append((float(place[0] if j == 2 else place[1]), bits))
    return min(edges)[1]


def _outward(j: int, bits: Sequence[int], vectors: Floats, axes: Sequence[Axis]) -> Floats:
    """The direction away from the box, of length 1, at a right angle to the image of an edge along axis j."""
    along = vectors[j]
    sides = [float(axis.side) for axis in axes]
    place = sum((bits[i] - 0.5) * vectors[i] * sides[i] for i in range(3) if i != j)
    normal = np.array([-along[1], along[0]])
    size = float(np.linalg.norm(normal))
    if size == 0:
        return np.array([0.0, -1.0])
    unit: Floats = normal / size
    return unit if float(unit @ place) >= 0 else -unit


def _anchor(offset: Floats) -> str:
    x, y = offset
    vertical = "" if abs(y) < 0.4 else "north" if y < 0 else "south"
    horizontal = "" if abs(x) < 0.4 else "east" if x < 0 else "west"
    return "anchor=" + " ".join(part for part in (vertical, horizontal) if part)


def _pt(x: float) -> str:
    return f"{decimal(Fraction(float(x)), 2)}pt"
