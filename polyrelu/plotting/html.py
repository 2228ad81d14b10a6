"""Scenes as figures of plotly for interactive pages. It is imported only when one is made (extra `plot`)."""

from __future__ import annotations

import html
import re
from typing import Any

import numpy as np

from polyrelu.geometry.polygons import triangles
from polyrelu.plotting import geometry
from polyrelu.plotting.flat import DOTS, MANY, output_colours
from polyrelu.plotting.geometry import Floats
from polyrelu.plotting.page import Content
from polyrelu.plotting.palette import GREY, INK, cycle_colour
from polyrelu.plotting.scene import Scene
from polyrelu.plotting.surface import GRAPH_HEIGHT, Surface, graph_surface, level_surface
from polyrelu.plotting.window import NARROWEST

FONT = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif"
FEW = 500
"""Maximum number of edges in space that are drawn as wide lines."""
SYMBOLS = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross")
SOLID_SYMBOLS = ("circle", "square", "diamond", "cross", "x", "circle-open")
"""The markers of data, by class; plotly has fewer of them in space."""
CAMERA = {"eye": {"x": 1.28, "y": -1.8, "z": 0.95}, "center": {"x": 0, "y": 0, "z": -0.1}}
"""Far enough for the labels of the axes to be within the page, also below."""
SIDES = 8
"""The number of sides of a tube around a cycle."""
RADIUS = 0.008
"""The radius of a tube, as a part of the longest side of the picture."""
TUBES = 3000
"""Maximum number of edges of the decision boundary on a graph that are drawn as tubes."""
PARTS = 12
"""Maximum number of parts of a surface that can be hidden separately."""


def page_content(scene: Scene) -> Content:
    """The scene as what a page shows."""
    return Content(scene.title.split("\n")[0], page_figure(scene).to_json())


def page_figure(scene: Scene) -> Any:
    """The scene as a figure of plotly."""
    import plotly.graph_objects as go

    if scene.dim == 1:
        traces, layout = _line(scene)
    elif scene.dim == 3:
        traces, layout = _space(scene)
    else:
        traces, layout = _graph(scene) if scene.graph else _plane(scene)
    first, *others = (html.escape(line) for line in scene.title.split("\n"))
    text = "<br>".join([first, *(f"<span style='font-size:0.9em'>{line}</span>" for line in others)])
    top = {"yref": "container", "y": 1, "yanchor": "top", "pad": {"t": 22}}  # pixels, which fit into low pages too
    margin = {"l": 0, "r": 0, "b": 0} if "scene" in layout else {"l": 70, "r": 20, "b": 60}
    return go.Figure(
        traces,
        {
            "title": {"text": text, "font_size": 15, "x": 0.02, **top},
            "font": {"family": FONT, "color": INK},
            "template": "none",
            "paper_bgcolor": "white",
            "plot_bgcolor": "white",
            "legend": {"itemsizing": "constant"},
            "margin": {**margin, "t": 56 + 20 * len(others)},
            **layout,
        },
    )


# ---- one and two inputs --------------------------------------------------------------------------------------------


def _line(scene: Scene) -> tuple[list[Any], dict[str, Any]]:
    import plotly.graph_objects as go

    cx, x = scene.clipped, scene.points[:, 0]
    order = np.argsort(x, kind="stable")
    colour, colours = scene.colouring.number, scene.colouring.colours
    ends = geometry.edges(cx)
    flat = np.zeros((len(ends), 2))
    traces: list[Any] = []
    for c in np.unique(colour):
        bar = _broken(np.stack([x[ends], flat], axis=2)[colour == c])
        name, shown = _area_name(scene, int(c))
        traces.append(
            go.Scatter(x=bar[:, 0], y=bar[:, 1], mode="lines", line={"color": colours[c], "width": 16}, yaxis="y2",
                       name=name, showlegend=shown, hoverinfo="skip")
        )  # fmt: skip
    few = "lines+markers" if len(x) <= DOTS else "lines"
    for i, (values, shade) in enumerate(zip(scene.values.T, output_colours(scene), strict=True)):
        name = "F" if scene.network.output_dim == 1 else f"output {i}"
        traces.append(
            go.Scatter(x=x[order], y=values[order], mode=few, line={"color": shade, "width": 2}, marker={"size": 6},
                       name=name, hovertemplate="x = %{x}<br>%{y}<extra>" + name + "</extra>")
        )  # fmt: skip
    shapes = []
    if scene.level is not None:
        shapes = [{"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": scene.level, "y1": scene.level,
                   "line": {"color": GREY, "width": 1, "dash": "dash"}}]  # fmt: skip
    top = scene.values.max(axis=1)
    if (solid := scene.on_boundary(1)).any():
        path = _broken(np.stack([x[ends], top[ends]], axis=2)[solid])
        traces.append(
            go.Scatter(x=path[:, 0], y=path[:, 1], mode="lines", line={"color": scene.boundary_colour, "width": 5},
                       showlegend=False, hoverinfo="skip")
        )  # fmt: skip
    if scene.walls.any():
        traces.append(
            go.Scatter(x=x[scene.walls], y=top[scene.walls], mode="markers", name=scene.boundary_name,
                       marker={"color": "white", "size": 9, "line": {"color": INK, "width": 2}},
                       hovertemplate="x = %{x}<extra></extra>")
        )  # fmt: skip
    for i, (k, simplices) in enumerate(scene.cycles):
        if k == 0:
            traces.append(
                go.Scatter(x=simplices[:, 0, 0], y=np.zeros(len(simplices)), yaxis="y2", mode="markers",
                           marker={"symbol": "diamond", "size": 11, "color": cycle_colour(i)}, **_in_legend(scene, i))
            )  # fmt: skip
    for trace in _data(scene):
        traces.append(trace.update(y=[0.0] * len(trace.x), yaxis="y2", marker_line_width=1))
    grid = {"gridcolor": "#E4E4E4", "zeroline": False}
    return traces, {
        "xaxis": {"title": {"text": _axis(scene, 0, "x")}, "range": scene.box[0].tolist(), "anchor": "y2", **grid},
        "yaxis": {"title": {"text": "F(x)"}, "domain": [0.12, 1], "range": scene.heights, **grid},
        "yaxis2": {"domain": [0, 0.07], "visible": False, "range": [-1, 1], "fixedrange": True},
        "shapes": shapes,
    }


def _plane(scene: Scene) -> tuple[list[Any], dict[str, Any]]:
    import plotly.graph_objects as go

    cx, colour, colours = scene.clipped, scene.colouring.number, scene.colouring.colours
    traces: list[Any] = []
    for c in np.unique(colour):
        loops = geometry.outline(cx, np.flatnonzero(colour == c), scene.points)
        area = np.concatenate([np.vstack([scene.points[[*loop, loop[0]]], [[np.nan] * 2]]) for loop in loops])
        name, shown = _area_name(scene, int(c))
        traces.append(
            go.Scatter(x=area[:-1, 0], y=area[:-1, 1], mode="lines", fill="toself", fillcolor=colours[c], name=name,
                       line={"color": colours[c], "width": 0.5}, showlegend=shown, hoverinfo="skip")
        )  # fmt: skip
    ends = geometry.edges(cx)
    kind = go.Scattergl if len(ends) > MANY else go.Scatter
    strong = scene.walls
    thin = _broken(scene.points[ends[~strong & ~cx.on_boundary(1)]])
    traces.append(
        kind(x=thin[:, 0], y=thin[:, 1], mode="lines", name="cells", hoverinfo="skip",
             line={"color": "rgba(26,26,26,0.5)", "width": 0.7 if len(ends) < 2000 else 0.3})
    )  # fmt: skip
    if strong.any():
        bold = _broken(scene.points[ends[strong]])
        traces.append(
            kind(x=bold[:, 0], y=bold[:, 1], mode="lines", name=scene.boundary_name,
                 line={"color": "black", "width": 3}, hovertemplate="(%{x}, %{y})<extra></extra>")
        )  # fmt: skip
    if len(lone := scene.points[scene.thin(0)]):
        traces.append(
            go.Scatter(x=lone[:, 0], y=lone[:, 1], mode="markers", marker={"color": "black", "size": 9},
                       name=scene.boundary_name + ", isolated", hovertemplate="(%{x}, %{y})<extra></extra>")
        )  # fmt: skip
    for i, (k, simplices) in enumerate(scene.cycles):
        path = _broken(simplices) if k else simplices[:, 0]
        style: dict[str, Any] = (
            {"mode": "lines", "line": {"color": cycle_colour(i), "width": 5}} if k
            else {"mode": "markers", "marker": {"symbol": "diamond", "size": 12, "color": cycle_colour(i)}}
        )  # fmt: skip
        traces.append(go.Scatter(x=path[:, 0], y=path[:, 1], hoverinfo="skip", **style, **_in_legend(scene, i)))
    traces += _data(scene)
    anchor = {"scaleanchor": "x", "scaleratio": scene.scale[1] / scene.scale[0]}
    axis = {"showgrid": False, "zeroline": False, "ticks": "outside", "constrain": "domain"}
    return traces, {
        "xaxis": {"title": {"text": _axis(scene, 0, "x<sub>1</sub>")}, "range": scene.box[0].tolist(), **axis},
        "yaxis": {"title": {"text": _axis(scene, 1, "x<sub>2</sub>")}, "range": scene.box[1].tolist(), **anchor}
        | axis,
        "dragmode": "pan",
    }


def _area_name(scene: Scene, colour: int) -> tuple[str, bool]:
    """Name of an area, and whether it is shown in the legend."""
    names = scene.colouring.names
    if names is not None:
        return _text(names[colour]), True
    return f"{'patterns' if scene.color == 'pattern' else 'maps'}, colour {colour + 1}", False


# ---- space ---------------------------------------------------------------------------------------------------------


def _space(scene: Scene) -> tuple[list[Any], dict[str, Any]]:
    cx = scene.clipped
    traces: list[Any] = []
    menus: list[dict[str, Any]] = []
    surface = level_surface(scene) if scene.has_boundary else None
    if surface is None or surface.is_empty:
        traces.append(_thin3d(scene.points[geometry.edges(cx)]))
    else:
        if surface.pairs is not None:
            traces += _faces(surface)
        else:
            traces += _meshes(surface)
            traces.append(_thin3d(surface.points[surface.edges]))
        if len(surface.strong):
            traces.append(_lines3d(surface.points[surface.strong], scene.boundary_name + ", lines", "black", 5))
    if len(lone := scene.points[scene.thin(0)]):
        traces.append(_points3d(lone, scene.boundary_name + ", isolated", "black", "circle"))
    traces += _cycles3d(scene)
    traces += _data(scene)
    if surface is not None and surface.pairs and scene.colouring.names is not None:
        menus = [_class_menu(surface, scene.colouring.names, len(traces))]
    # volume 1, as plotly's camera expects, but less for flat ones, whose long sides would leave the page
    shape = scene.shape / np.cbrt(np.maximum(scene.shape, NARROWEST).prod())
    axes = _axes3d(scene, scene.box, shape, _axis(scene, 2, "x<sub>3</sub>"))
    return traces, {"scene": axes, **({"updatemenus": menus} if menus else {})}


def _faces(surface: Surface) -> list[Any]:
    """For every pair of classes the faces between them and the edges of these, which are switched together."""
    start, _ = surface.polygons
    _, corners = triangles(surface.polygons)
    part = np.repeat(surface.part, np.maximum(np.diff(start) - 2, 0))
    traces = []
    for number, (name, colour) in enumerate(zip(surface.names, surface.colours, strict=True)):
        name = _text(name)
        trace = _mesh(surface.points, corners[part == number], name, colour, surface.opacity)
        lines = _thin3d(surface.points[surface.edges_of(number)])
        traces += [trace.update(legendgroup=name), lines.update(name=name, legendgroup=name, showlegend=False)]
    return traces


def _class_menu(surface: Surface, names: list[str], count: int) -> dict[str, Any]:
    """A menu that shows the boundary of one class, or of all; the other of the `count` traces stay."""
    assert surface.pairs is not None
    used = sorted({i for pair in surface.pairs for i in pair})
    buttons = []
    for i in (None, *used):
        shown = [i is None or i in pair for pair in surface.pairs for _ in range(2)]
        shown += [True] * (count - len(shown))
        label = "all classes" if i is None else f"boundary of {_text(names[i])}"
        buttons.append({"label": label, "method": "restyle", "args": [{"visible": shown}]})
    return {"buttons": buttons, "x": 0.02, "xanchor": "left", "y": 0.98, "yanchor": "top", "showactive": True}


def _cycles3d(scene: Scene) -> list[Any]:
    traces = []
    for i, (k, simplices) in enumerate(scene.cycles):
        if k == 0:
            trace = _points3d(simplices[:, 0], "", cycle_colour(i), "diamond")
        elif k == 1:
            trace = _tubes(scene, simplices, cycle_colour(i))
        else:
            corners = np.arange(3 * len(simplices)).reshape(-1, 3)
            trace = _mesh(simplices.reshape(-1, 3), corners, "", cycle_colour(i), 0.6)
        traces.append(trace.update(_in_legend(scene, i)))
    return traces


def _graph(scene: Scene) -> tuple[list[Any], dict[str, Any]]:
    surface = graph_surface(scene)
    traces = _meshes(surface)
    for trace in traces:
        trace.showlegend = scene.colouring.names is not None
    traces.append(_thin3d(surface.points[surface.edges]))
    strong = surface.points[surface.strong]
    if 0 < len(strong) <= TUBES:
        traces.append(_tubes(scene, strong, INK).update(name=scene.boundary_name))
    elif len(strong):
        traces.append(_lines3d(strong, scene.boundary_name, "black", 7))
    if len(lone := surface.points[scene.thin(0)]):
        traces.append(_points3d(lone, scene.boundary_name + ", isolated", "black", "circle"))
    traces += _cycles3d(scene)
    traces += _data(scene)
    box = np.vstack([scene.box, scene.heights])
    return traces, {"scene": _axes3d(scene, box, np.append(scene.shape, GRAPH_HEIGHT), "F(x)")}


def _meshes(surface: Surface) -> list[Any]:
    """A mesh for each part; parts beyond the first PARTS are joined by colour."""
    start, _ = surface.polygons
    size = np.maximum(np.diff(start) - 2, 0)
    _, corners = triangles(surface.polygons)
    part = np.repeat(surface.part, size)
    groups: dict[tuple[str, str], list[int]] = {}
    for number in np.unique(part).tolist():
        name = surface.names[number] if number < PARTS else "others"
        groups.setdefault((name, surface.colours[number]), []).append(number)
    traces: list[Any] = []
    for (name, colour), numbers in groups.items():
        trace = _mesh(surface.points, corners[np.isin(part, numbers)], name, colour, surface.opacity)
        trace.legendgroup = name
        trace.showlegend = all(other.name != name for other in traces)
        traces.append(trace)
    return traces


def _mesh(points: Floats, corners: Any, name: str, colour: str, alpha: float) -> Any:
    import plotly.graph_objects as go

    used, compact = np.unique(corners, return_inverse=True)
    x, y, z = points[used].T
    i, j, k = compact.reshape(-1, 3).T
    return go.Mesh3d(
        x=x, y=y, z=z, i=i, j=j, k=k, color=colour, opacity=alpha, flatshading=True, name=name, showlegend=True,
        lighting={"ambient": 0.5, "diffuse": 0.85, "specular": 0.08, "roughness": 0.9, "facenormalsepsilon": 0},
        lightposition={"x": 1000, "y": -2500, "z": 1500}, hovertemplate="(%{x}, %{y}, %{z})<extra></extra>",
    )  # fmt: skip


def _tubes(scene: Scene, segments: Floats, colour: str) -> Any:
    """Segments as a mesh of thin prisms with pointed ends: half of each is outside of a surface on which it lies.

    A line would flicker into the surface, because both have the same depth.
    """
    box = scene.box if scene.dim == 3 else np.vstack([scene.box, scene.heights])
    shape = scene.shape if scene.dim == 3 else np.append(scene.shape, GRAPH_HEIGHT)
    unit = (box[:, 1] - box[:, 0]) / shape  # a tube is round in the picture
    ends = segments / unit
    along = ends[:, 1] - ends[:, 0]
    length = np.linalg.norm(along, axis=1, keepdims=True)
    kept = length[:, 0] > 0
    ends, along = ends[kept], along[kept] / length[kept]
    across = np.cross(along, np.eye(3)[np.abs(along).argmin(axis=1)])
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    third = np.cross(along, across)
    angle = 2 * np.pi * np.arange(SIDES) / SIDES
    ring = np.cos(angle)[:, None] * across[:, None] + np.sin(angle)[:, None] * third[:, None]
    rings = ends[:, :, None] + RADIUS * ring[:, None]
    tips = ends + RADIUS * np.stack([-along, along], axis=1)  # so that there is no gap at a bend
    points = np.concatenate([rings.reshape(len(ends), -1, 3), tips], axis=1)
    i = np.arange(SIDES)
    j = (i + 1) % SIDES
    first, last = np.full(SIDES, 2 * SIDES), np.full(SIDES, 2 * SIDES + 1)
    faces = np.concatenate(
        [np.stack(t, axis=1) for t in ((i, j, i + SIDES), (j, j + SIDES, i + SIDES), (j, i, first),
                                       (i + SIDES, j + SIDES, last))]
    )  # fmt: skip
    corners = faces + (2 * SIDES + 2) * np.arange(len(ends))[:, None, None]
    trace = _mesh((points * unit).reshape(-1, 3), corners.reshape(-1, 3), "", colour, 1.0)
    return trace.update(hoverinfo="skip", hovertemplate=None, lighting_ambient=0.85)


def _lines3d(segments: Floats, name: str, colour: str, width: float) -> Any:
    import plotly.graph_objects as go

    x, y, z = _broken(segments).T
    return go.Scatter3d(
        x=x, y=y, z=z, mode="lines", line={"color": colour, "width": width}, name=name, hoverinfo="skip"
    )  # fmt: skip


def _thin3d(segments: Floats) -> Any:
    """The edges of cells, thinner if there are many."""
    return _lines3d(segments, "cells", "rgba(26,26,26,0.7)", 2.5 if len(segments) < FEW else 1.0)


def _points3d(points: Floats, name: str, colour: str, symbol: str) -> Any:
    import plotly.graph_objects as go

    x, y, z = points.T
    return go.Scatter3d(
        x=x, y=y, z=z, mode="markers", marker={"color": colour, "size": 6, "symbol": symbol}, name=name,
        hovertemplate="(%{x}, %{y}, %{z})<extra></extra>",
    )  # fmt: skip


def _axes3d(scene: Scene, box: Floats, shape: Floats, third: str) -> dict[str, Any]:
    style = {"showbackground": False, "gridcolor": "#E4E4E4", "zeroline": False, "showspikes": False}
    names = (_axis(scene, 0, "x<sub>1</sub>"), _axis(scene, 1, "x<sub>2</sub>"), third)
    axes = {
        f"{letter}axis": {"title": {"text": name}, "range": side.tolist(), **style}
        for letter, name, side in zip("xyz", names, box, strict=True)
    }
    aspect = {"aspectmode": "manual", "aspectratio": dict(zip("xyz", shape.tolist(), strict=True))}
    return {**axes, **aspect, "camera": CAMERA, "dragmode": "orbit"}


# ---- shared --------------------------------------------------------------------------------------------------------


def _broken(segments: Floats) -> Floats:
    """Segments (n × 2 × d) as one polyline, with a row of NaN, which is a gap, after each: 3n × d."""
    n, _, d = segments.shape
    return np.concatenate([segments, np.full((n, 1, d), np.nan)], axis=1).reshape(-1, d)


def _text(name: str) -> str:
    """A name in which plotly finds no markup."""
    return re.sub("<(?=[A-Za-z/!])", "&lt;", name.replace("&", "&amp;"))


def _axis(scene: Scene, i: int, default: str) -> str:
    """The title of an axis; names are plain text."""
    return default if scene.feature_names is None else _text(scene.feature_names[i])


def _data(scene: Scene) -> list[Any]:
    """The data points, a trace for each label."""
    import plotly.graph_objects as go

    traces = []
    for group in scene.groups:
        name = _text(group.name)
        solid = group.points.shape[1] == 3
        symbols = SOLID_SYMBOLS if solid else SYMBOLS
        at = dict(zip("xyz", group.points.T, strict=False)) if scene.dim > 1 else {"x": group.points[:, 0]}
        where = ", ".join(f"%{{{axis}}}" for axis in at)
        marker = {"color": group.colour, "size": 4 if solid else 8, "symbol": symbols[group.number % len(symbols)],
                  "line": {"color": "white", "width": 1}}  # fmt: skip
        traces.append(
            (go.Scatter3d if solid else go.Scatter)(
                **at, mode="markers", marker=marker, name=name, hovertemplate=f"({where})<extra>{name}</extra>"
            )
        )
    return traces


def _in_legend(scene: Scene, i: int) -> dict[str, Any]:
    """The arguments that put cycle i into the legend, in a group with those of the same degree."""
    degrees = [k for k, _ in scene.cycles]
    k = degrees[i]
    name = f"cycles of H<sub>{k}</sub>" if degrees.count(k) > 1 else f"cycle of H<sub>{k}</sub>"
    return {"name": name, "legendgroup": name, "showlegend": degrees.index(k) == i}
