"""Makes the figures of docs/study.md beside this file, from examples/simplification. Needs matplotlib."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import polyrelu as pr

HERE = Path(__file__).parent
STORED = HERE.parents[1] / "examples" / "simplification"
COLOURS = ("#0072B2", "#D55E00", "#009E73")


def draw_epochs(axes: Any, epochs: list[int], numbers: list[list[int]], title: str) -> None:
    """The Betti numbers of a class at the epochs that were looked at."""
    for k, values in enumerate(zip(*numbers, strict=True)):
        # Numbers that agree lie beside each other.
        axes.plot(range(len(epochs)), [x + 0.06 * k for x in values], ".-", color=COLOURS[k], label=f"$\\beta_{k}$")
    axes.set_title(title, fontsize=9)
    axes.set_xticks(range(len(epochs)), [str(e) for e in epochs], rotation=90, fontsize=7)
    axes.set_yticks(range(1 + max(map(max, numbers))))
    axes.tick_params(axis="y", labelsize=8)
    axes.legend(fontsize=7, frameon=False)


def main() -> None:
    """Write both figures."""
    results = json.loads((STORED / "results.json").read_text(encoding="utf-8"))
    figure = Figure(figsize=(10, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    for column, name in zip(figure.subplots(2, 3).T, ("discs_20-12", "tori_8-6", "shells_8-5"), strict=True):
        for axes, key, relation in zip(column, "AB", "><", strict=True):
            title = f"{name.replace('_', ' ')}: {{F {relation} 0}}"
            draw_epochs(axes, results["epochs"], results["networks"][name]["epochs"][key], title)
    figure.supxlabel("epoch", fontsize=9)
    figure.savefig(HERE / "study_epochs.png", dpi=90, metadata={"Software": None})
    net = pr.load(STORED / "discs_20-12.npz")
    pr.plot_layers(net, relation=">=", domain=[("-5/4", "5/4")] * 2).savefig(HERE / "study_layers.png", dpi=80)


if __name__ == "__main__":
    main()
