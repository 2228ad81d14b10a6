"""Files of recorders: exact, complete after a kill, and refused where they are not what they should be."""

from __future__ import annotations

import csv
import json
import math
from fractions import Fraction

import pytest

import polyrelu as pr

NETS = [pr.shells((2, n, 3, 1), [1]).scaled("1/3").shifted("1/7") for n in (4, 8, 4)]


def recorded(**options):
    recorder = pr.TrainingRecorder(domain=[("-7/2", 4), (-4, 4)], **options)
    for i, net in enumerate(NETS):
        recorder(net, 3 * i, loss=0.1 / (i + 1))
    return recorder


def test_a_file_gives_back_all_rows_exactly(tmp_path):
    recorder = recorded(path=tmp_path / "run.jsonl")
    recorder.to_json(tmp_path / "copy.jsonl")
    assert (tmp_path / "copy.jsonl").read_bytes() == (tmp_path / "run.jsonl").read_bytes()
    again = pr.TrainingRecorder.from_json(tmp_path / "run.jsonl")
    assert again.rows == recorder.rows and again.settings == recorder.settings and again.changes == (3, 6)
    assert again.rows[0].critical_levels == (Fraction(-4, 21), Fraction(10, 21))
    again(NETS[0])  # which adds nothing to the file
    assert len(pr.TrainingRecorder.from_json(tmp_path / "run.jsonl").rows) == 3
    other = pr.TrainingRecorder(
        slice=pr.Slice([[0, 0], [1, "1/3"]]),
        output=(0, 1), relation="<", level="1/3", budget=None, quantities=["betti"],
    )  # fmt: skip
    pair = pr.stack(NETS[0], NETS[1])
    other(pair, loss=math.inf, rate=-math.inf)
    other.to_json(tmp_path / "other.jsonl")
    read = pr.TrainingRecorder.from_json(tmp_path / "other.jsonl")
    assert read.rows == other.rows and read.settings == other.settings
    classes = pr.TrainingRecorder(max_cells=300)
    classes(pair)
    classes.to_json(tmp_path / "classes.jsonl")
    assert pr.TrainingRecorder.from_json(tmp_path / "classes.jsonl").rows == classes.rows


def test_a_run_goes_on_where_it_was_killed(tmp_path):
    path = tmp_path / "run.jsonl"
    recorder = recorded(path=path)
    whole = path.read_bytes()
    for cut in (1, 40):  # within the last line
        path.write_bytes(whole[:-cut])
        assert pr.TrainingRecorder.from_json(path).rows == recorder.rows[:2]
        again = pr.TrainingRecorder(domain=recorder.settings.domain, path=path, budget=9)
        assert path.read_bytes() == b"".join(whole.splitlines(keepends=True)[:3]) and again.rows == recorder.rows[:2]
        assert again(NETS[2], 6).changed is True
        assert pr.TrainingRecorder.from_json(path).rows == again.rows
    with pytest.raises(pr.InputError, match=r"epoch: 0 comes after 6.*rewind\(0\)"):
        again(NETS[0], 0)
    again.rewind(3)
    assert len(path.read_bytes().splitlines()) == 2 and again(NETS[1], 3).epoch == 3
    with pytest.raises(pr.InputError, match="another relation and another quantities"):
        pr.TrainingRecorder(domain=recorder.settings.domain, path=path, relation="<", quantities="betti")
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(pr.FileError, match="changed by another program"):
        again(NETS[2], 6)
    path.unlink()
    with pytest.raises(pr.FileError, match="cannot be written"):
        again(NETS[2], 9)
    assert [row.epoch for row in again.rows] == [0, 3, 6, 9]
    with pytest.raises(pr.FileError):
        pr.TrainingRecorder(path=tmp_path)


@pytest.mark.parametrize(
    ("line", "change", "message"),
    [
        (0, lambda x: {"weights": []}, "line 1: expected the format"),
        (0, lambda x: x | {"version": 2}, "line 1: expected version 1"),
        (0, lambda x: x | {"settings": {}}, "line 1: settings: expected an object"),
        (0, lambda x: x | {"settings": x["settings"] | {"domain": {"a": [], "b": []}}}, "line 1: "),
        (1, lambda x: x | {"epoch": "1"}, "line 2: epoch: expected an integer"),
        (1, lambda x: x | {"betti": [[1, [2]]]}, "line 2: betti"),
        (1, lambda x: x | {"epoch": 10**30}, "line 2: epoch: expected an integer"),
        (1, lambda x: x | {"regions": 1.5}, "line 2: regions"),
        (1, lambda x: x | {"critical_levels": ["1/0"]}, "line 2: critical_levels"),
        (1, lambda x: x | {"metrics": {"loss": "low"}}, "line 2: metrics"),
        (1, lambda x: x | {"more": 1}, "line 2: expected an object with keys"),
        (2, lambda x: x | {"epoch": 0}, "line 3: epoch 0 after epoch 0"),
        (2, lambda x: [], "line 3: expected an object"),
    ],
)
def test_damaged_files_are_refused(tmp_path, line, change, message):
    path = tmp_path / "run.jsonl"
    recorded(quantities=["betti", "regions"]).to_json(path)
    lines = path.read_text().splitlines()
    lines[line] = json.dumps(change(json.loads(lines[line])))
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(pr.FileError, match=message) as error:
        pr.TrainingRecorder.from_json(path)
    assert str(error.value).startswith(str(path))


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "file"
    for data in (b"", b"x", b"\n", b"\xff\xfe\n", b"[" * 100_000 + b"\n", b"NaN\n"):
        path.write_bytes(data)
        with pytest.raises(pr.FileError):
            pr.TrainingRecorder.from_json(path)


def test_tables(tmp_path):
    recorder = recorded(max_cells=700)
    recorder(pr.shells((2, 16, 8, 1), [3]))
    recorder.to_csv(tmp_path / "run.csv")
    with open(tmp_path / "run.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        "epoch", "betti_0", "betti_1", "regions", "critical_levels", "changed", "not_computed", "seconds", "loss"
    ]  # fmt: skip
    assert rows[0]["critical_levels"] == "-4/21 10/21" and rows[1]["changed"] == "True" and rows[0]["changed"] == ""
    assert float(rows[1]["loss"]) == 0.05 and rows[3]["regions"] == "" and "700 cells" in rows[3]["not_computed"]
    pandas = pytest.importorskip("pandas")
    frame = recorder.to_frame()
    assert list(frame) == list(rows[0]) and frame["betti_0"].dtype == "Int64"
    assert frame["critical_levels"][0] == recorder.rows[0].critical_levels and frame["regions"][3] is pandas.NA
    assert list(frame["changed"][:3]) == [pandas.NA, True, True]
    assert pr.TrainingRecorder().to_frame().empty


def test_a_table_without_pandas(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(pr.MissingDependencyError, match=r"polyrelu\[data\]"):
        recorded().to_frame()
