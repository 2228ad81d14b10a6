"""The C++ of the core on its own: no warnings, no Python; a program for each part, and a driver for all of it.

The programs are in `tests/cpp/`: arrays, threads, decisions (forms, signs and vertices against GMP), relaxation (bounds
of coarse complexes), splitting (a cube), reduction (spaces of known homology), filtration. What the driver checks is in
`driver.cpp`: closed forms, threads and number types against each other, and that a run in which an allocation fails
ends in std::bad_alloc or with the right cells, for every allocation there is. The slow tests run all of them under
sanitizers, compiled as one program: the templates that they share take most of the time.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from polyrelu import _core

ROOT = Path(__file__).parents[2]
HEADERS = sorted((ROOT / "polyrelu" / "_cpp").glob("*.hpp"))
WARNINGS = ["-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror"]
# As in setup.py, but for what a test adds.
BASE = ["g++", "-std=c++17", "-pthread", "-ffp-contract=off", "-I", str(ROOT / "polyrelu")]
GMP = ["-lgmpxx", "-lgmp"]
WRAP = "-Wl,--wrap=realloc,--wrap=mmap,--wrap=mremap"  # for allocations that fail
DRIVER = ROOT / "tests" / "cpp" / "driver.cpp"
SLOW = pytest.mark.slow
PROGRAMS = ["storage", "thread_pool", "decisions", "relaxation", "splitting", "reduction", "filtration"]

pytestmark = [
    pytest.mark.skipif(not HEADERS, reason="the tests were copied without the source tree"),
    pytest.mark.skipif(shutil.which("g++") is None, reason="there is no g++"),
]


def compile_(arguments: list[str]) -> None:
    done = subprocess.run([*BASE, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def build(tmp_path: Path, *flags: str) -> Path:
    program = tmp_path / "driver"
    compile_([*flags, str(DRIVER), "-o", str(program), WRAP, *GMP])
    return program


def build_together(tmp_path: Path, names: list[str], *flags: str) -> Path:
    """The driver and these programs as one: without arguments it is the programs, one after the other."""
    texts = [DRIVER.with_name(f"{name}.cpp").read_text(encoding="utf-8") for name in ("driver", *names)]
    included = dict.fromkeys(line for text in texts for line in text.splitlines() if line.startswith("#include"))
    spaces = [f'namespace {name}_program {{\n#include "{name}.cpp"\n}}' for name in ("driver", *names)]
    mains = " || ".join(f"{name}_program::main()" for name in names)
    main = f"int main(int argc, char** argv) {{ return argc > 1 ? driver_program::main(argc, argv) : {mains}; }}\n"
    source, program = tmp_path / "together.cpp", tmp_path / "together"
    source.write_text("\n".join([*included, *spaces, main]), encoding="utf-8")
    compile_([*WARNINGS, *flags, "-I", str(DRIVER.parent), str(source), "-o", str(program), WRAP, *GMP])
    return program


def run(program: Path, *arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [str(program), *arguments], capture_output=True, text=True, timeout=300, env={**os.environ, **environment}
    )
    assert done.returncode == 0 and done.stdout.endswith("passed\n") and not done.stderr, done.stdout + done.stderr
    return done.stdout


def test_no_python():
    for header in HEADERS:
        assert "Python.h" not in header.read_text(encoding="utf-8"), header.name


def test_every_outcome_has_an_error_of_its_own():
    assert _core.outcome_error(0) is None
    by_cells, by_memory = _core.outcome_error(2, 5, 6, 7), _core.outcome_error(3, 5, 6, 7)
    assert isinstance(by_cells, _core.Limit) and by_cells.args == (False, 5, 6, 7)
    assert isinstance(by_memory, _core.Limit) and by_memory.args == (True, 5, 6, 7)
    assert isinstance(_core.outcome_error(4), _core.NoInterior)
    assert isinstance(_core.outcome_error(5), _core.Inconsistent)
    for unknown in (-1, 1, 6, 99):
        assert isinstance(_core.outcome_error(unknown), _core.UnknownOutcome)


@SLOW
def test_headers_stand_alone(tmp_path: Path):
    """They include what they use of one another; the headers of the system are compiled once, for all of them."""
    lines = {line for path in HEADERS for line in path.read_text(encoding="utf-8").splitlines()}
    system = sorted(line for line in lines if line.startswith("#include <"))
    (tmp_path / "system.hpp").write_text("\n".join(system), encoding="utf-8")
    compile_(["-x", "c++-header", str(tmp_path / "system.hpp"), "-o", str(tmp_path / "system.hpp.gch")])
    for header in HEADERS:
        source = tmp_path / "alone.cpp"
        source.write_text(f'#include "system.hpp"\n#include "_cpp/{header.name}"\n', encoding="utf-8")
        compile_(["-Wall", "-Werror", "-fsyntax-only", "-I", str(tmp_path), str(source)])


@SLOW
def test_driver_optimised(tmp_path: Path):
    """With all warnings, also those that only optimisation finds, and several threads when allocations fail."""
    program = build(tmp_path, *WARNINGS, "-O3", "-fno-fast-math")
    run(program, "check", "1")
    run(program, "check", "3")
    run(program, "allocations", "2")


@SLOW
def test_with_address_and_undefined_behaviour_sanitizers(tmp_path: Path):
    flags = ["-O1", "-g1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    program = build_together(tmp_path, PROGRAMS, *flags)
    assert run(program) == "passed\n" * len(PROGRAMS)
    run(program, "check", "2")
    out = run(program, "allocations", "1")
    assert sum(map(int, re.findall(r"\d+ (?=allocations)", out))) > 5000


@SLOW
def test_with_thread_sanitizer(tmp_path: Path):
    names = ["thread_pool", "splitting", "filtration"]
    program = build_together(tmp_path, names, "-O1", "-g1", "-fsanitize=thread")
    assert run(program, TSAN_OPTIONS="halt_on_error=1") == "passed\n" * len(names)
    run(program, "check", "3", TSAN_OPTIONS="halt_on_error=1")
