"""Signals end the command with one line, the right status and nothing left behind, whenever they come."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import polyrelu
from polyrelu import interruption
from polyrelu.cli import program
from polyrelu.files import replacing

PACKAGE = Path(polyrelu.__file__).parent
SCRIPT = Path(sys.executable).with_name("polyrelu")
MODULE = [sys.executable, "-m", "polyrelu"]
COMMANDS = [[str(SCRIPT)], MODULE] if SCRIPT.exists() else [MODULE]
ENDS = {signal.SIGINT: b"interrupted", signal.SIGTERM: b"terminated", signal.SIGHUP: b"hung up"}


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A network whose complex would take hours."""
    rng = np.random.default_rng(0)
    widths = (4, 64, 64, 64, 1)
    shapes = list(zip(widths[1:], widths, strict=False))
    path = tmp_path_factory.mktemp("net") / "net.json"
    path.write_text(
        json.dumps(
            {
                "weights": [rng.standard_normal(shape).tolist() for shape in shapes],
                "biases": [rng.standard_normal(rows).tolist() for rows, _ in shapes],
            }
        )
    )
    return str(path)


def _started(command: list[str], **more: object) -> subprocess.Popen[bytes]:
    def heed() -> None:  # a test run in the background ignores them
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)

    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=heed, **more  # type: ignore[call-overload]
    )


def _of_python_alone(status: int, said: bytes) -> bool:
    """Whether the signal came before `polyrelu.interruption` was imported: to Python's own start, or to that import."""
    frames = [line for line in said.decode().splitlines() if str(PACKAGE) in line]
    known = ("import polyrelu.interruption", "interruption.py")
    after = said.decode().splitlines()
    early = all(known[1] in f or known[0] in "".join(after[after.index(f) + 1 : after.index(f) + 2]) for f in frames)
    return status in (-signal.SIGINT, 1) and early and (not said or b"KeyboardInterrupt" in said)


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: Path(command[0]).name)
def test_ctrl_c_at_any_moment_is_one_line(command: list[str], endless: str) -> None:
    """From the start of the process to well into the work. What Python says before it gets to us is not ours."""
    rng = random.Random(11)
    mine = 0
    for _ in range(10):  # of 0.4 s each
        process = _started([*command, "regions", endless])
        time.sleep(rng.random() * 0.5)
        process.send_signal(signal.SIGINT)
        try:
            out, err = process.communicate(timeout=10)
        except subprocess.TimeoutExpired:  # it came in a callback of Python's import system, which passes over it
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
            assert err.startswith(b"Exception ignored in: <function _get_module_lock")
            continue
        assert out == b""
        if not _of_python_alone(process.returncode, err):
            assert (process.returncode, err) == (130, b"polyrelu: interrupted\n")
            mine += 1
    assert mine >= 4


@pytest.mark.parametrize("number", ENDS, ids=lambda number: signal.Signals(number).name)
def test_a_signal_leaves_no_draft(number: signal.Signals, endless: str, tmp_path: Path) -> None:
    code = f"""
import sys, time
sys.argv = ["polyrelu", "betti", {endless!r}]
import polyrelu
from polyrelu.cli import betti, main
from polyrelu.files import replacing

def run(options):
    with replacing({str(tmp_path / "out.json")!r}) as draft:
        draft.write_text("half")
        print("writing", flush=True)
        time.sleep(60)

betti.run = run
sys.exit(main())
"""
    process = _started([sys.executable, "-c", code])
    assert process.stdout is not None and process.stdout.readline() == b"writing\n"
    assert len(list(tmp_path.iterdir())) == 1
    process.send_signal(number)
    process.send_signal(number)  # a second one, while the first is heeded, changes nothing
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (128 + number, b"polyrelu: " + ENDS[number] + b"\n")
    assert list(tmp_path.iterdir()) == []


def test_a_signal_in_a_destructor_comes_again() -> None:
    code = """
import os, signal, sys, time
sys.argv = ["polyrelu"]
import polyrelu
from polyrelu.cli import main, program

class Destroyed:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)

def answer(argv):
    Destroyed()
    time.sleep(60)

program._answer = answer
sys.exit(main())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=30)
    assert (done.returncode, done.stderr) == (143, b"polyrelu: terminated\n")


def test_the_core_heeds_a_request_to_end(endless: str) -> None:
    process = _started([*MODULE, "regions", endless])
    time.sleep(1)
    process.send_signal(signal.SIGTERM)
    started = time.monotonic()
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (143, b"polyrelu: terminated\n")
    assert time.monotonic() - started < 10


def test_what_is_ignored_stays_ignored(tmp_path: Path) -> None:
    code = """
import signal, sys
signal.signal(signal.SIGHUP, signal.SIG_IGN)
sys.argv = ["/usr/bin/polyrelu"]
import polyrelu
print(signal.getsignal(signal.SIGHUP) == signal.SIG_IGN, signal.getsignal(signal.SIGTERM) != signal.SIG_DFL)
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "True True\n"


def test_other_programs_keep_their_signals() -> None:
    code = """
import signal, polyrelu
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler, signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)
"""
    process = _started([sys.executable, "-c", code])
    assert process.communicate()[0] == b"True True\n"


def test_a_failure_that_a_signal_made_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Libraries turn KeyboardInterrupt into errors of their own when it comes in their callbacks."""

    def run(argv: object) -> object:
        try:
            interruption._handle(signal.SIGTERM, None)
        except KeyboardInterrupt:
            raise MemoryError from None

    monkeypatch.setattr(program, "_answer", run)
    assert program.main([]) == 143
    assert capsys.readouterr().err == "polyrelu: terminated\n"


def test_content_is_on_the_disk_before_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    did: list[tuple[str, str]] = []
    fsync, replace = os.fsync, os.replace

    def recorded(opened: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{opened}"))
        did.append(("fsync", path.name if path.is_dir() else path.read_text()))
        fsync(opened)

    monkeypatch.setattr(os, "fsync", recorded)
    monkeypatch.setattr(os, "replace", lambda a, b: (did.append(("replace", Path(b).name)), replace(a, b)))
    with replacing(tmp_path / "net.json") as draft:
        draft.write_text("content")
    assert did == [("fsync", "content"), ("replace", "net.json"), ("fsync", tmp_path.name)]


def test_a_full_disk_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "net.json"
    path.write_text("before")

    def full(opened: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(polyrelu.FileError, match="cannot be written: No space left"), replacing(path) as draft:
        draft.write_text("after")
    assert path.read_text() == "before" and list(tmp_path.iterdir()) == [path]


ODD = "a\x1b[31m\n\u202e\udcff.json"


@pytest.mark.parametrize("setting", ["LC_ALL=C", "PYTHONIOENCODING=ascii", "PYTHONIOENCODING=ascii:strict"])
def test_names_do_not_speak_to_the_terminal(setting: str, tmp_path: Path) -> None:
    """Control characters, ends of lines, turned writing and bytes that are no text, in the name of a file."""
    path = tmp_path / ODD
    path.write_text('{"weights": [[[1]], [[1]]], "biases": [[0], [0]]}')
    environment = {**os.environ, **dict([setting.split("=")])}
    code = """
import sys
from polyrelu.cli import main
for command in ("regions", "betti", "info"):
    print("status", main([command, sys.argv[1]]))
sys.exit(main(["regions", sys.argv[1] + "x"]))
"""
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, env=environment)
    assert not any(part in done.stdout + done.stderr for part in (b"Traceback", b"\x1b", "\u202e".encode(), b"\xff"))
    regions, betti, info, rest = done.stdout.split(b"status 0\n")
    assert all(b"31m \\u202e\\udcff.json" in said for said in (regions, betti)) and b"31m" in info and not rest
    assert done.returncode == 2 and b"31m" in done.stderr and done.stderr.count(b"\n") == 1


def test_messages_are_one_line_and_print() -> None:
    for kind in (polyrelu.InputError, polyrelu.NetworkError, polyrelu.LimitError, polyrelu.MissingDependencyError):
        text = str(kind("layer \x1b]0;name\x07\r\nof \udc80 \u2028 β₁ = 3"))
        assert text == "layer \\x1b]0;name\\x07\\r of \\udc80 \\u2028 β₁ = 3"


@pytest.fixture(scope="module")
def long_numbers(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A network of fractions of 3900 digits, each with a denominator of its own: rows of integers have 10^5 bits."""
    rng = random.Random(1)
    widths = (6, 40, 40, 1)
    number = lambda: f"{rng.randrange(10**3900) - 10**3899}/{rng.randrange(10**3900) + 1}"  # noqa: E731
    path = tmp_path_factory.mktemp("net") / "net.json"
    path.write_text(
        json.dumps(
            {
                "weights": [[[number() for _ in range(m)] for _ in range(n)] for m, n in pairwise(widths)],
                "biases": [[number() for _ in range(n)] for n in widths[1:]],
            }
        )
    )
    return str(path)


@pytest.mark.slow
def test_ctrl_c_comes_within_a_second_of_long_fractions(long_numbers: str) -> None:
    """A system of equations was solved by one call of a library, for seconds."""
    waited = []
    for pause in (4, 8):
        process = _started([*MODULE, "regions", long_numbers])
        time.sleep(pause)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        _, err = process.communicate(timeout=60)
        waited.append(time.monotonic() - began)
        assert (process.returncode, err) == (130, b"polyrelu: interrupted\n")
    assert min(waited) < 1 and max(waited) < 3  # one may be late where the machine has other work


@pytest.mark.slow
def test_no_step_with_long_fractions_takes_a_second(long_numbers: str) -> None:
    code = f"""
import signal, time
import polyrelu as pr

class Enough(Exception):
    pass

def heed(*_):
    global last, longest
    now = time.process_time()
    longest, last = max(longest, now - last), now
    if now - begun > 12:
        signal.setitimer(signal.ITIMER_REAL, 0)
        raise Enough

net = pr.load({long_numbers!r})
last = begun = time.process_time()
longest = 0
signal.signal(signal.SIGALRM, heed)
signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
try:
    pr.subdivide(net)
except Enough:
    pass
print(longest)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.stderr == "" and float(done.stdout) < 1
