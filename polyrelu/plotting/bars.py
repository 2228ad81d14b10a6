"""Pictures of persistent homology: barcodes, diagrams, and Betti numbers over the levels."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu.analysis.barcode import Persistence
from polyrelu.errors import InputError
from polyrelu.exact.rational import describe
from polyrelu.plotting.figure import check_suffix, new_figure, save_figure
from polyrelu.plotting.palette import COLOURS, GREY, INK, MARKERS

KINDS = ("barcode", "diagram", "betti")
MARGIN = 0.12
"""What is drawn beyond the least and the largest critical level, as a part of their distance."""
NAMED = 30
"""Maximum number of points of a diagram whose multiplicities are written beside them."""
SHORT = 0.005
"""Bars that are shorter than this part of the width are drawn as ticks."""
VECTORS = 5000
"""Maximum number of bars that are drawn as vectors in .svg and .pdf files."""

Floats = npt.NDArray[np.float64]


def plot_persistence(
    found: Persistence,
    path: str | os.PathLike[str] | None = None,
    *,
    kind: str = "barcode",
    ax: Any = None,
    title: str | None = None,
) -> Any:
    """Draw the bars of a persistent homology as a barcode, as a diagram or as Betti numbers over the levels.

    Parameters
    ----------
    found : Persistence
        What `persistence` found.
    path : str or path-like, optional
        Where to write the figure; .png, .svg or .pdf.
    kind : str, default "barcode"
        "barcode": a line from birth to death for every bar. "diagram": a point (birth, death) for every bar. "betti":
        the number of bars alive at t, over t.
    ax : matplotlib.axes.Axes, optional
        Where to draw. The default is a new figure.
    title : str, optional
        A title in place of the default one.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.

    Raises
    ------
    InputError
        If an argument is wrong, or a level exceeds all doubles.
    FileError
        If the path has another suffix or the file cannot be written.
    MissingDependencyError
        If matplotlib is not installed.

    Notes
    -----
    A bar that is infinite on one side ends at the edge of the picture in an arrowhead. In a diagram such ends lie on
    the dashed lines ∞ and −∞ outside of all levels, and numbers beside a point say how many bars it stands for, degree
    by degree. Betti numbers do not change beyond the edges. Levels are those of F, also for superlevel sets, whose bars
    go from right to left and whose points are below the diagonal.

    Examples
    --------
    >>> import polyrelu as pr
    >>> found = pr.persistence(pr.shells((2, 4, 4, 2, 1), [2]))
    >>> figure = pr.plot_persistence(found, "bars.svg")
    >>> figure = pr.plot_persistence(found, kind="betti")
    """
    if not isinstance(found, Persistence):
        raise InputError(f"plot_persistence: expected what persistence returns, got {describe(found)}")
    if not isinstance(kind, str) or kind not in KINDS:
        raise InputError(f"kind: expected one of {', '.join(KINDS)}, got {describe(kind)}")
    if title is not None and not isinstance(title, str):
        raise InputError(f"title: expected a text, got {describe(title)}")
    if path is not None:
        check_suffix(path)
    low, high = _range(found)
    if ax is None:
        ax = new_figure((6.4, 5.6) if kind == "diagram" else (7.2, 4.4)).add_subplot()
    elif not hasattr(ax, "add_collection"):
        raise InputError(f"ax: expected axes of matplotlib, got {describe(ax)}")
    {"barcode": _draw_bars, "diagram": _draw_points, "betti": _draw_curves}[kind](ax, found, low, high)
    sets = r"F \geq t" if found.superlevel else r"F \leq t"
    over = f"F_{found.field}" if found.field else "Q"
    names = {"barcode": "Bars", "diagram": "Births and deaths", "betti": "Betti numbers"}
    ax.set_title(f"{names[kind]} of $\\{{{sets}\\}}$ over ${over}$" if title is None else _plain(title), fontsize=11)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    figure = ax.figure
    if path is not None:
        save_figure(figure, path)
    return figure


def _plain(text: str) -> str:
    return text.replace("$", r"\$")


def _ends(found: Persistence) -> list[Floats]:
    """The births and deaths by degree, as levels of F."""
    return [-x if found.superlevel else x for x in found.arrays()]


def _range(found: Persistence) -> tuple[float, float]:
    """The levels that are drawn: all critical ones and a margin."""
    if not found.critical_levels:
        return -1.0, 1.0
    try:
        least, most = float(found.critical_levels[0]), float(found.critical_levels[-1])
    except OverflowError:
        least = most = np.inf
    size = most - least or abs(most) or 1.0
    low, high = least - MARGIN * size, most + MARGIN * size
    if not np.isfinite([low, high, high - low]).all():
        raise InputError("plot_persistence: the critical levels are too large to be drawn with doubles")
    return low, high


def _draw_bars(ax: Any, found: Persistence, low: float, high: float) -> None:
    from matplotlib.collections import LineCollection

    diagrams = _ends(found)
    n = sum(map(len, diagrams))
    width = float(np.clip(140 / max(n, 1), 0.4, 5))
    row, ticks = 0.0, []
    for k, rows in enumerate(diagrams):
        colour = COLOURS[k % len(COLOURS)]
        if not len(rows):
            continue
        heights = row + np.arange(len(rows))
        x = np.clip(rows, low, high)
        segments = np.stack([np.column_stack((x[:, i], heights)) for i in (0, 1)], axis=1)
        ax.add_collection(
            LineCollection(list(segments), colors=colour, linewidths=width, rasterized=n > VECTORS, capstyle="butt")
        )
        short = np.abs(x[:, 1] - x[:, 0]) < SHORT * (high - low)
        ax.plot(x[short, 0], heights[short], "|", color=colour, ms=width + 1, mew=1, lw=0, rasterized=n > VECTORS)
        for edge, marker in ((low, "<"), (high, ">")):
            infinite = heights[(np.isinf(rows) & (x == edge)).any(axis=1)]
            if not len(infinite):
                continue  # a line without points would count at the corner of the figure
            ax.plot(
                np.full(len(infinite), edge), infinite, marker, color=colour, ms=max(1.6 * width, 2.5), clip_on=False,
                lw=0, rasterized=n > VECTORS,
            )  # fmt: skip
        ticks.append((row + (len(rows) - 1) / 2, f"$H_{{{k}}}$: {len(rows)}", colour))
        row += len(rows) + max(1.0, 0.03 * n)
    ax.set_xlim(low, high)
    ax.set_ylim(max(row, 1), -1)
    ax.set_yticks([place for place, _, _ in ticks], [text for _, text, _ in ticks])
    for label, (_, _, colour) in zip(ax.get_yticklabels(), ticks, strict=True):
        label.set_color(colour)
    ax.tick_params(axis="y", length=0, pad=9)  # beyond arrowheads
    ax.spines["left"].set_visible(False)
    ax.set_xlabel("$t$")
    ax.grid(True, axis="x", color="#dddddd", lw=0.6)
    ax.set_axisbelow(True)


def _draw_points(ax: Any, found: Persistence, low: float, high: float) -> None:
    size = high - low
    before, after = low - 0.06 * size, high + 0.06 * size  # where -∞ and ∞ are drawn
    diagrams = _ends(found)
    points = [Counter(map(tuple, np.nan_to_num(x, posinf=after, neginf=before).tolist())) for x in diagrams]
    ax.plot([low, high], [low, high], color=GREY, lw=1)
    births, deaths = ({point[side] for of_degree in points for point in of_degree} for side in (0, 1))
    for end, text in ((before, "−∞"), (after, "∞")):
        if end in births:
            ax.axvline(end, color=GREY, lw=0.8, ls="--")
            ax.annotate(text, (end, 1.01), xycoords=("data", "axes fraction"), ha="center", color=INK)
        if end in deaths:
            ax.axhline(end, color=GREY, lw=0.8, ls="--")
            ax.annotate(text, (1.01, end), xycoords=("axes fraction", "data"), va="center", color=INK)
    few = sum(map(len, points)) <= NAMED
    for k, of_degree in enumerate(points):
        if not of_degree:
            continue
        colour = COLOURS[k % len(COLOURS)]
        x, y = np.array(list(of_degree)).T
        ax.plot(
            x, y, MARKERS[k % len(MARKERS)], color=colour, ms=6 if few else 3, mfc="none", mew=1.4, clip_on=False,
            label=f"$H_{{{k}}}$: {of_degree.total()}",
        )  # fmt: skip
    for point in set().union(*points) if few else ():
        numbers = [of_degree[point] for of_degree in points if point in of_degree]
        if numbers != [1]:
            text = " + ".join(map(str, numbers))
            ax.annotate(text, point, xytext=(6, 5), textcoords="offset points", color=INK, fontsize=9)
    ax.set_xlim(before - 0.03 * size, after + 0.03 * size)
    ax.set_ylim(before - 0.03 * size, after + 0.03 * size)
    ax.set_aspect("equal")
    ax.set_xlabel("birth $t$")
    ax.set_ylabel("death $t$")
    ax.legend(frameon=False, loc="lower right" if not found.superlevel else "upper left")


def _draw_curves(ax: Any, found: Persistence, low: float, high: float) -> None:
    steps = np.array([low, *map(float, found.critical_levels), high])
    for k, counts in enumerate(found.betti_between().T):
        ax.stairs(
            counts, steps, baseline=None, color=COLOURS[k % len(COLOURS)], lw=2.6 - 0.5 * min(k, 3),
            ls=("-", "--", "-.", ":")[k % 4], label=rf"$\beta_{{{k}}}$",
        )  # fmt: skip
    ax.set_xlim(low, high)
    ax.set_ylim(bottom=-0.05 * max(1, ax.get_ylim()[1]))
    ax.yaxis.get_major_locator().set_params(integer=True)
    ax.set_xlabel("$t$")
    ax.grid(True, axis="y", color="#dddddd", lw=0.6)
    ax.set_axisbelow(True)
    ax.legend(frameon=False)
