"""Makes the figures of docs/paper.md beside this file. Needs matplotlib: pip install 'polyrelu[plot]'."""

from __future__ import annotations

from math import atan2
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from polyrelu.constructions import shells
from polyrelu.plotting import plot_separation
from polyrelu.separation import separation
from polyrelu.subdivide import subdivide

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


def main() -> None:
    """Write all figures."""
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
