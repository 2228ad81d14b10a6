"""--slice: every command that has it computes what `Slice` gives."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import polyrelu as pr
import polyrelu.cli

IRIS = str(Path(__file__).parents[2] / "examples" / "iris4.json")
POINTS = [[5, 3, 4, 1], [7, 3, 5, 2], [5, "5/2", 4, 2]]
PLANE = pr.Slice(POINTS).restrict(pr.load(IRIS))


@pytest.fixture
def points(tmp_path: Path) -> str:
    path = tmp_path / "points.json"
    path.write_text(json.dumps(POINTS))
    return str(path)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run(*argv: str) -> tuple[int, str, str]:
        return (polyrelu.cli.main(argv), *capsys.readouterr())

    return run


def test_counts_and_homology(run, points):
    _, out, _ = run("regions", IRIS, "--slice", points, "--json")
    assert json.loads(out)["f_vector"] == list(pr.subdivide(PLANE).f_vector)
    _, out, _ = run("betti", IRIS, "--slice", points, "--json")
    assert json.loads(out)["betti"] == list(pr.betti_numbers(PLANE, ">"))
    status, out, _ = run("betti", IRIS, "--slice", points, "--box", "0,1")
    assert status == 0 and f"the box 0,1 of the slice R^2 through the points of {points}" in out


def test_cycles_lie_in_the_coordinates_of_the_slice(run, points):
    _, out, _ = run("cycles", IRIS, "--slice", points, "--degree", "0", "--json")
    found = json.loads(out)["cycles"]
    cycles = pr.homology(pr.subdivide(PLANE, 0).region(">")).cycles(0)
    assert [len(c["pieces"]) for c in found] == [len(c.pieces()) for c in cycles]
    (point,), _ = found[0]["pieces"][0]
    assert len(point) == 2 and PLANE(point) > 0


def test_export(run, points, tmp_path):
    status, out, _ = run("export", IRIS, "--slice", points, "--level", "0", "-o", str(tmp_path / "plane.npz"))
    assert status == 0 and "the slice R^2" in out
    cx = pr.load_complex(tmp_path / "plane.npz")
    assert cx.network == PLANE and cx.f_vector == pr.subdivide(PLANE, 0).f_vector
    kept = Path(points).read_bytes()
    status, _, err = run("export", IRIS, "--slice", points, "-o", points)
    assert status == 2 and "the file of --slice" in err and Path(points).read_bytes() == kept


def test_verify(run, points):
    regions = pr.subdivide(PLANE).n_regions
    assert run("verify", IRIS, "--slice", points, "--regions", str(regions))[0] == 0
    assert run("verify", IRIS, "--regions", str(regions))[0] == 1


def test_networks_that_agree_on_a_line_alone(run, tmp_path):
    """|x| + y and |x| + 2 y agree where y = 0; there they are x where x ≥ 0."""
    first, second, third = (str(tmp_path / f"{i}.json") for i in range(3))
    pr.save(pr.Network([[[1, 0], [-1, 0], [0, 1], [0, -1]], [[1, 1, 1, -1]]], [[0] * 4, [0]]), first)
    pr.save(pr.Network([[[1, 0], [-1, 0], [0, 1], [0, -1]], [[1, 1, 2, -2]]], [[0] * 4, [0]]), second)
    pr.save(pr.Network([[[1, 0]]], [[0]]), third)
    line = tmp_path / "line.json"
    line.write_text("[[0, 0], [1, 0]]")
    assert run("identical", first, second)[0] == 1
    assert run("identical", first, second, "--slice", str(line))[0] == 0
    status, out, _ = run("identical", first, third, "--slice", str(line))
    assert status == 1 and f"in the slice R^1 through the points of {line}:" in out
    assert run("identical", first, third, "--slice", str(line), "--box", "0,5")[0] == 0


def test_advice_is_about_the_same_part(run, points):
    status, out, _ = run("info", IRIS, "--slice", points, "--box", "-1,1", "--level", "1/2")
    assert status == 0
    part = f"{IRIS} --slice {points} --box -1,1"
    for line in (f"betti {part} --level 1/2 ", f"regions {part} ", f"plot {part} --level 1/2 -o"):
        assert f"polyrelu {line}" in out


def test_what_cannot_be_sliced(run, points, tmp_path):
    flat = tmp_path / "flat.json"
    flat.write_text("[[0, 0, 0, 0], [1, 1, 1, 1], [2, 2, 2, 2]]")
    for command in ("regions", "betti", "cycles", "info", "plot", "export"):
        out = ["-o", str(tmp_path / "out.npz" if command == "export" else tmp_path / "out.png")]
        out = out if command in ("plot", "export") else []
        status, _, err = run(command, IRIS, "--slice", str(flat), *out)
        assert status == 2 and "affinely independent" in err
    assert not list(tmp_path.glob("out*"))
    status, _, err = run("plot", IRIS, "-o", str(tmp_path / "out.png"))
    assert status == 2 and "--slice" in err and "Slice(points)" in err
