"""Makes the figures of docs/paper.md beside this file. Needs matplotlib: pip install 'polyrelu[plot]'."""

from __future__ import annotations

from math import atan2
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from polyrelu.analysis.pipeline import betti_numbers
from polyrelu.analysis.separation import separation
from polyrelu.constructions import lower_bound_network, paper_lower_bound, pareto_front, shells
from polyrelu.constructions.euler import euler_betti
from polyrelu.geometry.subdivision import subdivide
from polyrelu.paper.upper import proposition_18
from polyrelu.plotting import plot_separation

HERE = Path(__file__).parent
POSITIVE, OTHER, LINE = "#0072B2", "#F4F1E8", "#999999"


def draw_shells(axes: Any, architecture: tuple[int, ...], cuts: int, variant: Any) -> None:
    """All polygons of C(F, 0) in a window around the unit square, those with F > 0 dark."""
    box = [("-1/5", "6/5")] * 2
    cx = subdivide(shells(architecture, (cuts,), variant), level=0, domain=box)
    for i, sign in enumerate(cx.signs(2)):
        corners = [(float(x), float(y)) for x, y in cx.v_representation(2, i).vertices]
        x0, y0 = (sum(c) / len(corners) for c in zip(*corners, strict=True))
        corners.sort(key=lambda p: atan2(p[1] - y0, p[0] - x0))
        axes.fill(*zip(*corners, strict=True), fc=POSITIVE if sign > 0 else OTHER, ec=LINE, lw=0.15)
    axes.set_title(f"{'-'.join(map(str, architecture))}, {variant}, $c_1$ = {cuts}", fontsize=10)
    axes.set_aspect("equal")
    axes.set_xlim(-0.2, 1.2)
    axes.set_ylim(-0.2, 1.2)
    axes.tick_params(labelsize=8)
    axes.set_xlabel("$x_1$")
    axes.set_ylabel("$x_2$")


def draw_front(axes: Any, architecture: tuple[int, ...]) -> None:
    """The Pareto front of (β_0, β_1, β_2): the last two as coordinates, β_0 as text, the corner as marker."""
    seen = set()
    for point in pareto_front(architecture):
        used = [a for a, c in zip(point.corner or (), point.cuts, strict=False) if c]
        kind = "interior" if point.corner is None or used == [0] else "paper, $a_2$ = " + str(point.corner[-1])
        marker, colour = {"interior": ("s", "#009E73")}.get(kind, ("o", "#0072B2"))
        if kind.endswith("1"):
            marker, colour = "^", "#D55E00"
        _, b1, b2 = point.betti
        axes.plot(b1, b2, marker, color=colour, ms=6, label=None if kind in seen else kind)
        axes.annotate(str(point.betti[0]), (b1, b2), xytext=(4, 4), textcoords="offset points", fontsize=7)
        seen.add(kind)
    axes.legend(fontsize=8, frameon=False)
    axes.set_xlabel(r"$\beta_1$")
    axes.set_ylabel(r"$\beta_2$")
    axes.set_title(f"{'-'.join(map(str, architecture))}: numbers are $\\beta_0$", fontsize=10)


def draw_growth(lower: Any, euler: Any, upper: Any) -> None:
    """Corollaries 2, 14 and 4: numbers against the stated exponents; hollow: also computed from the network."""
    depths = range(1, 8)
    m = [2**depth for depth in depths]
    for d, k, colour in ((2, 0, "#0072B2"), (2, 1, "#56B4E9"), (3, 0, "#D55E00"), (3, 2, "#E69F00")):
        architectures = [(d, *[2 * d] * depth, 4 * d, 1) for depth in depths]
        values = [paper_lower_bound(a)[k] for a in architectures]
        lower.loglog(m, [v or float("nan") for v in values], "o-", color=colour, ms=4, label=f"d = {d}, $\\beta_{k}$")
        stated = d if k == 0 else k
        lower.loglog(m, [values[-1] * (x / m[-1]) ** stated for x in m], "--", color=colour, lw=0.9)
        for x, a in zip(m[:3], architectures, strict=False):
            found = betti_numbers(lower_bound_network(a))[k]
            if found:
                lower.loglog([x], [found], "s", mfc="none", color=colour, ms=8)
    lower.set_title("Corollary 2 (dashed: as stated)", fontsize=10)
    for d, colour in ((2, "#0072B2"), (3, "#D55E00")):
        architectures = [(d, *[2 * d] * depth, 4 * d, 1) for depth in depths]
        paper = [sum((-1) ** k * b for k, b in enumerate(paper_lower_bound(a))) for a in architectures]
        balls = [sum(euler_betti(a)) for a in architectures]
        euler.loglog(m, paper, "o-", color=colour, ms=4, label=f"d = {d}, the theorem's numbers")
        euler.loglog(m, balls, "^-", color=colour, ms=4, alpha=0.6, label=f"d = {d}, balls on a grid")
        euler.loglog(m, [balls[-1] * (x / m[-1]) ** d for x in m], "--", color=colour, lw=0.9)
    euler.set_title(r"Corollary 14: $\chi$ (dashed: $M^d$)", fontsize=10)
    for axes in (lower, euler):
        axes.set_xlabel("M")
    widths = [2**e for e in range(2, 9)]
    for k, stated, colour in ((0, 3, "#0072B2"), (1, 9, "#D55E00"), (2, 3, "#009E73")):
        values = [proposition_18((3, n, n, 1))[k] for n in widths]
        product = [n * n for n in widths]
        upper.loglog(product, [float(v) for v in values], "o-", color=colour, ms=4, label=f"d = 3, $\\beta_{k}$")
        upper.loglog(product, [values[0] * (x / product[0]) ** stated for x in product], "--", color=colour, lw=0.9)
    upper.set_xlabel("$n_1 n_2$")
    upper.set_title("Corollary 4: Proposition 18 (dashed: as stated)", fontsize=10)
    for axes in (lower, euler, upper):
        axes.legend(fontsize=7, frameon=False)
        axes.tick_params(labelsize=8)


def draw_paper() -> None:
    """The Pareto front, and growth."""
    figure = Figure(figsize=(5.6, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    draw_front(figure.subplots(), (3, 6, 6, 6, 1))
    figure.savefig(HERE / "front.png", dpi=110, metadata={"Software": None})
    figure = Figure(figsize=(11, 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    draw_growth(*figure.subplots(1, 3))
    figure.savefig(HERE / "growth.png", dpi=100, metadata={"Software": None})


def main() -> None:
    """Write all figures."""
    draw_paper()
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    draw_shells(left, (2, 8, 6, 1), 3, "paper")
    draw_shells(right, (2, 8, 6, 1), 6, "interior")
    figure.savefig(HERE / "shells.png", dpi=110, metadata={"Software": None})
    plot_separation(separation(2, 24), HERE / "separation-2.png")
    plot_separation(separation(3, 30), HERE / "separation-3.png")


if __name__ == "__main__":
    main()
