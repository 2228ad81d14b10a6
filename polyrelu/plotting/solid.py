"""Scenes in space as figures of matplotlib."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyrelu.geometry.polygons import triangles
from polyrelu.plotting import geometry
from polyrelu.plotting.flat import (
    MANY,
    area_handles,
    axis_label,
    boundary_handles,
    limit_ticks,
    line_width,
    plain,
    point_style,
)
from polyrelu.plotting.geometry import Floats
from polyrelu.plotting.palette import GREY, INK, cycle_colour, rgb
from polyrelu.plotting.scene import Scene
from polyrelu.plotting.surface import GRAPH_HEIGHT, Surface, graph_surface, level_surface

LIGHT = np.array([0.35, -0.45, 0.82])
"""The direction from which the light comes."""
SHADE = 0.45
"""The amount by which a facet that the light does not meet is darker than its colour."""


def draw_space(axes: Any, scene: Scene) -> list[Any]:
    """Draw the decision boundary of a network with three inputs as a surface, or without one all edges.

    The entries of the legend.
    """
    _prepare(axes, scene)
    cx = scene.clipped
    surface = level_surface(scene) if scene.has_boundary else None
    if surface is None or surface.is_empty:
        _lines(axes, scene.points[geometry.edges(cx)], INK, line_width(cx.n_regions), 0.35)
        handles = area_handles(scene) if scene.has_boundary else []
    else:
        _facets(axes, surface)
        _lines(axes, surface.points[surface.strong], "black", 2.4, 1.0)
        handles = _surface_handles(scene, surface)
    handles += boundary_handles(scene, surface is not None and len(surface.strong) > 0)
    _dots(axes, scene.points[scene.thin(0)], "black")
    _cycles(axes, scene)
    for group in scene.groups:
        axes.plot(*group.points.T, zorder=5, **point_style(scene, group, axes))
    _limits(axes, scene.box)
    _sides(axes, scene.shape)
    axes.set_zlabel(axis_label(scene, 2, "$x_3$"))
    return handles


def _surface_handles(scene: Scene, surface: Surface) -> list[Any]:
    from matplotlib.patches import Patch

    used = sorted({surface.colours[part] for part in np.unique(surface.part)})
    if not used:
        return []
    name = scene.boundary_name
    if surface.pairs is not None:
        pairs = zip(surface.names, surface.colours, strict=True)
        return [Patch(facecolor=c, edgecolor=GREY, lw=0.5, label=plain(text)) for text, c in pairs]
    if scene.colouring.names is None:
        name += f", colours by {'activation pattern' if scene.color == 'pattern' else 'affine map'}"
    elif (count := len(surface.names)) > 1:
        name += f", {count} sheets in the window"
    return [(tuple(Patch(facecolor=c, edgecolor=GREY, lw=0.5) for c in used), name)]


def draw_graph(axes: Any, scene: Scene) -> list[Any]:
    """Draw the graph of F over the plane, and on it the decision boundary. The entries of the legend."""
    _prepare(axes, scene)
    surface = graph_surface(scene)
    _facets(axes, surface)
    _lines(axes, surface.points[surface.strong], "black", 2.0, 1.0)
    _dots(axes, surface.points[scene.thin(0)], "black")
    _cycles(axes, scene)
    for group in scene.groups:
        axes.plot(*group.points.T, zorder=5, **point_style(scene, group, axes))
    _limits(axes, np.vstack([scene.box, scene.heights]))
    _sides(axes, np.append(scene.shape, GRAPH_HEIGHT))
    axes.set_zlabel("$F(x)$")
    return area_handles(scene) + boundary_handles(scene, scene.walls.any())


def _prepare(axes: Any, scene: Scene) -> None:
    axes.computed_zorder = False
    axes.set_autoscale_on(False)
    axes.set_proj_type("persp", focal_length=1.4)
    axes.view_init(elev=24, azim=-58)
    axes.set_xlabel(axis_label(scene, 0, "$x_1$"))
    axes.set_ylabel(axis_label(scene, 1, "$x_2$"))
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_pane_color((1, 1, 1, 0))
        axis.line.set_color("#BBBBBB")
        axis._axinfo["grid"].update(color="#E4E4E4", linewidth=0.5)
    axes.tick_params(color=GREY, labelsize=8)


def _limits(axes: Any, box: Floats) -> None:
    for setter, (low, high) in zip((axes.set_xlim, axes.set_ylim, axes.set_zlim), box, strict=True):
        setter(low, high)


def _sides(axes: Any, shape: Floats) -> None:
    """The sides of a box of this shape, smaller for flat ones, since labels need room and all have one diagonal."""
    axes.set_box_aspect(shape, zoom=min(1.0, 0.75 + 0.5 * float(shape.min())))
    limit_ticks((axes.xaxis, axes.yaxis, axes.zaxis), shape, 1)


def _facets(axes: Any, surface: Surface) -> None:
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection

    polygons = [surface.points[p] for p in geometry.split(surface.polygons)]
    if not polygons:
        return
    alpha = surface.opacity
    colours = np.array([rgb(c) for c in surface.colours])[surface.part]
    shaded = colours * (1 - SHADE + SHADE * _lit(surface))[:, None]
    width = line_width(len(polygons))
    collection = Poly3DCollection(
        polygons, facecolors=np.column_stack([shaded, np.full(len(shaded), alpha)]),
        edgecolors=np.column_stack([shaded * 0.45, np.full(len(shaded), min(1.0, alpha + 0.2))]), linewidths=width,
        zorder=2, rasterized=len(polygons) > MANY,
    )  # fmt: skip
    axes.add_collection3d(collection)


def _lit(surface: Surface) -> Floats:
    """The share of the light, from 0 to 1, that meets each polygon from either side."""
    start, _ = surface.polygons
    p = surface.points
    scale = np.ptp(p, axis=0)
    p = p / np.where(scale > 0, scale, 1) if len(p) else p
    _, corners = triangles(surface.polygons)
    a, b, c = (p[corners[:, i]] for i in range(3))
    owner = np.repeat(np.arange(len(start) - 1), np.maximum(np.diff(start) - 2, 0))
    normal = np.zeros((len(start) - 1, 3))
    np.add.at(normal, owner, np.cross(b - a, c - a))
    length = np.linalg.norm(normal, axis=1)
    light: Floats = np.abs(normal @ LIGHT) / np.linalg.norm(LIGHT)
    lit: Floats = np.divide(light, length, out=np.ones_like(light), where=length > 0)
    return lit


def _lines(axes: Any, segments: Floats, colour: str, width: float, alpha: float) -> None:
    from mpl_toolkits.mplot3d.art3d import Line3DCollection

    if len(segments):
        axes.add_collection3d(
            Line3DCollection(
                segments, colors=colour, linewidths=width, alpha=alpha, zorder=3, rasterized=len(segments) > MANY
            )
        )


def _dots(axes: Any, points: Floats, colour: str) -> None:
    if len(points):
        axes.plot(*points.T, ls="none", marker="o", ms=6, color=colour, zorder=4)


def _cycles(axes: Any, scene: Scene) -> None:
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection

    for i, (k, simplices) in enumerate(scene.cycles):
        colour = cycle_colour(i)
        if k == 0:
            axes.plot(*simplices[:, 0].T, ls="none", marker="D", ms=8, color=colour, mec="white", zorder=6)
        elif k == 1:
            _lines(axes, simplices, colour, 3.0, 1.0)
        else:
            axes.add_collection3d(
                Poly3DCollection(simplices, facecolors=(*rgb(colour), 0.5), edgecolors=colour, linewidths=0.5, zorder=5)
            )
