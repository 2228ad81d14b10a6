"""Certificates: what is true is accepted by the independent checker, and what is false is refused."""

from __future__ import annotations

import ast
import copy
import gzip
import json
import random
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

import polyrelu as pr
from polyrelu.export.certificate import network_hash
from support import certificates
from support.certificates import PROGRAM, adapted, is_true, load_checker, mutated, read, rehash, verdict
from support.known_answers import cases
from support.line_certificates import line, network

CHECKER = load_checker()
RELATIONS = (">", ">=", "<", "<=", "=")
SLOPES = (0, 0, 1, -1, Fraction(1, 3))


def degenerate(architecture: tuple[int, ...], seed: int, mixed: bool = False) -> pr.Network:
    """Small integers, so that much vanishes; with neurons of several slopes, identity neurons among them."""
    rng = np.random.default_rng(seed)
    weights = [rng.integers(-2, 3, (m, n)).tolist() for n, m in pairwise(architecture)]
    biases = [rng.integers(-2, 3, m).tolist() for m in architecture[1:]]
    slopes = [[SLOPES[rng.integers(len(SLOPES))] for _ in range(m)] for m in architecture[1:-1]]
    return pr.Network(weights, biases, slopes if mixed else None)


def smooth(architecture: tuple[int, ...], seed: int) -> pr.Network:
    """Weights in float32, in general position."""
    rng = np.random.default_rng(seed)
    weights = [
        (rng.standard_normal((m, n)) / n**0.5).astype(np.float32)
        for n, m in pairwise(architecture)
    ]
    return pr.Network(weights, [(rng.standard_normal(m) / 2).astype(np.float32) for m in architecture[1:]])


def accepted(path) -> None:
    assert verdict(CHECKER, read(path)) == "accepted"


# ---- the program -----------------------------------------------------------------------------------------------------


def test_the_checker_stands_alone():
    """It imports the standard library only, and passes without site packages and in isolation."""
    tree = ast.parse(PROGRAM.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= set(sys.stdlib_module_names)
    assert "float" not in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, float)]


def test_exit_status_and_report(tmp_path):
    net, path = pr.shells((2, 4, 3, 1), [1]), tmp_path / "shells.cert"
    report = pr.certify(net, "<=", 0, None, path, coarse=False)

    def run(*arguments):
        command = [sys.executable, "-I", "-S", str(PROGRAM), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()

    status, lines, errors = run(path)
    assert status == 0 and not errors and lines[-1] == "accepted: the claims are proved"
    assert network_hash(net) in lines[0] and str(list(report.betti)) in lines[1] and str(list(report.cells)) in lines[2]
    status, lines, errors = run(path, "--sha256", network_hash(pr.maximum(2)))
    assert status == 1 and lines == ["refused: line 1: the certificate is one of another network"]
    status, lines, errors = run(path, "--max-cells", 10)
    assert status == 2 and not lines and len(errors) == 1 and "more than 10 cells" in errors[0]
    status, lines, errors = run(tmp_path / "nothing.cert")
    assert status == 2 and not lines and len(errors) == 1


def test_verdicts_in_python(tmp_path):
    net = pr.maximum(2)
    pr.certify_cells(net, None, None, tmp_path / "max.cert")
    assert pr.check_certificate(tmp_path / "max.cert", net)
    assert not pr.check_certificate(tmp_path / "max.cert", pr.maximum(3))
    (tmp_path / "text.cert").write_text("no certificate")
    with pytest.raises(pr.FileError, match=r"text\.cert: .*[Nn]ot a gzipped file"):
        pr.check_certificate(tmp_path / "text.cert")
    with pytest.raises(pr.InputError, match="path"):
        pr.certify(net)
    with pytest.raises(pr.InputError, match="hidden layers"):
        pr.certify_cells(pr.Network([[[1]]], [[0]]), None, None, tmp_path / "affine.cert")


# ---- what is true is accepted ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", [case for case in cases() if case.name not in ("shells_4-8-10-1", "shells_3-6-6-4-1")])
def test_shared_cases(case, tmp_path):
    """All relations, complete and coarse in turn."""
    for i, relation in enumerate(RELATIONS):
        for coarse in (False, True) if i < 2 else (i % 2 == 0,):
            report = pr.certify(case.network, relation, 0, None, tmp_path / "x.cert", coarse=coarse)
            accepted(tmp_path / "x.cert")
            assert list(report.betti) == case.expected["betti"][relation][: case.network.input_dim]


@pytest.mark.parametrize("seed", range(14))
def test_degenerate_networks(seed, tmp_path):
    """Lineality, low rank, identity neurons, unbounded domains, parts, and everything that can be claimed."""
    path = tmp_path / "x.cert"
    shapes = [(2, 4, 4, 1), (3, 4, 3, 1), (3, 3, 3, 3, 1), (2, 5, 1), (1, 3, 3, 1), (4, 3, 1), (2, 1)]
    net = degenerate(shapes[seed % 7], seed, True)
    domain = [(-1, 2)] + [(0, None)] * (net.input_dim - 1)
    relation = RELATIONS[seed % 5]
    for coarse in (False, True):
        pr.certify(net, relation, 0, None, path, coarse=coarse)
        accepted(path)
        pr.certify(net, relation, "1/2", domain, path, coarse=coarse)
        accepted(path)
        pr.certify(net, relation, 0, domain if seed % 2 else None, path, coarse=coarse, parts=3)
        accepted(path)
    pr.certify_cells(net, 0 if seed % 2 or not net.depth else None, None, path)
    accepted(path)
    pr.certify_persistence(net, domain if seed % 3 else None, path, superlevel=seed % 2 == 0, field=(2, 0, 3)[seed % 3])
    accepted(path)
    pr.certify_identical(net, pr.Network(net.weights, net.biases, net.slopes), None, path)
    accepted(path)
    found = pr.certify_identical(net, degenerate((net.input_dim, 3, 1), seed), domain, path)
    accepted(path)
    assert read(path)[0]["claims"][0]["claim"] == ("identical" if found else "different")


def test_identity_of_networks_of_different_depth(tmp_path):
    """An affine function, and the same one as a difference of ReLUs: the artificial hyperplanes are in the file."""
    affine = pr.Network([[[2, -1]]], [[1]])
    deep = pr.Network([[[2, -1], [-2, 1]], [[1, -1]]], [[0, 0], [1]])
    for f, g in ((affine, deep), (deep, affine), (affine, affine)):
        assert pr.certify_identical(f, g, None, tmp_path / "x.cert")
        accepted(tmp_path / "x.cert")


def test_a_bound_that_is_found_late(tmp_path):
    """On a cell that the engine decides, the first bounds below F are not positive."""
    weights = [[[2, -1], [1, -2]], [[-1, 1], [2, 1]], [[-1, 2], [1, 2]], [[2, 1]]]
    net = pr.Network(weights, [[0, 2], [2, 1], [-1, -1], [0]])
    assert pr.certify(net, "<=", 0, [(-1, 2), (0, None)], tmp_path / "x.cert").is_coarse
    accepted(tmp_path / "x.cert")


@pytest.mark.parametrize("architecture", [(2, 16, 16, 1), (3, 8, 8, 1), (2, 6, 6, 6, 6, 1)])
def test_networks_in_general_position(architecture, tmp_path):
    net = smooth(architecture, 0)
    for domain, parts in ((None, 1), ([(-1, 1)] * architecture[0], 1), (None, 4)):
        pr.certify(net, ">", 0, domain, tmp_path / "x.cert", parts=parts)
        accepted(tmp_path / "x.cert")


@pytest.mark.slow
def test_larger_cases(tmp_path):
    for case in cases():
        if case.name in ("shells_4-8-10-1", "shells_3-6-6-4-1"):
            for relation, coarse, parts in (("<=", False, 1), (">", True, 5)):
                pr.certify(case.network, relation, 0, None, tmp_path / "x.cert", coarse=coarse, parts=parts)
                accepted(tmp_path / "x.cert")
                cells = sum(CHECKER.Certificate(CHECKER.Records(tmp_path / "x.cert"), 10**6).cells)
                assert (tmp_path / "x.cert").stat().st_size <= 40 * cells
    for seed in range(2):
        pr.certify(smooth((3, 10, 10, 1), seed), "=", 0, None, tmp_path / "x.cert")
        accepted(tmp_path / "x.cert")


# ---- what is false is refused ----------------------------------------------------------------------------------------


def small_certificates(folder) -> list[certificates.Records]:
    """One or more of every kind."""
    made = []

    def add(write, *arguments, **options):
        write(*arguments, path=folder / "x.cert", **options)
        made.append(read(folder / "x.cert"))

    shapes = [(2, 3, 1), (1, 4, 3, 1), (2, 3, 3, 1), (3, 3, 1), (2, 4, 1)]
    for seed, (relation, shape) in enumerate(zip(RELATIONS, shapes, strict=True)):
        net = degenerate(shape, seed, seed % 2 == 1)
        domain = [(-1, 2)] + [(0, None)] * (shape[0] - 1)
        add(pr.certify, net, relation, 0, None, coarse=seed % 2 == 0)
        add(pr.certify, net, relation, 0, domain, coarse=False, parts=1 + seed % 2 * 2)
        add(pr.certify_cells, net, None, None)
        add(pr.certify_persistence, net, domain if seed % 2 else None, superlevel=seed % 2 == 0, field=(2, 0)[seed % 2])
        add(pr.certify_identical, net, net, None)
        add(pr.certify_identical, net, degenerate((shape[0], 2, 1), seed + 50), None)
    rng = np.random.default_rng(4)  # with cells that a bound decides
    weights = [rng.integers(-9, 10, (4, 2)).tolist(), rng.integers(-9, 10, (4, 4)).tolist(), [[3, -7, 5, 2]]]
    net = pr.Network(weights, [rng.integers(-9, 10, 4).tolist(), rng.integers(-9, 10, 4).tolist(), [-100]])
    add(pr.certify, net, ">", 0, None)
    add(pr.certify, net, "<=", 0, None, parts=2)
    return made


def attack(folder, seed: int, rounds: int) -> int:
    """The number of changed certificates that were accepted, all of which must be true."""
    rng = random.Random(seed)
    originals = small_certificates(folder)
    assert all(verdict(CHECKER, records) == "accepted" for records in originals)
    n_accepted = 0
    for _ in range(rounds):
        records = mutated(rng.choice(originals), rng)
        if rng.random() < 0.8:
            rehash(CHECKER, records)
        if rng.random() < 0.6:
            records, said = adapted(CHECKER, records)
        else:
            said = verdict(CHECKER, records)
        if said == "accepted":
            n_accepted += 1
            assert is_true(records), json.dumps(records[0])
    return n_accepted


def test_changed_certificates(tmp_path):
    assert attack(tmp_path, 1, 300) < 100


@pytest.mark.slow
def test_many_changed_certificates(tmp_path):
    assert attack(tmp_path, 2, 2400) < 800


# ---- hostile files ---------------------------------------------------------------------------------------------------

HEADER = b'{"certificate": "polyrelu", "version": 1, "claims": [{"claim": "cells"}], "level": null, "domain": [], '
NETWORK = b'"network": {"weights": [[[1]], [[1]]], "biases": [[0], [0]], "slopes": [[0]]}, '


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"[" * 10**6,
        b'{"a":' * 10**5,
        b"0" * 10**8,
        HEADER + b'"network": {"weights": [[[' + b"9" * 10**6 + b']]]}}',
        HEADER + b'"network": {"weights": [[[1e400]]], "biases": [[NaN]], "slopes": []}}',
        HEADER + b'"network": {"weights": [[["1/0"]]], "biases": [["1"]], "slopes": []}}',
        HEADER + b'"network": {"weights": [[[1, 2], [3]], [[1]]], "biases": [[0, 0], [0]], "slopes": [[0, 0]]}}',
        HEADER + b'"network": {"weights": [], "biases": [], "slopes": []}}',
        HEADER + NETWORK + b'"kept": [0], "projection": [[]]}',
        HEADER + NETWORK + b'"kept": [7], "projection": [[]], "sha256": 0}',
        b'["points", []]\n' * 10**6,
        "\N{SNOWMAN}".encode(),
        b"\xff\xfe\x00",
    ],
    ids=range(15),
)
def test_hostile_contents(content, tmp_path):
    (tmp_path / "x.cert").write_bytes(gzip.compress(content, 1))
    with pytest.raises((CHECKER.Unreadable, CHECKER.Refused)) as found:
        CHECKER.check(tmp_path / "x.cert")
    assert "\n" not in str(found.value)


def test_what_a_reader_of_the_report_may_believe(tmp_path):
    """No words are taken for claims that were not checked; the networks and the domain are all named."""
    net, path = pr.maximum(2), tmp_path / "x.cert"
    pr.certify_identical(net, net, [(-1, 1), (0, 2)], path)
    records = read(path)
    report = CHECKER.check(path)
    assert [x.split(":")[0] for x in report if network_hash(net) in x] == ["network", "other network"]
    assert any(str(records[0]["domain"]) in x for x in report)
    records[0]["claims"][0]["domain"] = "everywhere"
    assert "other keys" in verdict(CHECKER, records)
    with gzip.open(path) as file:
        text = file.read().replace(b'"claims":', b'"claims":[{"claim":"cells"}],"claims":', 1)
    path.write_bytes(gzip.compress(text))
    with pytest.raises(CHECKER.Unreadable, match="no key twice"):
        CHECKER.check(path)


def hostile_headers() -> dict[str, certificates.Records]:
    """What the checker says, and a file: one line within limits, not a traceback, and not without end."""
    bend = network([[[1], [0]], [[1, 0]]], [[-1, 0], [1]])  # ReLU(x − 1) + 1
    claim = {"claim": "homology", "relation": ">", "betti": [1], "torsion": [[]]}
    half_line = {"domain": [[0, 1]]}
    good = line(CHECKER, bend, [0, "+"], claim, **half_line, start=[0, 1])
    assert verdict(CHECKER, good) == "accepted"

    def with_header(**change: object) -> certificates.Records:
        changed = [{**good[0], **change}, *good[1:]]
        certificates.rehash(CHECKER, changed)
        return changed

    sparse = [[f"1/{2**9000 + 2 * i + 1}"] for i in range(100)] + [[1]] * 3000  # as integers they would be 350 MB
    return {
        "expected a level and a relation": with_header(claims=[{**claim, "relation": []}]),
        "other keys": with_header(claims=[{"claim": []}]),
        "no bound proves": [good[0], ["complex", 0, [3]], *good[2:]],  # the form of a neuron that is always 0
        "at most": with_header(claims=[claim] * 1000),
        "too much work": with_header(tree_forms=[[0, 1]], tree=[[0, -1 - i, i + 1] for i in range(10**4)]),
        "common denominator": with_header(network=network([sparse, [[1] * 3100]], [[0] * 3100, [1]])),
        "more than 30 cells": with_header(cuts=[[1, 0]] * 30_000),
    }


def test_hostile_headers():
    for said, records in hostile_headers().items():
        with pytest.raises((CHECKER.Unreadable, CHECKER.Refused), match=said):
            CHECKER.check(certificates.packed(records), max_cells=30)


def test_hostile_records(tmp_path):
    """Endless empty lines, trees with cycles, too many cells, numbers that grow, a file cut off."""
    pr.certify(smooth((2, 4, 1), 0), path=tmp_path / "x.cert", parts=2)
    records = read(tmp_path / "x.cert")
    at = next(i for i, record in enumerate(records) if i and record[0] == "points")
    with pytest.raises(CHECKER.Unreadable, match="without cells"):
        CHECKER.check(certificates.packed([*records[:at], *[["points", []]] * 10**4, *records[at:]]))
    looping = copy.deepcopy(records)
    looping[0]["tree"] = [[0, 0, 0]]
    with pytest.raises(CHECKER.Unreadable, match="tree"):
        CHECKER.check(certificates.packed(looping))
    with pytest.raises(CHECKER.Unreadable, match="--max-cells"):
        CHECKER.check(certificates.packed(records), None, 5)
    whole = certificates.packed(records).getvalue()
    for end in (5, len(whole) // 2, len(whole) - 3):
        (tmp_path / "x.cert").write_bytes(whole[:end])
        with pytest.raises(CHECKER.Unreadable):
            CHECKER.check(tmp_path / "x.cert")
    with pytest.raises(CHECKER.Unreadable, match="too much work"):
        CHECKER.check(certificates.packed(records), max_work=1000)
