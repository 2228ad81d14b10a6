"""NNet files: against their definition in Fractions, decimal by decimal."""

from __future__ import annotations

import pickle
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from test_readers_assembly import values_of

import polyrelu as pr
from polyrelu.analysis.inspection import inspect
from polyrelu.cli import main
from polyrelu.errors import DomainError, FileError, InputError, LimitError, NetworkError, NumberError
from polyrelu.geometry.domain import Domain
from polyrelu.network.network import Network
from polyrelu.readers import load
from polyrelu.readers.nnet import read_nnet, read_nnet_domain
from support import exact_layers as by_definition

SMALL = """// A comment
// and another one
2,2,1,3,
2,3,1,
0,
-1.0,-2.0,
1.0,2.0,
0.1,-0.5,7.5,
2.0,0.3,10.0,
1.0,-0.1,
0.3e-1,+2.,
-1,.5
0.0,
-1.5,
1e2,
1.0,-1.0,0.1,
0.25,
"""


def test_decimals_are_exact(tmp_path: Path) -> None:
    (tmp_path / "net.nnet").write_text(SMALL)
    expected = Network([[[1, "-1/10"], ["3/100", 2], [-1, "1/2"]], [[1, -1, "1/10"]]], [[0, "-3/2", 100], ["1/4"]])
    assert load(tmp_path / "net.nnet") == expected == read_nnet(tmp_path / "net.nnet")
    assert expected.weights[0][0][1] != Fraction(0.1)


def test_normalisation_is_exact(tmp_path: Path) -> None:
    (tmp_path / "net.nnet").write_text(SMALL.replace("\n", "\r\n"))
    plain, full = read_nnet(tmp_path / "net.nnet"), read_nnet(tmp_path / "net.nnet", normalise=True)
    assert plain.architecture == full.architecture == (2, 3, 1)
    for x in ([0, 0], [1, -2], ["1/3", 5]):
        u, v = map(Fraction, x)
        inside = plain([(u - Fraction("0.1")) / 2, (v + Fraction("0.5")) / Fraction("0.3")])
        assert full([u, v]) == inside * 10 + Fraction("7.5")


def test_the_box_of_inputs(tmp_path: Path) -> None:
    path = tmp_path / "net.nnet"
    path.write_text(SMALL)
    assert read_nnet_domain(path, normalise=True) == Domain.box([-1, -2], [1, 2])
    # (x − 1/10) / 2 and (x + 1/2) / (3/10)
    assert read_nnet_domain(path) == Domain.box(["-11/20", -5], ["9/20", "25/3"])
    path.write_text(SMALL.replace("2.0,0.3,10.0", "-2.0,0.3,10.0"))
    assert read_nnet_domain(path) == Domain.box(["-9/20", -5], ["11/20", "25/3"])
    for upper, message in (("-2.0,2.0,", "above the upper"), ("1.0,2.0,3.0,", "expected 2 numbers")):
        path.write_text(SMALL.replace("\n1.0,2.0,", "\n" + upper))
        with pytest.raises(FileError, match=message):
            read_nnet_domain(path)
        read_nnet(path)


def test_bounds_in_the_wrong_order_are_not_swapped(tmp_path: Path) -> None:
    (tmp_path / "net.nnet").write_text(SMALL.replace("-1.0,-2.0,\n1.0,2.0,", "5.0,-2.0,\n1.0,2.0,"))
    for normalise in (False, True):
        with pytest.raises(FileError, match=r"bounds of the inputs: .* above the upper"):
            read_nnet_domain(tmp_path / "net.nnet", normalise)


def test_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "net.nnet").write_text(SMALL, encoding="utf-8-sig")
    (tmp_path / "plain.nnet").write_text(SMALL)
    assert load(tmp_path / "net.nnet") == load(tmp_path / "plain.nnet")


@pytest.mark.parametrize("seed", range(5))
def test_against_the_definition(tmp_path: Path, seed: int) -> None:
    rng = Random(seed)
    widths = [5, *(rng.randint(1, 6) for _ in range(rng.randint(0, 3))), 5]
    decimal = lambda: f"{rng.uniform(-2, 2):.{rng.randint(0, 8)}e}"  # noqa: E731
    weights = [[[decimal() for _ in range(n)] for _ in range(m)] for n, m in pairwise(widths)]
    biases = [[decimal() for _ in range(m)] for m in widths[1:]]
    means, ranges = [decimal() for _ in range(6)], [f"{rng.uniform(0.5, 3):.5f}" for _ in range(6)]
    lines = [f"{len(widths) - 1},5,5,{max(widths)}", widths, [0], [-1] * 5, [1] * 5, means, ranges]
    for matrix, vector in zip(weights, biases, strict=True):
        lines += [*matrix, *([b] for b in vector)]
    text = "\n".join(line if isinstance(line, str) else ",".join(map(str, line)) + "," for line in lines)
    (tmp_path / "net.nnet").write_text("// random\n" + text + "\n")
    net = read_nnet(tmp_path / "net.nnet", normalise=True)

    def fractions(values: list[Any]) -> Any:
        return by_definition.exact([0] * len(values)) + [Fraction(x) for x in values]

    for _ in range(5):
        x = fractions([str(rng.uniform(-1, 1)) for _ in range(5)])
        y = (x - fractions(means[:5])) / fractions(ranges[:5])
        for k, (matrix, vector) in enumerate(zip(weights, biases, strict=True)):
            y = y if k == 0 else by_definition.leaky(y)
            rows = [sum(w * v for w, v in zip(fractions(row), y, strict=True)) for row in matrix]
            y = by_definition.exact([0] * len(rows)) + rows + fractions(vector)
        assert values_of(net, x) == (y * Fraction(ranges[5]) + Fraction(means[5])).tolist()


def grown(path: Path) -> Path:
    """A network of two inputs and sixteen neurons with means and ranges far from 0 and 1, as those of aircraft are."""
    rng = Random(5)
    decimal = lambda: f"{rng.uniform(-2, 2):.3f}"  # noqa: E731
    lines = ["3,2,1,8", "2,8,8,1", "0", "-5000,-3", "7000,4", "-250.5,0.25,3", "12000,6.5,17"]
    for n, m in pairwise([2, 8, 8, 1]):
        lines += [",".join(decimal() for _ in range(n)) for _ in range(m)] + [decimal() for _ in range(m)]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_network_and_domain_in_the_same_units(tmp_path: Path) -> None:
    path = grown(tmp_path / "net.nnet")
    nets = [read_nnet(path, normalise) for normalise in (False, True)]
    boxes = [read_nnet_domain(path, normalise) for normalise in (False, True)]
    counts = [pr.subdivide(net, domain=box).f_vector for net, box in zip(nets, boxes, strict=True)]
    assert counts[0] == counts[1]  # the units are an affine isomorphism
    bare = [Domain(box.a, box.b) for box in boxes]  # that nobody knows the units of: what used to come out silently
    assert pr.subdivide(nets[1], domain=bare[0]).f_vector != counts[0]
    for net, box in zip(nets, boxes[::-1], strict=True):
        for ask in (
            lambda net, box: pr.subdivide(net, domain=box),
            lambda net, box: pr.estimate(net, None, box),
            lambda net, box: pr.betti_numbers(net, domain=box),
            lambda net, box: pr.identical(net, net, box),
            lambda net, box: pr.clipped(pr.subdivide(net), box),
            lambda net, box: inspect(net.scaled(2), box),
            lambda net, box: pr.subdivide(pickle.loads(pickle.dumps(net)), domain=pickle.loads(pickle.dumps(box))),
            lambda net, box: pr.subdivide(net.restrict([0, 0], [[1, 0], [0, 1]]), domain=box),
        ):
            with pytest.raises(DomainError, match="normalise=True") as caught:
                ask(net, box)
            assert "\n" not in str(caught.value)
    with pytest.raises(NetworkError, match="inputs in the same units"):
        pr.identical(*nets)
    assert "normalised units" in nets[0].assumptions[0] and not nets[1].assumptions


@pytest.mark.parametrize("suffix", [".json", ".npz"])
def test_files_keep_the_units(tmp_path: Path, suffix: str) -> None:
    """A network that went through a file was subdivided over a box in other units without a word."""
    path = grown(tmp_path / "net.nnet")
    # .npz holds doubles only, so the weights are others; the units are still those of the file.
    weights = pr.Network([[[1, 2], [0, 1]], [[1, 1]]], [[0, 0], [0]])
    for normalise in (False, True):
        net = read_nnet(path, normalise)
        assert net.units
        kept = (net if suffix == ".json" else weights).noted(*net.assumptions, units=net.units)
        pr.save(kept, tmp_path / f"net{suffix}")
        found = pr.load(tmp_path / f"net{suffix}")
        assert (found, found.units, found.assumptions) == (kept, net.units, net.assumptions)
        with pytest.raises(DomainError, match="normalise=True"):
            pr.subdivide(found, domain=read_nnet_domain(path, not normalise))
        assert pr.subdivide(found, domain=read_nnet_domain(path, normalise)).n_regions
        pr.save_complex(pr.subdivide(found), tmp_path / "complex.npz")
        assert pr.load_complex(tmp_path / "complex.npz").network.units == net.units
    pr.save(kept.noted(units=()), tmp_path / f"net{suffix}")
    assert pr.load(tmp_path / f"net{suffix}").units == ()


def test_units_of_two_files_differ_by_their_numbers(tmp_path: Path) -> None:
    path = grown(tmp_path / "a.nnet")
    other = tmp_path / "b.nnet"
    other.write_text(path.read_text().replace("12000,6.5,17", "12000,6.25,17"))
    assert pr.subdivide(read_nnet(path, True), domain=read_nnet_domain(other, True)).n_regions > 1
    with pytest.raises(DomainError, match="normalised units"):
        pr.subdivide(read_nnet(path), domain=read_nnet_domain(other))
    other.write_text(path.read_text().replace("-250.5,0.25,3", "0,0,0").replace("12000,6.5,17", "1,1,1"))
    net = read_nnet(other)
    assert net == read_nnet(other, True) and net.units == () and net.assumptions == ()
    assert pr.subdivide(net, domain=read_nnet_domain(other, True)).n_regions > 1


def test_answers_say_in_which_units_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["regions", str(grown(tmp_path / "net.nnet"))]) == 0
    assert "Assumed: inputs and outputs are taken in the normalised units" in capsys.readouterr().out


LINES = SMALL.split("\n")


def changed(number: int, line: str | None) -> str:
    """SMALL with one of its lines (from 1) replaced or removed."""
    return "\n".join(LINES[: number - 1] + ([] if line is None else [line]) + LINES[number:])


BAD: list[tuple[str, type[Exception], str]] = [
    ("", FileError, "ends where number of layers"),
    ("// only a comment\n", FileError, "ends where number of layers"),
    (changed(3, "2,2,1,"), FileError, r"line 3: expected 4 numbers \(number of layers"),
    (changed(3, "2,2,x,3"), NumberError, r"line 3 \(number of layers.*number 3: 'x'"),
    (changed(3, "2,2,1.5,3"), FileError, "expected positive integers"),
    (changed(3, "0,2,1,3"), FileError, "expected positive integers"),
    (changed(3, "999999999999,2,1,3"), FileError, "expected at most 10000000 layers, got 999999999999"),
    (changed(3, "3,2,1,3"), FileError, r"line 4: expected 4 numbers \(widths\), got 3"),
    (changed(4, "2,1000000000000,1"), FileError, "line 13: expected 2 numbers"),
    (changed(4, "3,3,1"), NetworkError, "widths are 3 to 1, but inputs and outputs 2 and 1"),
    (changed(8, "0.1,-0.5"), FileError, r"line 8: expected 3 numbers \(means\), got 2"),
    (changed(9, "1,0,1"), NumberError, "ranges: expected numbers other than zero"),
    (changed(11, "nan,1"), NumberError, r"line 11 \(weights of layer 1, row 2\), number 1: 'nan'"),
    (changed(11, "inf,1"), NumberError, "line 11"),
    (changed(11, "1e999999999,1"), NumberError, "4000 decimal digits"),
    (changed(11, "0x10,1"), NumberError, "line 11"),
    (changed(11, "1,,2"), FileError, "line 11: expected 2 numbers"),
    (changed(11, "1 2"), FileError, "line 11: expected 2 numbers"),
    (changed(15, None), FileError, "line 15: expected 1 numbers"),
    (changed(17, None), FileError, "ends where bias 1 of layer 2"),
    (SMALL + "1.0,\n", FileError, "line 18: expected the end of the file"),
    ("1,99999999,1,1\n99999999,1\n0\n" + "0\n" * 2 + "1," * 5 + "\n", FileError, "expected 100000000 numbers"),
    ("\x00\x01", FileError, "line 1: expected 4 numbers"),
]  # fmt: skip


@pytest.mark.parametrize("k", range(len(BAD)))
def test_refuses(tmp_path: Path, k: int) -> None:
    text, error, expected = BAD[k]
    path = tmp_path / "net.nnet"
    path.write_text(text)
    with pytest.raises(error, match=expected) as caught:
        read_nnet(path, normalise=True)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_refuses_bytes_and_damage(tmp_path: Path) -> None:
    path = tmp_path / "net.nnet"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(FileError, match="not UTF-8"):
        load(path)
    rng = Random(1)
    for _ in range(200):
        damaged = bytearray(SMALL.encode())
        damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        path.write_bytes(damaged[: rng.choice([len(damaged), rng.randrange(len(damaged))])])
        try:
            read_nnet(path, normalise=True)
        except (InputError, LimitError) as problem:
            assert str(problem).startswith(str(path))
