"""polyrelu info and polyrelu completion, and the facts about networks behind the former."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import polyrelu as pr
import polyrelu.cli
from polyrelu.analysis.inspection import inspect
from support.strategies import examples, networks

EXAMPLES = Path(__file__).parents[2] / "examples"
ANNULUS = str(EXAMPLES / "annulus.json")


@pytest.fixture
def run(capsys):
    def run(*argv):
        status = polyrelu.cli.main(argv)
        return (status, *capsys.readouterr())

    return run


@pytest.fixture
def write(tmp_path):
    def write(net, name="net.json"):
        path = tmp_path / name
        pr.save(net, path)
        return str(path)

    return write


def answer(run, *argv):
    status, out, err = run(*argv, "--json")
    assert (status, err) == (0, "") and out.count("\n") == 1
    return json.loads(out)


# ---- facts ---------------------------------------------------------------------------------------------------------


def test_neurons_that_do_nothing_new():
    net = pr.Network(
        [[[1, 2], [2, 4], [-1, -2], [1, 2], [0, 0], [1, 0]], [[0, 0, 0, 0, 0, -1], [1, 0, 0, 0, 0, 0]], [[1, 1]]],
        [[1, 2, -1, 0, 5, 0], [-1, 1], [0]],
    )
    found = inspect(net)
    assert found.rank == 2
    assert found.zero == ((1, 5),)
    assert found.repeated == (((1, 1), (1, 2)),)
    assert found.coincident == (((1, 1), (1, 2), (1, 3)),)
    assert found.parallel == (((1, 1), (1, 2), (1, 3), (1, 4)),)
    assert found.complete and found.dead == ((2, 1),)
    assert found.always_active == ((1, 5), (2, 2))
    assert (found.parameters, found.digits) == (6 * 3 + 2 * 7 + 3, (1, 1))


@pytest.mark.parametrize(
    ("weight", "float32", "float64", "digits"),
    [
        ("1/3", False, False, (1, 1)),
        (0.1, False, True, (16, 17)),
        (np.float32(0.1), True, True, (8, 9)),
        (2**24 + 1, False, True, (8, 1)),
        (2**53 + 1, False, False, (16, 1)),
        (10**400, False, False, (401, 1)),
        (Fraction(2) ** -149, True, True, (1, 45)),
        (Fraction(2) ** -150, False, True, (1, 46)),
        (Fraction(2) ** -1075, False, False, (1, 324)),
        (Fraction(2) ** 128, False, True, (39, 1)),
        (0, True, True, (1, 1)),
    ],
)
def test_numbers(weight, float32, float64, digits):
    found = inspect(pr.Network([[[weight]], [[1]]], [[0], [0]]))
    assert (found.float32, found.float64, found.digits) == (float32, float64, digits)


@given(st.data())
@examples(60)
def test_dead_neurons_against_the_regions(data):
    """By signs at an interior point of every region, and signs of weights never say more than the regions."""
    net = data.draw(networks())
    cx = pr.subdivide(net)
    found = inspect(net)
    d = net.input_dim
    points = [cx.interior_point(d, i) for i in range(cx.n_cells(d))]
    values = [net.preactivations(x) for x in points]
    dead, always = [], []
    for layer, slopes in enumerate(net.slopes):
        for i, slope in enumerate(slopes):
            if slope != 1:
                signs = {(v[layer][i] > 0) - (v[layer][i] < 0) for v in values}
                if 1 not in signs:
                    dead.append((layer + 1, i + 1))
                elif -1 not in signs:
                    always.append((layer + 1, i + 1))
    assert (found.dead, found.always_active, found.complete) == (tuple(dead), tuple(always), True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("polyrelu.analysis.inspection.TRUNK_CELLS", 1)
        less = inspect(net)
    assert set(less.dead) <= set(dead)
    assert less.complete or less.always_active == ()


def test_dead_by_signs_alone(monkeypatch):
    monkeypatch.setattr("polyrelu.analysis.inspection.TRUNK_CELLS", 1)
    net = pr.Network(
        [[[1, 1], [0, 0]], [[-1, 5], [-1, -1], [1, -9]], [[3, 0, 0], [0, 1, -1], [1, 1, 1]], [[1, 1, 1]]],
        [[0, -1], [0, 1, 0], [0, 0, 1], [0]],
    )
    found = inspect(net)
    # 1.2 is constant and not positive; it is off, so that 2.1 has only a non-positive term; then 3.1 has none at all.
    assert found.dead == ((1, 2), (2, 1), (3, 1)) and not found.complete
    monkeypatch.undo()
    assert set(found.dead) <= set(inspect(net).dead)


def test_what_is_dead_depends_on_the_domain():
    net = pr.Network([[[1], [1]], [[1, 1]]], [[0, -5], [0]])
    assert inspect(net).dead == ()
    found = inspect(net, [(1, 2)])
    assert (found.dead, found.always_active) == (((1, 2),), ((1, 1),))


def test_a_level_needs_one_output(run, write):
    net = write(pr.Network([[[1], [2]]], [[0, 1]]))
    status, out, err = run("info", net, "--level", "0")
    assert (status, out) == (2, "") and "--output I" in err and err.count("\n") == 1
    assert run("info", net, "--level", "0", "--output", "1")[0] == 0


# ---- the command ---------------------------------------------------------------------------------------------------


def test_json_of_a_small_network(run):
    found = answer(run, "info", ANNULUS)
    regions = answer(run, "regions", ANNULUS)
    assert found["architecture"] == [2, 4, 2, 1] and found["parameters"] == 25
    assert found["exact"] and found["cells_by_dimension"] == regions["f_vector"] and found["cells"] == 25
    assert found["standard_errors"] == [0, 0, 0] and found["no_estimate_because"] is None
    assert all(a <= n <= b for a, n, b in zip(found["at_least"], regions["f_vector"], found["at_most"], strict=True))
    assert found["dead"] == [] and found["always_active"] == [[2, 1]] and found["dead_complete"]
    assert found["first_layer_rank"] == 2 and found["float32"] and found["float64"]
    assert all(b <= a for b, a in zip(answer(run, "betti", ANNULUS)["betti"], found["betti_at_most"], strict=True))
    assert any("polyrelu betti" in line for line in found["advice"])


def test_level_box_and_slice(run, tmp_path):
    betti = answer(run, "betti", ANNULUS, "--level", "1/2", "--box", "-1,1", "--complete")
    found = answer(run, "info", ANNULUS, "--level", "1/2", "--box", "-1,1")
    assert found["level"] == "1/2" and found["cells_by_dimension"] == betti["f_vector"]
    points = tmp_path / "points.json"
    points.write_text("[[0, 0], [1, 1]]")
    assert len(answer(run, "info", ANNULUS, "--slice", str(points))["cells_by_dimension"]) == 2


def test_text(run):
    status, out, err = run("info", ANNULUS)
    assert (status, err) == (0, "")
    for part in ("Network(2-4-2-1, ReLU)", "25", "first layer", "exact", "at most", "polyrelu betti"):
        assert part in out


def gaussian(*widths):
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal((n, m)).astype(np.float32) for m, n in pairwise(widths)]
    return pr.Network(weights, [rng.standard_normal(len(w)).astype(np.float32) for w in weights])


def test_what_is_too_large_gets_advice(run, write):
    found = answer(run, "info", write(gaussian(20, 100, 100, 1)))
    assert found["cells_by_dimension"] is None and "20 dimensions" in found["no_estimate_because"]
    assert found["dead_complete"] is False and found["always_active"] is None
    assert found["memory_bytes"] > 10**15 and any("--slice" in line for line in found["advice"])
    assert not any("--box" in line for line in found["advice"])


def test_what_is_large_is_estimated(run, write):
    path = write(gaussian(3, 40, 40, 1))
    found = answer(run, "info", path, "--samples", "20", "--seed", "3", "--seconds", "100")
    assert not found["exact"] and found["cells"] > 200_000 and found["cells_standard_error"] > 0
    assert found == answer(run, "info", path, "--samples", "20", "--seed", "3", "--seconds", "100")
    assert found["cells"] != answer(run, "info", path, "--samples", "20", "--seed", "4")["cells"]


def test_the_coarse_complex_is_predicted(run, write):
    net = gaussian(2, 12, 12, 1)
    path = write(net)
    for options, level in ((), 0), (("--level", "1/2"), "1/2"):
        coarse = answer(run, "info", path, *options)["coarse"]
        truth = pr.subdivide(net, level, coarse=True).f_vector
        assert coarse["cells_by_dimension"] == list(truth) and coarse["cells"] == sum(truth) and coarse["exact"]
        assert coarse["level"] == level and coarse["memory_bytes"] > 0 and coarse["not_computed"] is None
    assert "Coarse complex for F = 1/2" in run("info", path, "--level", "1/2")[1]
    assert answer(run, "info", write(gaussian(2, 3, 3)))["coarse"] is None  # a level needs one output


def test_a_limit_on_the_time(run, write):
    path = write(gaussian(4, 40, 40, 1))
    started = time.process_time()
    found = answer(run, "info", path, "--seconds", "1.5")
    assert time.process_time() - started < 3
    assert found["not_computed"] and found["at_most"][0] > 0
    found = answer(run, "info", path, "--seconds", "1e-6")
    assert found["coarse"]["cells"] is found["cells"] is None and "time was over" in found["no_estimate_because"]
    assert run("info", path, "--seconds", "0")[0] == 2


def test_two_megabytes_of_long_fractions_take_seconds(run, tmp_path):
    """253 fractions of 4000 digits over 4000: nothing is computed that needs exact signs of millions of bits."""
    digits = iter(np.random.default_rng(0).integers(10**17, 10**18, (506, 223)))

    def number() -> str:
        return "".join(map(str, next(digits)))[:4000]

    def rows(m: int, n: int) -> list[list[str]]:
        return [[f"{number()}/{number()}" for _ in range(n)] for _ in range(m)]

    weights = [rows(12, 6), rows(12, 12), rows(1, 12)]
    path = tmp_path / "long.json"
    path.write_text(json.dumps({"weights": weights, "biases": [rows(1, 12)[0], rows(1, 12)[0], rows(1, 1)[0]]}))
    started = time.process_time()
    result = answer(run, "info", str(path))
    assert time.process_time() - started < 6
    assert result["denominator_digits"] == 4000 and result["dead_complete"] is False
    assert "too many digits" in result["no_estimate_because"]


def test_classifiers_are_sent_on(run, write):
    advice = answer(run, "info", write(gaussian(2, 3, 3)))["advice"]
    assert any("polyrelu classes" in line for line in advice) and any("--output" in line for line in advice)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--samples", "0"], "--samples"),
        (["--seed", "x"], "--seed"),
        (["--level", "x"], "--level"),
        (["--box", "1"], "--box"),
    ],
)
def test_mistakes(run, argv, message):
    status, out, err = run("info", ANNULUS, *argv)
    assert (status, out) == (2, "") and message in err and err.count("\n") == 1


def test_limits_name_the_next_step(run):
    for command in ("regions", "betti"):
        status, out, err = run(command, ANNULUS, "--max-cells", "10")
        assert (status, out) == (1, "") and err.count("\n") == 1
        assert "--box" in err and "polyrelu info" in err


# ---- completion ----------------------------------------------------------------------------------------------------


def completed(script: str, *words: str) -> set[str]:
    """What bash offers for the last of the words."""
    shell = f"""
source /dev/stdin <<'END_OF_SCRIPT'
{script}
END_OF_SCRIPT
COMP_WORDS=({" ".join(repr(word) for word in words)})
COMP_CWORD={len(words) - 1}
function_name=$(complete -p polyrelu | sed 's/.*-F \\([^ ]*\\).*/\\1/')
"$function_name" polyrelu "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD-1]}}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(["bash", "--norc", "-c", shell], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_bash_completes(run, tmp_path, monkeypatch):
    pytest.importorskip("shtab")
    status, script, err = run("completion", "bash")
    assert (status, err) == (0, "")
    assert {"betti", "info", "regions", "completion"} <= completed(script, "polyrelu", "")
    assert completed(script, "polyrelu", "reg") == {"regions"}
    assert completed(script, "polyrelu", "betti", "--rel") == {"--relation"}
    assert "--samples" not in completed(script, "polyrelu", "betti", "--")
    assert {"bash", "zsh", "fish"} <= completed(script, "polyrelu", "completion", "")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "network.json").write_text("{}")
    assert completed(script, "polyrelu", "betti", "net") == {"network.json"}
    assert "shells" in completed(script, "polyrelu", "construct", "sh")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_get_scripts_that_parse(run, shell, tmp_path):
    pytest.importorskip("shtab")
    status, script, err = run("completion", shell)
    assert (status, err) == (0, "") and "polyrelu" in script and "regions" in script and "relation" in script
    path = tmp_path / "script"
    path.write_text(script)
    try:
        subprocess.run([shell, "-n", str(path)], check=True)
    except FileNotFoundError:
        pytest.skip(f"{shell} is not installed; its script is only looked at")


def test_completion_without_shtab(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "shtab", None)
    status, out, err = run("completion", "bash")
    assert (status, out) == (1, "") and "polyrelu[shell]" in err and err.count("\n") == 1


def test_completion_of_an_unknown_shell(run):
    status, _, err = run("completion", "csh")
    assert status == 2 and "csh" in err
