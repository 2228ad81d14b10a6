"""Pages of documentation, run as a reader would: every block in order, in one directory, with one namespace.

    ```python   with >>>: a doctest, what is shown is what comes out; without: a script, which must run
    ```console  commands after "$ ", each with all that it prints; they end with status 0 unless "$ echo $?" shows it

`python tests/support/pages.py docs/PAGE.md ...` runs pages and renews the pictures in docs/figures that they make and
show.
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import shutil
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import polyrelu.cli

ROOT = Path(__file__).parents[2]


def prepare(directory: Path) -> None:
    """What a page may read: the examples."""
    shutil.copytree(ROOT / "examples", directory / "examples")


def run_page(page: Path) -> int:
    """Run all blocks of a page in the current directory; AssertionError where one fails. Returns their number."""
    text = page.read_text(encoding="utf-8")
    namespace: dict[str, Any] = {"__name__": "__main__"}
    blocks = list(re.finditer(r"^```(python|console)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))
    for block in blocks:
        kind, code = block.groups()
        line = text.count("\n", 0, block.start(2))
        if kind == "console":
            run_console(code, f"{page.name}, line {line + 1}")
        elif ">>> " in code:
            run_doctest(code, namespace, page, line)
        else:
            exec(compile("\n" * line + code, str(page), "exec"), namespace)
    return len(blocks)


def run_doctest(code: str, namespace: dict[str, Any], page: Path, line: int) -> None:
    """A doctest; names it defines stay in the namespace."""
    test = doctest.DocTestParser().get_doctest(code, {}, page.name, str(page), line)
    test.globs = namespace
    report: list[str] = []
    failed = doctest.DocTestRunner(verbose=False).run(test, out=report.append, clear_globs=False).failed
    assert not failed, "".join(report)


def run_console(code: str, where: str) -> None:
    """Commands and what they print."""
    status = 0
    for part in re.split(r"^\$ ", code, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        if command == "echo $?":
            printed, status = str(status), 0
        else:
            assert status == 0, f"{where}: exit status {status} before: {command}"
            program, *argv = shlex.split(command)
            assert program == "polyrelu", f"{where}: {command}"
            with redirect_stdout(StringIO()) as stream, redirect_stderr(stream):
                try:
                    status = polyrelu.cli.main(argv)
                except SystemExit as exit:
                    status = int(exit.code or 0)
            printed = stream.getvalue()
        assert printed.strip() == shown.strip(), f"{where}: {command}"
    assert status == 0, f"{where}: exit status {status}"


def figures(page: Path) -> list[str]:
    """The names of the files in docs/figures that a page shows."""
    return re.findall(r"!\[[^]]+\]\(figures/(.*?)\)", page.read_text(encoding="utf-8"))


def main() -> None:
    """Run the pages that are named, and renew their pictures."""
    for page in [Path(name).resolve() for name in sys.argv[1:]]:
        with tempfile.TemporaryDirectory() as directory:
            prepare(Path(directory))
            os.chdir(directory)
            print(page.name, run_page(page), "blocks")
            for name in figures(page):
                if Path(name).exists():
                    shutil.copyfile(name, ROOT / "docs" / "figures" / name)
            os.chdir(ROOT)


if __name__ == "__main__":
    main()
