"""What `TrainingRecorder.plot` draws is what was recorded."""

from __future__ import annotations

import math

import numpy as np
import pytest

import polyrelu as pr

matplotlib = pytest.importorskip("matplotlib")


def recorded(**options):
    recorder = pr.TrainingRecorder(max_cells=700, **options)
    for epoch, n in enumerate((4, 8, 12, 16, 8)):
        recorder(pr.shells((2, n, 3, 1), [1]), 2 * epoch, loss=1 / (epoch + 1))
    return recorder


def curves(ax):
    return {line.get_label(): np.array(line.get_data()).T.tolist() for line in ax.lines}


def test_the_curves_are_the_rows(tmp_path):
    recorder = recorded()
    figure = recorder.plot(tmp_path / "run.svg", quantity=["betti", "regions", "critical_levels", "loss"])
    betti, regions, levels, loss = figure.axes
    rows = recorder.rows
    assert [i for i, row in enumerate(rows) if row.betti is None] == [3] and rows[3].regions is not None
    for k in range(2):
        expected = [[row.epoch, math.nan if row.betti is None else row.betti[k]] for row in rows]
        assert np.array_equal(curves(betti)[rf"$\beta_{{{k}}}$"], expected, equal_nan=True)
    assert all(line.get_drawstyle() == "steps-post" for line in betti.lines)
    assert regions.lines[0].get_ydata().tolist() == [row.regions for row in rows]
    (grey,) = betti.patches
    assert (grey.get_x(), grey.get_width(), grey.get_label()) == (6, 2, "not computed")
    points = [[row.epoch, float(x)] for row in rows for x in row.critical_levels or ()]
    assert levels.lines[0].get_xydata().tolist() == points and "level 0" in curves(levels)
    assert loss.lines[0].get_ydata().tolist() == [row.metrics["loss"] for row in rows]
    assert betti.get_title() == "{F > 0}, epoch by epoch" and loss.get_xlabel() == "epoch"
    assert len(recorder.plot().axes) == 3


def test_several_runs_in_one_figure():
    first, second = recorded(), pr.TrainingRecorder()
    second(pr.shells((2, 12, 5, 1), [2]))
    figure = first.plot(label="first $1")
    second.plot(ax=figure.axes, label="second", title="Two runs")
    betti, regions, _ = figure.axes
    assert [text.get_text() for text in regions.get_legend().get_texts()] == [r"first \$1", "second"]
    crosses = curves(betti)[r"first \$1: not computed"]
    assert crosses == [[6, 0]] and not betti.patches
    colours = {line.get_label().split(":")[0]: line.get_color() for line in betti.lines}
    assert len(set(colours.values())) == 2
    assert betti.get_ylim()[1] > max(second.rows[0].betti)  # both fit
    assert betti.get_title() == "Two runs"
    (alone,) = matplotlib.figure.Figure().subplots(1, 1, squeeze=False)[0]
    assert second.plot(ax=alone, color="k") is alone.figure
    assert {line.get_color() for line in alone.lines} == {"#000000"} and alone.get_title() == ""


def test_classes_have_lanes():
    recorder = pr.TrainingRecorder(domain=[(-4, 4), (-4, 4)])
    for sign in (1, 1, -1, 1):  # empty, or the shells and what is around them
        recorder(pr.stack(pr.shells((2, 4, 3, 1), [1]).scaled(sign), pr.Network([[[0, 0]]], [[2 * sign]])))
    figure = recorder.plot(quantity="betti")
    (ax,) = figure.axes
    bars = [(patch.get_y() + 0.36, patch.get_x(), patch.get_width()) for patch in ax.patches]
    expected = []
    for i in range(2):
        runs = []
        for row in recorder.rows:
            if runs and runs[-1][2] == row.betti[i]:
                runs[-1][1] += 1
            else:
                runs.append([row.epoch, 1, row.betti[i]])
        expected += [(i, start, width) for start, width, betti in runs if any(betti)]
    assert np.allclose(bars, expected) and len(expected) >= 2
    assert [text.get_text() for text in ax.get_yticklabels()] == ["class 0", "class 1"]
    assert len(recorder.plot(quantity="betti", label="run").axes[0].lines) >= 2  # lines, where runs are compared


def test_axes_with_ticks_or_scales_of_their_own_and_numbers_without_bounds():
    recorder = pr.TrainingRecorder(domain=[(-1, 1)] * 2)
    for loss in (1e308, -1e308, math.inf, 2.0):
        recorder(pr.stack(pr.shells((2, 4, 3, 1), [1]), pr.Network([[[0, 0]]], [[0]])), loss=loss)
    figure = matplotlib.figure.Figure()
    regions, loss = figure.subplots(2)
    regions.set_xticks([0, 2])
    loss.set_yscale("log")
    recorder.plot(ax=[regions, loss], quantity=["regions", "loss"])
    figure.canvas.draw()
    assert regions.get_xticks().tolist() == [0, 2] and loss.get_yscale() == "log"
    assert np.array_equal(loss.lines[0].get_ydata(), [math.nan] * 3 + [2], equal_nan=True)


def test_one_region_and_classes_are_not_drawn_as_one_another():
    recorder = pr.TrainingRecorder(domain=[(-4, 4), (-4, 4)], quantities="betti")
    net = pr.shells((2, 4, 3, 1), [1])
    both = pr.stack(net, pr.Network([[[0, 0]]], [[0]]))
    for model in (net, both, net):
        recorder(model)
    (ax,) = recorder.plot().axes
    assert set(curves(ax)) == {r"$\beta_{0}$", r"$\beta_{1}$"}
    assert np.array_equal(ax.lines[0].get_ydata(), [2, math.nan, 2], equal_nan=True)
    recorder(both)
    figure = recorder.plot()
    assert [bar.get_x() for bar in figure.axes[0].patches if bar.get_y() < 0] == [1, 3]
    with pytest.raises(pr.InputError, match="ax: it has lanes of classes"):
        recorder.plot(ax=figure.axes, label="run")


def test_wrong_arguments():
    recorder, figure = recorded(), matplotlib.figure.Figure()
    axes = figure.subplots(2)
    for arguments, message in (
        ({"quantity": "torsion"}, "quantity: expected some of betti, regions, critical_levels, loss"),
        ({"quantity": []}, "quantity"),
        ({"ax": axes}, "ax: expected 3 axes"),
        ({"ax": 3}, "expected axes of matplotlib"),
        ({"ax": []}, "got none"),
        ({"label": 3}, "label"),
        ({"color": "nocolour"}, "color: expected a colour"),
        ({"path": "run.txt"}, "a figure is"),
    ):
        with pytest.raises(pr.InputError, match=message):
            recorder.plot(**arguments)
    with pytest.raises(pr.InputError, match="nothing was recorded"):
        pr.TrainingRecorder().plot()
