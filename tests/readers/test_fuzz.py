"""Half a minute of the fuzzer (`tests/support/fuzz.py`), always with the same cases, and the corpus it begins with."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import fuzz

NEEDS = {".pt": "torch", ".onnx": "onnx"}


@pytest.mark.parametrize("path", [path for s in fuzz.SUFFIXES for path in fuzz.corpus(s)], ids=lambda path: path.name)
def test_the_corpus_is_read(path: Path):
    if package := NEEDS.get(fuzz.suffix_of(path.name)):
        pytest.importorskip(package)
    assert fuzz.read(path) == "read"


def test_cases_are_the_same_every_time_and_differ():
    for suffix in (".json", ".npz", ".nnet", ".complex.npz"):
        cases = [fuzz.case(suffix, 1, number) for number in range(60)]
        assert cases == [fuzz.case(suffix, 1, number) for number in range(60)]
        assert len(set(cases)) > 50 and fuzz.case(suffix, 2, 0) != cases[0]


@pytest.mark.slow
def test_watching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A reader that raises what is not of polyrelu, one that ends the process and one that never returns are found."""
    faults = tmp_path / "sitecustomize.py"
    faults.write_text(
        """
import os, sys
if "--serve" in sys.argv:
    import polyrelu as pr
    load, calls = pr.load, [0]
    def faulty(*args, **options):
        calls[0] += 1
        if calls[0] == 10:
            raise KeyError("a finding")
        if calls[0] == 20:
            open(MARK, "a").write(".")
            if os.path.getsize(MARK) % 2:
                os._exit(42)
            while True:
                pass
        return load(*args, **options)
    pr.load = faulty
""".replace("MARK", repr(str(tmp_path / "mark"))),
        encoding="utf-8",
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{Path(fuzz.__file__).parent.parent}", prepend=":")
    monkeypatch.setattr(fuzz, "PATIENCE", 2.0)
    report = fuzz.run(8, 1, (".json",), tmp_path / "kept")
    found = " ".join(what for _, _, what in report.findings)
    assert "KeyError: 'a finding'" in found and "status 42" in found and "took more than 2.0 s" in found
    kept = {path.name: path.read_bytes() for path in (tmp_path / "kept").iterdir()}
    assert kept == {f"1-{number}.json": fuzz.case(".json", 1, number) for _, number, _ in report.findings}


@pytest.mark.slow
def test_readers_read_or_refuse():
    pytest.importorskip("torch")
    pytest.importorskip("onnx")
    report = fuzz.run(14, seed=1)
    print(report)
    assert not report.findings, str(report)
    for suffix, counts in report.counts.items():
        assert counts["read"] >= 3 and counts["refused"] >= 20, (suffix, counts)
