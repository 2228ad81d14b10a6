"""Pictures for papers: TikZ code with exact coordinates, which LaTeX sets in the fonts of the document."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Unpack

from polyrelu.errors import FileError, InputError, LimitError
from polyrelu.exact.limits import read_flag
from polyrelu.exact.rational import describe, exact, show
from polyrelu.export.latex_text import decimal
from polyrelu.files import checked_path, replacing
from polyrelu.geometry.subdivision import Options
from polyrelu.plotting.draw import check_options, is_solid
from polyrelu.plotting.scene import Scene, make_scene
from polyrelu.plotting.subject import CycleLike
from polyrelu.plotting.tikz_numbers import Axis, Writer, read_digits, read_numbers
from polyrelu.plotting.tikz_picture import Picture
from polyrelu.plotting.tikz_plane import LABELS, draw_line, draw_plane
from polyrelu.plotting.tikz_space import draw_solid, read_view

SUFFIX = ".tex"
MOST = 10_000
"""Maximum number of regions or faces: LaTeX needs a minute and most of its memory for twice as many."""
WIDTH = 8
"""The longer side of a picture in centimetres."""
DOCUMENT = "\\documentclass[tikz, border=4pt]{standalone}\n\\begin{document}\n%s\\end{document}\n"


class Tikz:
    """A picture in the language of TikZ; `str` and the attribute `text` are its code."""

    def __init__(self, text: str) -> None:
        self.text = text
        """The code."""

    def __repr__(self) -> str:
        return f"Tikz({self.text.count(chr(10)):,} lines)"

    def __str__(self) -> str:
        return self.text


def plot_tikz(
    obj: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    level: Any = None,
    relation: str | None = None,
    domain: Any = None,
    window: Any = None,
    color: str | None = None,
    graph: bool = False,
    cycles: Iterable[CycleLike] = (),
    coarse: bool | None = None,
    points: Any = None,
    labels: Any = None,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    palette: Any = None,
    aspect: str = "auto",
    legend: bool = True,
    axes: bool = True,
    region_labels: str | None = None,
    numbers: str = "decimal",
    digits: int | None = None,
    width: Any = WIDTH,
    view: Any = (-58, 24),
    standalone: bool = False,
    **options: Unpack[Options],
) -> Tikz:
    r"""A picture for a paper, as TikZ code with exact coordinates.

    Parameters
    ----------
    obj : Network, PolyhedralComplex, Region, FormulaRegion, Partition, ClassRegion or DecisionBoundary
        What is drawn, as for `plot`.
    path : str or path-like, optional
        The .tex file to which the code is written as well, for \input.
    level, relation, domain, window, color, graph, cycles, coarse : optional
        As for `plot`. Cells are cut off at the window exactly.
    points, labels, feature_names, class_names, palette, aspect, legend : optional
        As for `plot`.
    axes : bool, default True
        Whether there are a frame, ticks and the names of the inputs.
    region_labels : str, optional
        For two inputs, what stands in each region: "number" (in the comments of the file, and, unless something was cut
        off, in the complex), "pattern" or "map".
    numbers : str, default "decimal"
        "decimal": coordinates are decimals, correctly rounded, and a comment beside one that was rounded has it
        exactly. "fraction": coordinates are exact, such as {1/3}, which TeX evaluates; numerators or denominators above
        16383 need \fpeval, which is part of LaTeX since June 2022.
    digits : int, optional
        The digits of decimals after the point, at most 15. The default is enough for a millionth of the smaller side.
    width : exact number, default 8
        The longer side of the window, in centimetres; in space, of the whole picture, about.
    view : pair of numbers, default (-58, 24)
        In space, the direction from which the picture is seen: its azimuth and its elevation, in degrees.
    standalone : bool, default False
        Whether the code is a document of its own; otherwise it is one tikzpicture for a document that loads tikz.
    **options
        The options `max_cells`, `max_memory`, `threads` and `progress` of `subdivide`.

    Returns
    -------
    Tikz
        The code: `str` of it, or its attribute `text`.

    Raises
    ------
    InputError
        If there are more than three inputs, or the arguments do not fit together.
    LimitError
        If there are more regions or faces than LaTeX can take (10,000), or a fraction is too long for TeX.
    FileError
        If the path does not end in .tex or the file cannot be written.
    PolyreluError
        Any error that `subdivide` raises.

    Notes
    -----
    What is drawn is what `plot` draws, without a title: what `plot` writes there is in the comments at the beginning.
    Every vertex is a coordinate with a name, such as (v3), in the units of the inputs; only for a window that is far
    from 0, very large or very small are they others, which a comment defines, as TeX computes with numbers below 16384.

    The styles are "polyrelu above", "polyrelu below", "polyrelu level" (of F > t, F < t and F = t), "polyrelu class 0",
    "polyrelu tie", "polyrelu inside", "polyrelu outside", "polyrelu colour 0", "polyrelu edge", "polyrelu boundary",
    "polyrelu point", "polyrelu cycle 0", "polyrelu data 0", "polyrelu frame", "polyrelu label" and "polyrelu legend".
    To change some in all pictures of a document, write before them

        \tikzset{every polyrelu picture/.style={polyrelu edge/.style={draw=red}}}

    Three inputs, and graphs over the plane, are drawn in a parallel projection: the vectors of the axes are in the
    options of the picture, and coordinates stay those in space. Faces are painted from back to front. What is in front
    is decided in floating point, so that faces that nearly touch may be in the wrong order.

    Examples
    --------
    >>> import polyrelu as pr
    >>> picture = pr.plot_tikz(pr.from_expression("1 - 3*|x| - |y|"), "diamond.tex", numbers="fraction")
    >>> print(*(line for line in str(picture).splitlines() if "({1/3}, 0)" in line))
    \coordinate (v12) at ({1/3}, 0);
    """
    check_options(options, "plot_tikz")
    if path is not None:
        check_tikz(path)
    choices: dict[str, Any] = {
        "legend": read_flag(legend, "legend"), "axes": read_flag(axes, "axes"), "width": _width(width),
        "region_labels": _labels(region_labels), "view": read_view(view),
    }  # fmt: skip
    kind = read_numbers(numbers)
    places = read_digits(digits, kind)
    is_document = read_flag(standalone, "standalone")
    scene = make_scene(
        obj, options, level=level, relation=relation, domain=domain, window=window, color=color, graph=graph,
        cycles=cycles, coarse=coarse, points=points, labels=labels, feature_names=feature_names,
        class_names=class_names, palette=palette, aspect=aspect,
    )  # fmt: skip
    text = _text(scene, kind, places, choices)
    found = Tikz(DOCUMENT % text if is_document else text)
    if path is not None:
        with replacing(path) as draft:
            draft.write_text(found.text, encoding="utf-8")
    return found


def check_tikz(path: str | os.PathLike[str]) -> None:
    """FileError unless the path ends in .tex."""
    shown, target = checked_path(path)
    if Path(target).suffix.lower() != SUFFIX:
        raise FileError(f"{shown}: a TikZ picture is {SUFFIX}", shown)


def _text(scene: Scene, kind: str, places: int | None, choices: dict[str, Any]) -> str:
    count = scene.clipped.n_cells(2) if scene.dim > 1 else scene.clipped.n_cells(1)
    if scene.dim < 3 and count > MOST:
        raise LimitError(f"plot_tikz: {count:,} regions are more than LaTeX takes ({MOST:,}); choose a smaller window")
    if choices["region_labels"] is not None and (scene.dim != 2 or scene.graph):
        raise InputError("region_labels: expected a picture of the plane")
    if is_solid(scene):
        picture, axes = draw_solid(scene, kind, places, MOST, **choices)
    else:
        axes = []

        def make(found: Sequence[Axis], sides: Sequence[Fraction]) -> Picture:
            axes.extend(found)
            pairs = zip("xy", found, sides, strict=True)
            units = [f"{name}={decimal(choices['width'] * side / axis.side, 6)}cm" for name, axis, side in pairs]
            return Picture(Writer(found, kind, places), units)

        draw = draw_line if scene.dim == 1 else draw_plane
        picture = draw(scene, make, **choices)
    return picture.text(_head(scene, picture.writer, axes))


def _head(scene: Scene, writer: Writer, axes: Sequence[Axis]) -> list[str]:
    """The comments at the beginning: what is drawn, and how coordinates are written."""
    lines = ["A TikZ picture by polyrelu; it needs \\usepackage{tikz}."]
    lines += [line for line in scene.title.replace("\u2009", ",").split("\n") if line]
    if writer.kind == "decimal":
        how = "comments have the exact values of those that were rounded" if writer.is_rounded else "none was rounded"
        lines.append(f"Coordinates: decimals with at most {writer.places} digits after the point; {how}.")
    else:
        lines.append("Coordinates: exact fractions, which TeX evaluates.")
    names = ["x", "F(x)"] if scene.dim == 1 else ["x_1", "x_2", "F(x)" if scene.graph else "x_3"]
    for name, letter, axis in zip(names, "XYZ", axes, strict=False):
        if not axis.is_plain:
            meaning = f"{name} = {show(axis.shift)} + {show(axis.unit)} {letter}"
            lines.append(f"The coordinate {letter} of the picture means {meaning}.")
    return lines


def _width(width: Any) -> Fraction:
    found = exact(width, "width")
    if not 1 <= found <= 50:
        raise InputError(f"width: expected a number of centimetres from 1 to 50, got {describe(width)}")
    return found


def _labels(kind: Any) -> str | None:
    if kind is not None and (not isinstance(kind, str) or kind not in LABELS):
        raise InputError(f"region_labels: expected one of {', '.join(LABELS)}, got {describe(kind)}")
    return kind
