"""A strip of pictures of a region and its images after each hidden layer."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, Unpack

import numpy as np
import numpy.typing as npt

from polyrelu.analysis.layers import homology_of_stages, limits, region_of
from polyrelu.errors import InputError, visible
from polyrelu.exact.floats import to_double
from polyrelu.exact.limits import memory_is_a_limit
from polyrelu.exact.rational import describe
from polyrelu.geometry.hull import on_slice
from polyrelu.geometry.image_complex import ImageComplex
from polyrelu.geometry.layer_images import Stage, images_of, network_of
from polyrelu.geometry.region import CellSet
from polyrelu.geometry.subdivision import Options, read_domain
from polyrelu.network.network import Network
from polyrelu.plotting.draw import check_options
from polyrelu.plotting.figure import check_suffix, new_figure, save_figure
from polyrelu.plotting.palette import COLOURS, INK
from polyrelu.plotting.subject import MAX_DIM, SUPERSCRIPTS
from polyrelu.topology.groups import Homology

Points = npt.NDArray[np.float64]

MARGIN = 0.12
"""The margin around the vertices, as a share of their extent."""
FAR = 20.0
"""How far rays are drawn beyond their vertex, in extents of the picture."""
ORDINALS = ("1st", "2nd", "3rd")


@memory_is_a_limit
def plot_layers(
    network: Network | CellSet,
    path: str | os.PathLike[str] | None = None,
    *,
    relation: str = "<=",
    level: Any = 0,
    domain: Any = None,
    title: str | None = None,
    **options: Unpack[Options],
) -> Any:
    """A strip of pictures of X = {F relation level}, φ₁(X), …, φ_L(X), with the Betti numbers of each.

    Parameters
    ----------
    network : Network or CellSet
        As for `layerwise_homology`, with at most three inputs. The set must be closed.
    path : str or path-like, optional
        A .png, .svg or .pdf file to which the figure is written as well.
    relation : str, default "<="
        One of "<=", ">=" and "=".
    level : exact number, default 0
        The level t.
    domain : Domain or box, optional
        A polyhedron with which X is intersected. The default is R^d.
    title : str, optional
        The title, as plain text.
    **options
        Options of `subdivide`.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.

    Raises
    ------
    InputError
        If there are more than three inputs, the set is not closed, or an argument is wrong as for `layerwise_homology`.
    FileError
        If the path has another suffix or the file cannot be written.
    MissingDependencyError
        If matplotlib is not installed.
    PolyreluError
        Any error that `layerwise_homology` raises.

    Notes
    -----
    The polygons are the exact cells of the images; only positions are rounded. An image in R^n, n > 2 (or n > 3 with
    three inputs), is projected orthogonally to the first principal components of its vertices, and the axes say so,
    with the share of the variance of the vertices that each has. So parts may overlap in the picture that are disjoint,
    and the Betti numbers are those of the image, not of the picture. A component of an image has the colour of one of
    the components of X that were put together in it. Unbounded cells are cut off.

    Examples
    --------
    >>> import polyrelu as pr
    >>> figure = pr.plot_layers(pr.shells((2, 8, 6, 1), [2]), "layers.svg", relation=">=")
    """
    check_options(options, "plot_layers")
    if path is not None:
        check_suffix(path)
    if title is not None and not isinstance(title, str):
        raise InputError(f"title: expected a text or None, got {describe(title)}")
    if isinstance(network, Network) and domain is not None:
        network, domain, _ = on_slice(network, read_domain(domain, network))
    if isinstance(network, (Network, CellSet)):
        dimension = network.input_dim if isinstance(network, Network) else network.complex.input_dim
        if dimension > MAX_DIM:
            raise InputError(
                f"plot_layers: the input space has dimension {dimension}, at most {MAX_DIM} can be drawn; "
                "take a slice: Slice(points).restrict(network), or --slice on the command line"
            )
    if isinstance(relation, str) and relation in ("<", ">"):
        raise InputError(f"plot_layers: layers are drawn for closed sets; take {relation + '='!r}")
    region = region_of(network, relation, level, domain, options)
    if not region.is_closed:
        raise InputError("plot_layers: layers are drawn for closed sets")
    stages = list(images_of(region, limits(region, options)))
    found = homology_of_stages(region, stages, options)
    space = 3 if region.complex.input_dim == MAX_DIM else 2
    colours = _colours(stages)
    figure = new_figure(((3.1 if space == 2 else 3.7) * len(stages), 3.9))
    for i, stage in enumerate(stages):
        panel = figure.add_subplot(1, len(stages), i + 1, projection="3d" if space == 3 else None)
        _draw(panel, stage.image, colours[i], space)
        _label(panel, i, stage.image, found[i], space)
    text = _headline(network_of(region)) if title is None else visible(title)
    figure.suptitle(text, fontsize=11, parse_math=False)
    if path is not None:
        save_figure(figure, path)
    return figure


def _headline(net: Network) -> str:
    return f"A region after each hidden layer,  {'-'.join(map(str, net.architecture))}"


def _label(panel: Any, layer: int, image: ImageComplex, groups: Homology, space: int) -> None:
    n = len(image.vectors[0]) - 1 if image.vectors else 0
    name = f"φ{str(layer).translate(_SUBSCRIPTS)}(X)" if layer else "X"
    where = f" ⊂ R{str(n if n > 1 else '').translate(SUPERSCRIPTS)}" if n else " is empty"
    where += ", projected" * (n > space)
    betti = f"β = ({', '.join(map(str, groups.betti))})"
    torsion = [f"Z/{m} in H{str(k).translate(_SUBSCRIPTS)}" for k, of in enumerate(groups.torsion) for m in of]
    panel.set_title(name + where, fontsize=10)
    below: dict[str, Any] = {"xycoords": "axes fraction", "ha": "center", "va": "top", "fontsize": 10}
    panel.annotate(", ".join([betti, *torsion]), (0.5, -0.2 if space == 2 else -0.18), **below)


_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def _draw(panel: Any, image: ImageComplex, colours: dict[int, str], space: int) -> None:
    panel.tick_params(labelsize=7)
    finite = [v for v, vector in enumerate(image.vectors) if vector[0]]
    if not finite:
        panel.set_axis_off()
        return
    exact = [[to_double(Fraction(x, image.vectors[v][0])) for x in image.vectors[v][1:]] for v in finite]
    axes, labels = _frame(np.array(exact, np.float64), space)
    centre = np.mean(exact, axis=0) if len(exact[0]) > space else np.zeros(len(exact[0]))
    place = dict(zip(finite, (np.array(exact) - centre) @ axes.T, strict=True))
    low, high = np.min(list(place.values()), axis=0), np.max(list(place.values()), axis=0)
    extent = float(np.max(high - low)) or 1.0
    rays = {v: _direction(vector) @ axes.T * FAR * extent for v, vector in enumerate(image.vectors) if not vector[0]}
    bare = set(range(len(image)))
    shapes: dict[int, list[tuple[Points, str]]] = {0: [], 1: [], 2: []}
    solid = [c for c in range(len(image)) if image.dim[c] == 3]
    inside = _repeated([f for c in solid for f in image.facets[c]])
    for c in range(len(image) - 1, -1, -1):
        if not image.is_finite(c):
            continue
        for f in image.facets[c]:
            bare.discard(f)
        k = image.dim[c]
        if k > 2 or c in inside or (k < 2 and c not in bare):
            continue
        generators = image.generators[c]
        corners = np.array([place[v] for v in generators if v in place])
        points = np.array([*corners, *(p + rays[v] for v in generators if v in rays for p in corners)])
        shapes[k].append((points, colours[c]))
    _add(panel, shapes, space)
    for axis, a, b, label in zip("xyz", low, high, labels, strict=False):
        half = (0.5 + MARGIN) * extent  # the same for all axes
        getattr(panel, f"set_{axis}lim")((a + b) / 2 - half, (a + b) / 2 + half)
        getattr(panel, f"set_{axis}label")(label, fontsize=7)
    panel.set_aspect("equal", adjustable="box")


def _repeated(items: Sequence[int]) -> set[int]:
    """The numbers that occur more than once."""
    values, counts = np.unique(np.array(items, np.int64), return_counts=True)
    return set(values[counts > 1].tolist())


def _frame(points: Points, space: int) -> tuple[Points, list[str]]:
    """Orthonormal rows onto which points are projected, and what the axes are called."""
    n = points.shape[1]
    if n <= space:
        return np.eye(n, space).T, [f"coordinate {i + 1}" if i < n else "" for i in range(space)]
    centred = points - points.mean(axis=0)
    scale = float(np.abs(centred).max()) or 1.0
    _, sizes, rows = np.linalg.svd(centred / scale, full_matrices=False)
    rows = np.vstack([rows, np.zeros((max(space - len(rows), 0), n))])[:space]
    total = float((sizes**2).sum()) or 1.0
    shares = [*(sizes**2 / total), 0.0, 0.0, 0.0]
    for row in rows:  # the sign of a component is arbitrary; let the largest entry be positive
        row *= np.sign(row[np.argmax(np.abs(row))]) or 1.0
    name = "principal component" if space == 2 else "component"
    return rows, [f"{ORDINALS[i]} {name}, {shares[i]:.0%}" for i in range(space)]


def _direction(vector: Sequence[int]) -> Points:
    largest = max(map(abs, vector))
    found = np.array([to_double(Fraction(x, largest)) for x in vector[1:]])
    return np.asarray(found / np.linalg.norm(found), dtype=np.float64)


def _add(panel: Any, shapes: dict[int, list[tuple[Points, str]]], space: int) -> None:
    from matplotlib.collections import LineCollection, PolyCollection

    faces = [(_hull(points), colour) for points, colour in shapes[2]]
    lines = [(_ends(points), colour) for points, colour in shapes[1]]
    look: dict[str, Any] = {"facecolors": [c for _, c in faces], "edgecolors": [c for _, c in faces], "linewidths": 0.4}
    if space == 3:
        from mpl_toolkits.mplot3d.art3d import Line3DCollection, Poly3DCollection

        if faces:
            panel.add_collection3d(Poly3DCollection([p for p, _ in faces], alpha=0.25, **look))
        if lines:
            colours = [c for _, c in lines]
            panel.add_collection3d(Line3DCollection([p for p, _ in lines], colors=colours, linewidths=1.8))
    else:
        panel.add_collection(PolyCollection([p for p, _ in faces], alpha=0.45, **look))
        panel.add_collection(LineCollection([p for p, _ in lines], colors=[c for _, c in lines], linewidths=1.8))
    for points, colour in shapes[0]:
        panel.plot(*points[0][:, None], marker="o", ms=4, color=colour, mec=INK, mew=0.5)


def _ends(points: Points) -> Points:
    """The two points farthest apart along a segment."""
    main = points[np.argmax(np.linalg.norm(points - points[0], axis=1))] - points[0]
    along = points @ main
    return points[[int(np.argmin(along)), int(np.argmax(along))]]


def _hull(points: Points) -> Points:
    """The corners of the convex hull of points in a plane, in order."""
    centred = points - points.mean(axis=0)
    plane = np.linalg.svd(centred, full_matrices=False)[2][:2] if points.shape[1] > 2 else np.eye(2)
    flat = centred @ plane.T
    order = np.lexsort((flat[:, 1], flat[:, 0])).tolist()

    def chain(indices: Iterable[int]) -> list[int]:
        found: list[int] = []
        for i in indices:
            while len(found) > 1:
                a, b = flat[found[-1]] - flat[found[-2]], flat[i] - flat[found[-2]]
                if a[0] * b[1] - a[1] * b[0] > 0:
                    break
                found.pop()
            found.append(i)
        return found[:-1]

    corners = chain(order) + chain(order[::-1])
    return points[corners or order[:1]]


def _components(image: ImageComplex) -> list[int]:
    """For every finite cell the least cell in its component, a vertex; cells at infinity are left alone."""
    label = list(range(len(image)))

    def root(c: int) -> int:
        while label[c] != c:
            label[c] = label[label[c]]
            c = label[c]
        return c

    for c in range(len(image)):
        if image.is_finite(c):
            for f in image.facets[c]:
                if image.is_finite(f):
                    a, b = sorted((root(c), root(f)))
                    label[b] = a
    return [root(c) for c in range(len(image))]


def _colours(stages: Sequence[Stage]) -> list[dict[int, str]]:
    """The colours of the finite cells of each image: that of the first component of X in their component."""
    found: list[dict[int, str]] = []
    where: list[int] = []
    for stage in stages:
        roots = _components(stage.image)
        if found:
            where = [stage.chains[v][0][0] for v in where]
        else:
            where = sorted({roots[c] for c in range(len(roots)) if stage.image.is_finite(c)})
        colour: dict[int, str] = {}
        for i, v in enumerate(where):
            colour.setdefault(roots[v], COLOURS[i % len(COLOURS)])
        found.append({c: colour[root] for c, root in enumerate(roots) if root in colour})
    return found
