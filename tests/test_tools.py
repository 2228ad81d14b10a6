"""The scripts of `tools/`, as far as that takes no minutes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

TOOLS = Path(__file__).parent.parent / "tools"

pytestmark = [
    pytest.mark.skipif(not TOOLS.exists(), reason="the tests were copied without the source tree"),
    pytest.mark.skipif(sys.platform != "linux", reason="the scripts are for Linux"),
]


@pytest.mark.parametrize("path", sorted(TOOLS.glob("*.sh")), ids=lambda path: path.stem)
def test_they_are_programs_that_bash_can_read(path: Path) -> None:
    assert path.stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", path], capture_output=True).stderr == b""


def test_the_sanitizers_end_on_ctrl_c_in_the_background(tmp_path: Path) -> None:
    """Where SIGINT is ignored from the start, in the midst of long work: what it started ends, nothing is left."""
    temporary, python, started = (tmp_path / name for name in ("temporary", "python", "started"))
    temporary.mkdir()
    python.write_text(f"#!/bin/sh\nsleep 60 & echo $$ $! > {started}\nwait\n", encoding="utf-8")
    python.chmod(0o755)
    process = subprocess.Popen(
        [TOOLS / "check_sanitizers.sh"],
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(temporary), "PYTHON": str(python)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    try:
        end = time.monotonic() + 60
        while not started.exists() or not started.read_text():
            assert process.poll() is None and time.monotonic() < end
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
        assert list(temporary.iterdir()) == []
        assert not [number for number in started.read_text().split() if is_alive(number)]
    finally:
        process.kill()
        for number in started.read_text().split() if started.exists() else []:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(number), signal.SIGKILL)


def is_alive(number: str) -> bool:
    """Whether a process runs; one that has ended and was not waited for does not."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path("/proc", number, "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
