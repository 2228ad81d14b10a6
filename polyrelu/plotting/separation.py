"""The figure of a separation: depth against width."""

from __future__ import annotations

import os
from typing import Any

from polyrelu.analysis.separation import Separation, shallow_bound
from polyrelu.constructions.budget import ShellSearch, best_shallow
from polyrelu.plotting.figure import new_figure, save_figure
from polyrelu.plotting.palette import COLOURS, GREY, MARKERS

DEPTHS = 6
"""Maximum number of depths that are drawn as lines: the shallowest ones."""


def plot_separation(result: Separation, path: str | os.PathLike[str]) -> None:
    """Draw a separation for all numbers of neurons up to that of `result`, on a log scale, into a file.

    Parameters
    ----------
    result : Separation
        The outcome of `separation`.
    path : str or path
        The file; its suffix is the format (.png, .svg, .pdf).

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    FileError
        If the file cannot be written.

    Notes
    -----
    Lines with markers: the constructed networks of 2, 3, … hidden layers. Black: the upper bound for networks with one
    hidden layer; dashed: the best constructed one. Dotted vertical: `result.threshold`. The markers at the right end
    are filled for networks that `result` verified, hollow for predicted ones. Colours, markers and labels distinguish
    the depths.

    Examples
    --------
    >>> import polyrelu as pr
    >>> plot_separation(pr.separation(2, 12, seconds=0), "separation.svg")
    """
    figure = new_figure((8, 4.8))
    axes = figure.add_subplot()
    d, n, k = result.input_dim, result.neurons, result.degree
    budgets = list(range(1, n + 1))
    axes.plot(budgets, [_shown(shallow_bound(d, m, k)) for m in budgets], color="black", lw=2.2)
    axes.plot(budgets, [_shown(best_shallow(d, m, k).value(k)) for m in budgets], color="black", lw=1.2, ls="--")
    labels = [
        (shallow_bound(d, n, k), "1 layer: proved upper bound", "black"),
        (result.rows[0].value, "1 layer: constructed", "black"),
    ]
    search = ShellSearch(d, n, k)
    deep = [row for row in result.rows if 2 <= row.depth < 2 + DEPTHS]
    for row, colour, marker in zip(deep, COLOURS, MARKERS, strict=False):
        points = [(m, value) for m in budgets if (value := search.value(m, row.depth))]
        axes.plot(*zip(*points, strict=True), color=colour, lw=1.3, marker=marker, ms=3)
        face = colour if row.verified else "white"
        axes.plot([n], [row.value], color=colour, marker=marker, ms=8, mfc=face, mew=1.6, clip_on=False)
        labels.append((row.value, f"{row.depth} layers: {row.status}", colour))
    if result.threshold <= n:
        axes.axvline(result.threshold, color=GREY, ls=":", lw=1.4)
        axes.annotate(
            f"from {result.threshold} neurons on,\none layer cannot match",
            (result.threshold, 0.97), xycoords=("data", "axes fraction"), xytext=(-6, 0),
            textcoords="offset points", ha="right", va="top", color=GREY, fontsize=9,
        )  # fmt: skip
    _finish(axes, result, labels)
    save_figure(figure, path)


def _finish(axes: Any, result: Separation, labels: list[tuple[int, str, str]]) -> None:
    n = result.neurons
    axes.set_yscale("log")
    axes.set_xlim(1, max(n, 2))
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_ylim(bottom=0.8)
    symbol = r"$\Sigma_k\,\beta_k$" if result.degree is None else rf"$\beta_{result.degree}$"
    axes.set_xlabel("hidden neurons in all")
    axes.set_ylabel(f"{symbol} of {{F > 0}}")
    axes.set_title(f"Depth against width: {symbol} of {{F > 0}} in $R^{result.input_dim}$", loc="left", fontsize=11)
    axes.grid(True, which="major", color="#dddddd", lw=0.6)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.figure.canvas.draw()
    for y, text, colour in _spread(axes, labels):
        axes.annotate(
            text, (1, y), xycoords="axes fraction", xytext=(10, 0), textcoords="offset points",
            color=colour, va="center", fontsize=9, annotation_clip=False,
        )  # fmt: skip


def _spread(axes: Any, labels: list[tuple[int, str, str]], gap: float = 0.055) -> list[tuple[float, str, str]]:
    """The heights of the labels at the right end, as fractions of the axes, moved apart by at least `gap`."""
    to_axes = axes.transAxes.inverted()
    heights = sorted(
        (float(to_axes.transform(axes.transData.transform((1, _shown(value))))[1]), text, colour)
        for value, text, colour in labels
    )
    placed: list[tuple[float, str, str]] = []
    for y, text, colour in heights:
        lowest = placed[-1][0] + gap if placed else y
        placed.append((max(y, lowest), text, colour))
    return placed


def _shown(value: int) -> float:
    """A value on the log scale; nothing where it is 0."""
    return float(min(value, 10**300)) if value else float("nan")
