"""The picture of a record: what was recorded over the epochs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from polyrelu.errors import InputError, visible
from polyrelu.exact.floats import to_double
from polyrelu.exact.rational import describe, entries
from polyrelu.plotting.data import check_name
from polyrelu.plotting.figure import check_axes, check_suffix, new_figure, save_figure
from polyrelu.plotting.palette import COLOURS, GREY, INK, read_colour, tints
from polyrelu.training.rows import TrainingRow, by_class, has_classes
from polyrelu.training.settings import QUANTITIES, Settings

NAMES = {"betti": "Betti numbers", "regions": "regions", "critical_levels": "critical levels"}
STYLES = ("-", "--", "-.", ":")
GAP = "#EBEBEB"
"""The colour of epochs at which a quantity was not computed."""
DOTS = 60
"""Up to so many rows are marked by dots."""
INSIDE = 6
"""Up to so many entries of a legend stand within the axes."""
LETTER = 0.0095
"""The width of a letter in a lane, as a part of the width of the axes."""
MOST = 1e300
"""Numbers beyond it are left out, as those that are not finite: the ends of an axis would overflow."""
_RUN, _LANE = "training-run-", "training-lane"

Floats = npt.NDArray[np.float64]


def draw(
    rows: Sequence[TrainingRow],
    settings: Settings,
    path: str | os.PathLike[str] | None,
    *,
    quantity: Any,
    ax: Any,
    label: Any,
    color: Any,
    title: Any,
) -> Any:
    """The figure that `TrainingRecorder.plot` describes."""
    if path is not None:
        check_suffix(path)
    for value, where in ((label, "label"), (title, "title")):
        if value is not None:
            check_name(value, where)
    chosen = None if color is None else read_colour(color, "color")
    panels = None if ax is None else _axes(ax)
    names = _names(rows, quantity, panels)
    if panels is None:
        heights = [_height(rows, name, label) for name in names]
        figure = new_figure((7.2, 0.9 + sum(heights)))
        grid = {"squeeze": False, "gridspec_kw": {"height_ratios": heights}}
        panels = list(figure.subplots(len(names), 1, sharex=True, **grid)[:, 0])
        title = f"{'Classes' if has_classes(rows) else settings.region}, epoch by epoch" if title is None else title
    for drawn in [_Panel(ax, rows, settings, name, label, chosen) for ax, name in zip(panels, names, strict=True)]:
        drawn.draw()
    for panel in panels[:-1]:
        panel.set_xlabel("")
    if title is not None:
        panels[0].set_title(visible(title), fontsize=11, parse_math=False)
    if path is not None:
        save_figure(panels[0].figure, path)
    return panels[0].figure


def _whole_numbers(axis: Any) -> None:
    """Ticks at integers, unless the axes that were given have ticks of their own, or another scale."""
    from matplotlib.ticker import MaxNLocator

    if isinstance(locator := axis.get_major_locator(), MaxNLocator):
        locator.set_params(integer=True)


def _n_classes(rows: Sequence[TrainingRow]) -> int:
    return max((len(by_class(row.betti)) for row in rows if row.betti is not None), default=0)


def _height(rows: Sequence[TrainingRow], name: str, label: str | None) -> float:
    """The height of a panel in inches."""
    in_lanes = name == "betti" and label is None and has_classes(rows)
    return max(0.25 * _n_classes(rows), 1.9) if in_lanes else 1.9


def _axes(ax: Any) -> list[Any]:
    """Axes of the plane, one or several."""
    items = ax.ravel().tolist() if isinstance(ax, np.ndarray) else list(ax) if isinstance(ax, (list, tuple)) else [ax]
    if not items:
        raise InputError("ax: expected axes of matplotlib, got none")
    for item in items:
        check_axes(item, is_solid=False)
    return items


def _names(rows: Sequence[TrainingRow], quantity: Any, panels: list[Any] | None) -> list[str]:
    """The names of what is drawn, as many as there are axes."""
    recorded = [name for name in QUANTITIES if any(name in row.asked for row in rows)]
    known = [*recorded, *dict.fromkeys(name for row in rows for name in row.metrics)]
    if not recorded:
        raise InputError("plot: nothing was recorded")
    if quantity is None:
        names = recorded[:1] if panels is not None and len(panels) == 1 else recorded
    else:
        items = [quantity] if isinstance(quantity, str) else entries(quantity, "quantity")
        if not items or any(not isinstance(name, str) or name not in known for name in items):
            wrong = next((x for x in items or () if not isinstance(x, str) or x not in known), quantity)
            raise InputError(f"quantity: expected some of {', '.join(known)}, got {describe(wrong)}")
        names = list(items)
    if panels is not None and len(panels) != len(names):
        raise InputError(f"ax: expected {len(names)} axes, one for each of {', '.join(names)}, got {len(panels)}")
    return names


class _Panel:
    """One quantity of one run in one set of axes."""

    def __init__(
        self, ax: Any, rows: Sequence[TrainingRow], settings: Settings, name: str, label: str | None, color: str | None
    ) -> None:
        self._ax, self._settings, self._name = ax, settings, name
        self._rows = [row for row in rows if name in row.asked or name in row.metrics]
        self._x = np.array([row.epoch for row in self._rows], np.float64)
        runs = {line.get_gid() for line in ax.lines if str(line.get_gid()).startswith(_RUN)}
        self._gid = f"{_RUN}{len(runs)}"
        self._label = None if label is None else visible(label).replace("$", r"\$")
        self._colour = COLOURS[len(runs) % len(COLOURS)] if color is None and label is not None else color
        self._classes = has_classes(rows)
        self._in_lanes = name == "betti" and label is None and self._classes
        if name == "betti" and not self._in_lanes and any(bar.get_gid() == _LANE for bar in ax.patches):
            raise InputError("ax: it has lanes of classes; to compare runs as lines, give the first one a label too")
        self._dots: dict[str, Any] = {"marker": "o", "ms": 3} if len(rows) <= DOTS else {}

    def draw(self) -> None:
        """Draw it."""
        ax = self._ax
        {"betti": self._betti, "regions": self._regions, "critical_levels": self._levels}.get(
            self._name, self._metric
        )()
        self._gaps()
        if self._name in ("betti", "regions") and not self._in_lanes:
            _whole_numbers(ax.yaxis)
            ax.set_ylim(auto=True)  # a run before this one has set the limits
            ax.relim()
            ax.autoscale_view(scalex=False)
            ax.set_ylim(bottom=-0.05 * max(1, ax.get_ylim()[1]))
        _whole_numbers(ax.xaxis)
        ax.set_xlabel("epoch")
        ax.set_ylabel(visible(NAMES.get(self._name, self._name)), parse_math=False)
        ax.grid(True, axis="y", color="#dddddd", lw=0.6)
        ax.set_axisbelow(True)
        for side in ("top", "right"):
            ax.spines[side].set_visible(False)
        self._legend()

    def _betti(self) -> None:
        if self._in_lanes:
            self._lanes()
            return
        known = [numbers for row in self._rows if (numbers := self._of(row))]
        for i in range(max(map(len, known), default=0)):
            for k in range(max(len(part) for betti in known for part in betti)):
                y = self._numbers(i, k)
                if not self._classes:
                    self._steps(y, rf"$\beta_{{{k}}}$", self._colour or COLOURS[k % len(COLOURS)], k)
                elif k == 0 or np.nansum(y):
                    self._steps(y, rf"class {i} $\beta_{{{k}}}$", self._colour or COLOURS[i % len(COLOURS)], k)

    def _lanes(self) -> None:
        """A lane for each class: a bar from change to change, with the Betti numbers; no bar where it is empty."""
        known = [row for row in self._rows if self._of(row)]
        n = _n_classes(self._rows)
        colours = tints(n)
        ends = dict(zip((row.epoch for row in self._rows), self._ends(), strict=True))
        width = max(ends.values()) - self._x[0]
        for i in range(n):
            bars: list[tuple[float, float, tuple[int, ...]]] = []
            for row in known:
                numbers = self._of(row)
                betti = numbers[i] if i < len(numbers) else ()
                if bars and bars[-1][2] == betti and bars[-1][1] == row.epoch:
                    bars[-1] = bars[-1][0], ends[row.epoch], betti
                else:
                    bars.append((row.epoch, ends[row.epoch], betti))
            for start, end, betti in bars:
                if any(betti):
                    face = self._colour or colours[i]
                    self._ax.barh(i, end - start, left=start, height=0.72, color=face, edgecolor=INK, lw=0.4, gid=_LANE)
                text = ", ".join(map(str, betti)) if any(betti) else "empty"
                if end - start > LETTER * (len(text) + 1) * width:
                    colour = INK if any(betti) else GREY
                    self._ax.text(
                        start + LETTER * width / 2, i, text, va="center", fontsize=7.5, color=colour, clip_on=True
                    )
        self._ax.set_yticks(range(n), [f"class {i}" for i in range(n)], fontsize=8)
        self._ax.set_ylim(n - 0.4, -0.6)

    def _of(self, row: TrainingRow) -> tuple[tuple[int, ...], ...]:
        """The Betti numbers of each class, or those of one region; none if they are not of the kind that is drawn."""
        numbers = () if row.betti is None else by_class(row.betti)
        return numbers if has_classes([row]) == self._classes else ()

    def _ends(self) -> list[float]:
        """Where the step of each row ends: at the next row, or as far on as rows are apart."""
        steps = np.diff(self._x)
        return [*map(float, self._x[1:]), float(self._x[-1] + (np.median(steps) if len(steps) else 1.0))]

    def _steps(self, y: Floats, name: str, colour: str, k: int) -> None:
        label = name if self._label is None else f"{self._label}: {name}"
        self._ax.step(
            self._x, y, where="post", color=colour, lw=2.4 - 0.5 * min(k, 3), ls=STYLES[k % len(STYLES)], label=label,
            gid=self._gid, **self._dots,
        )  # fmt: skip

    def _regions(self) -> None:
        y = np.array([np.nan if row.regions is None else float(row.regions) for row in self._rows])
        self._line(y)

    def _metric(self) -> None:
        self._line(np.array([float(row.metrics.get(self._name, np.nan)) for row in self._rows]))

    def _line(self, y: Floats) -> None:
        y = np.where(np.abs(y) < MOST, y, np.nan)
        style: dict[str, Any] = {"lw": 1.6, "gid": self._gid, **self._dots}
        self._ax.plot(self._x, y, color=self._colour or COLOURS[0], label=self._label, **style)

    def _levels(self) -> None:
        ax = self._ax
        points = [(row.epoch, to_double(x)) for row in self._rows for x in row.critical_levels or ()]
        x, y = np.array(points, np.float64).reshape(-1, 2).T
        finite = np.isfinite(y)
        ax.plot(
            x[finite], y[finite], ".", ms=3.5, color=self._colour or COLOURS[0], label=self._label, gid=self._gid, lw=0
        )
        at = f"level {self._settings.level}"
        if not any(line.get_label() == at for line in ax.lines):
            ax.axhline(to_double(self._settings.level), color=GREY, lw=1, ls="--", label=at)

    def _numbers(self, i: int, k: int) -> Floats:
        """Betti number k of class i, or of the region, at every epoch; NaN where it is not known."""
        found = np.full(len(self._rows), np.nan)
        for n, row in enumerate(self._rows):
            betti = self._of(row)
            if i < len(betti) and k < len(betti[i]):  # networks may have fewer inputs or outputs at times
                found[n] = betti[i][k]
        return found

    def _gaps(self) -> None:
        """What was not computed: on grey, or a cross below in the colour of the run."""
        missing = [i for i, row in enumerate(self._rows) if self._name in row.not_computed]
        if not missing:
            return
        if self._label is not None:
            self._ax.plot(
                self._x[missing], np.zeros(len(missing)), "x", ms=4, color=self._colour, gid=self._gid, clip_on=False,
                transform=self._ax.get_xaxis_transform(), label=f"{self._label}: not computed", lw=0,
            )  # fmt: skip
            return
        ends = self._ends()
        for n, i in enumerate(missing):
            label = None if n else "not computed"
            self._ax.axvspan(self._x[i], ends[i], color=GAP, lw=0, zorder=0, label=label)

    def _legend(self) -> None:
        labels = self._ax.get_legend_handles_labels()[1]
        if not labels:
            return
        if len(labels) <= INSIDE:
            self._ax.legend(framealpha=0.8, edgecolor="none", fontsize=8)
        else:
            self._ax.legend(
                frameon=False, fontsize=7, loc="upper left", bbox_to_anchor=(1.01, 1.02), borderaxespad=0,
                ncols=1 + len(labels) // 12,
            )  # fmt: skip
