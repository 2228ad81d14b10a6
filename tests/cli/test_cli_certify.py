"""polyrelu certify, and verify --certificate."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import polyrelu as pr
from polyrelu.cli import main


@pytest.fixture
def net(tmp_path: Path) -> str:
    pr.save(pr.shells((2, 4, 3, 1), [1]), tmp_path / "net.json")
    return str(tmp_path / "net.json")


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(list(arguments))
    out, err = capsys.readouterr()
    return status, out, err


@pytest.mark.parametrize(
    ("options", "claim"),
    [
        (["--relation", "<=", "--level", "-1/2"], "homology"),
        (["--complete", "--box", "0,1"], "homology"),
        (["--parts", "3"], "homology"),
        (["--cells", "--level", "0"], "cells"),
        (["--persistence", "--superlevel", "--field", "Q"], "persistence"),
    ],
)
def test_certify_and_verify(capsys, net, tmp_path, options, claim):
    out = str(tmp_path / "net.cert")
    status, text, _ = answer(capsys, "certify", net, *options, "-o", out, "--json")
    assert status == 0 and json.loads(text)["claim"] == claim
    status, text, _ = answer(capsys, "verify", net, "--certificate", out)
    assert status == 0 and text.splitlines()[-1] == "accepted: the claims are proved"
    status, text, _ = answer(capsys, "verify", "--certificate", out, "--json")
    assert status == 0 and json.loads(text)["accepted"] is True


def test_identity(capsys, net, tmp_path):
    out, other = str(tmp_path / "net.cert"), str(tmp_path / "other.json")
    shutil.copy(net, other)
    status, text, _ = answer(capsys, "certify", net, "--identical", other, "-o", out)
    assert status == 0 and '"identical"' in text
    pr.save(pr.shells((2, 4, 4, 1), [2]), other)
    status, text, _ = answer(capsys, "certify", net, "--identical", other, "-o", out)
    assert status == 0 and '"different"' in text
    assert answer(capsys, "verify", net, "--certificate", out)[0] == 0
    status, text, _ = answer(capsys, "verify", other, "--certificate", out)
    assert status == 1 and text == "refused: line 1: the certificate is one of another network\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["certify", "NET", "--cells", "--relation", ">", "-o", "x.cert"], "--relation"),
        (["certify", "NET", "--field", "3", "-o", "x.cert"], "--field"),
        (["certify", "NET", "--parts", "0", "-o", "x.cert"], "--parts"),
        (["certify", "NET", "-o", "NET"], "network itself"),
        (["verify"], "expected a network file"),
        (["verify", "NET", "--certificate", "NET"], "gzip"),
        (["verify", "NET", "--certificate", "none.cert"], "No such file"),
        (["verify", "NET", "--certificate", "none.cert", "--betti", "1,0"], "--betti"),
    ],
)
def test_wrong_input_is_told_in_one_line(capsys, net, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    status, out, err = answer(capsys, *(net if x == "NET" else x for x in arguments))
    assert status == 2 and not out and err.count("\n") == 1 and message in err
