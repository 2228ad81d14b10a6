"""Bounds of coarse complexes that are wrong by little: the test of the bounds, `tests/cpp/relaxation.cpp`, notices."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "polyrelu" / "_cpp"
SLOW = pytest.mark.slow

pytestmark = [
    pytest.mark.skipif(not SOURCE.exists(), reason="the tests were copied without the source tree"),
    pytest.mark.skipif(shutil.which("g++") is None, reason="there is no g++"),
]

# What is left out or changed, by name: each of these decides some cell on which the output has a zero.
MUTATIONS = {
    "one unit in the last place": ("all = all && v > wrong;", "all = all && v > wrong - wrong - EPS;"),
    "zero is positive": ("all = all && v > wrong;", "all = all && v >= wrong - wrong;"),
    "rounding of sums": ("(terms + 16.0) * EPS", "0 * terms"),
    "errors of the vertices": ("unit(width) * size + cell_->delta * norm + TINY", "unit(width) * size + TINY"),
    "errors of the forms": ("(err * reach + TINY * total) * SLACK;", "(0 * err * reach + TINY * total) * SLACK;"),
    "a gap too small": ("-s * l) * (1 + 4 * EPS);", "-s * l) * (1 - 0x1p-20);"),
}


NAMES = [pytest.param(name, marks=[SLOW] if i else []) for i, name in enumerate(MUTATIONS)]


@pytest.mark.parametrize("name", NAMES)
def test_a_bound_that_is_wrong_by_little_is_noticed(name: str, tmp_path: Path):
    shutil.copytree(SOURCE, tmp_path / "_cpp")
    header = tmp_path / "_cpp" / "relaxation.hpp"
    text = header.read_text(encoding="utf-8")
    before, after = MUTATIONS[name]
    assert text.count(before) == 1
    header.write_text(text.replace(before, after), encoding="utf-8")
    program = tmp_path / "relaxation"
    flags = ["-std=c++17", "-pthread", "-ffp-contract=off", "-O0", "-I", str(tmp_path)]
    source = ROOT / "tests" / "cpp" / "relaxation.cpp"
    subprocess.run(["g++", *flags, str(source), "-o", str(program), "-lgmpxx", "-lgmp"], check=True)
    done = subprocess.run([str(program)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 1 and done.stderr.startswith("failed: an output that vanishes"), done.stderr
