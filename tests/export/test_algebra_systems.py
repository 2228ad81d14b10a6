"""Scripts for Sage and Macaulay2, read again by two small parsers (and by Sage and Macaulay2, where they are)."""

from __future__ import annotations

import re
import shutil
import subprocess
from fractions import Fraction
from itertools import pairwise
from math import gcd
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import polyrelu as pr
from support import zoo
from support.known_answers import random_float32
from support.reference import dot
from support.strategies import examples, networks, seeded_network

WRITERS = {".sage": pr.write_sage, ".m2": pr.write_macaulay2}


class Integer(int):
    """An integer of Sage as far as scripts go: a quotient is exact."""

    def __truediv__(self, other: int) -> Fraction:
        return Fraction(int(self), int(other))

    def __neg__(self) -> Integer:
        return Integer(-int(self))


def read_sage(text: str) -> dict[str, Any]:
    """What a script defines: Polyhedron, PolyhedralComplex and ChainComplex are their arguments, matrices are rows."""
    names: dict[str, Any] = {
        "Integer": Integer,
        "QQ": "QQ",
        "ZZ": "ZZ",
        "Polyhedron": lambda **given: SimpleNamespace(**given),
        "PolyhedralComplex": lambda cells, **given: SimpleNamespace(cells=cells, **given),
        "ChainComplex": lambda maps, base_ring, degree_of_differential: maps,
        "matrix": lambda ring, m, n, entries=None, sparse=False: dense(m, n, entries or {}),
    }
    exec(re.sub(r"(?<![\w'])(\d+)\b", r"Integer(\1)", text), names)
    if "C" in names:
        maps = names["C"]
        assert sorted(maps) == [*range(len(maps))] and maps[0] == []
        names["ranks"] = [int(re.search(r"0: matrix\(ZZ, 0, (\d+)", text)[1])]
        names["ranks"] += [int(n) for n in re.findall(r"\n[1-9]\d*: matrix\(ZZ, \d+, (\d+)", text)]
        names["maps"] = [maps[k] for k in range(1, len(maps))]
    return names


def read_macaulay2(text: str) -> dict[str, Any]:
    """The same of Macaulay2."""
    names: dict[str, Any] = {}
    matrix = r"^([VRL]) = map\(QQ\^(\d+), QQ\^(\d+), transpose (\{.*?\})\)$"
    for name, d, n, rows in re.findall(matrix, text, re.M | re.S):
        found = re.findall(r"\{([^{}]+)\}", rows)
        names[name] = [tuple(map(Fraction, row.split(", "))) for row in found]
        assert len(names[name]) == int(n) and all(len(row) == int(d) for row in names[name])
    if "V" in names:
        numbers = re.search(r"^M = (\{.*?\})\nP", text, re.M | re.S)[1]
        names["M"] = [
            tuple([int(i) for i in part.split(",") if i] for part in pair)
            for pair in re.findall(r"\{\{([\d,]*)\}, \{([\d,]*)\}\}", numbers)
        ]
        assert ("polyhedralComplex (V, R, L, M)" in text) == bool(names["M"])
    if only := re.search(r"^C = complex ZZ\^(\d+)$", text, re.M):
        names |= {"ranks": [int(only[1])], "maps": []}
    if chains := re.search(r"^C = complex \{(.*)\}$", text, re.M | re.S):
        found = re.findall(r"map\(ZZ\^(\d+), ZZ\^(\d+), \{(.*?)\}\)", chains[1])
        names["ranks"] = [int(m) for m, _, _ in found[:1]] + [int(n) for _, n, _ in found]
        names["maps"] = []
        for m, n, entries in found:
            values = {(int(i), int(j)): int(x) for i, j, x in re.findall(r"\((\d+),(\d+)\) => (-?\d+)", entries)}
            assert len(values) == entries.count("=>")
            names["maps"].append(dense(int(m), int(n), values))
    return names


def dense(m: int, n: int, entries: dict[tuple[int, int], int]) -> list[list[int]]:
    rows = [[0] * n for _ in range(m)]
    for (i, j), x in entries.items():
        rows[i][j] = int(x)
    return rows


def written(source: Any, folder: Path) -> list[dict[str, Any]]:
    found = []
    for suffix, read in ((".sage", read_sage), (".m2", read_macaulay2)):
        WRITERS[suffix](source, folder / f"x{suffix}")
        found.append(read((folder / f"x{suffix}").read_text("ascii")))
    return found


def homology_by_sympy(ranks: list[int], maps: list[list[list[int]]]) -> tuple[tuple[int, ...], list[list[int]]]:
    """Betti numbers and the invariant factors above 1, from the Smith forms of SymPy."""
    sympy = pytest.importorskip("sympy")
    from sympy.matrices.normalforms import smith_normal_form

    diagonals = [[]]
    for (m, n), rows in zip(pairwise(ranks), maps, strict=True):
        form = smith_normal_form(sympy.Matrix(rows), domain=sympy.ZZ) if m and n else sympy.zeros(m, n)
        factors = [abs(int(form[i, i])) for i in range(min(m, n)) if form[i, i]]
        for i in range(len(factors)):  # older versions do not make each divide the next
            for j in range(i + 1, len(factors)):
                a, b = factors[i], factors[j]
                factors[i], factors[j] = gcd(a, b), a * b // gcd(a, b)
        diagonals.append(factors)
    diagonals.append([])
    betti = tuple(n - len(diagonals[k]) - len(diagonals[k + 1]) for k, n in enumerate(ranks))
    return betti, [[x for x in factors if x > 1] for factors in diagonals[1:]]


def check_chains(found: dict[str, Any], chain: pr.ChainComplex) -> None:
    assert found["ranks"] == list(chain.ranks)
    assert found["maps"] == [chain.boundary(k) for k in range(1, len(chain.ranks))]


@pytest.mark.parametrize(
    "chain", [zoo.projective_space(2), zoo.projective_space(3), zoo.lens_space(5, 2), zoo.simplicial(zoo.RP2)], ids=repr
)
def test_torsion(tmp_path, chain):
    for found in written(chain, tmp_path):
        check_chains(found, chain)
        assert "V" not in found
        betti, torsion = homology_by_sympy(found["ranks"], found["maps"])
        answer = pr.homology(chain)
        assert betti == answer.betti and torsion == [list(x) for x in answer.torsion] and any(torsion)


def test_chain_complexes_of_odd_shapes(tmp_path):
    for chain in (
        pr.ChainComplex([], ranks=(3,)),
        pr.ChainComplex([[]], ranks=(0, 2)),
        pr.ChainComplex([[[], []]]),
        pr.ChainComplex([[[10**30, -(2**70)]]]),
    ):
        for found in written(chain, tmp_path):
            check_chains(found, chain)


def points(cx: pr.PolyhedralComplex, k: int, i: int) -> frozenset[Any]:
    shape = cx.v_representation(k, i)
    return frozenset([("v", *x) for x in shape.vertices] + [("r", *x) for x in shape.rays])


@examples(25)
@given(networks(dims=(1, 2, 3)), st.sampled_from(["<=", ">=", "=", ">", "<", None]), st.booleans())
def test_cells_and_chains(tmp_path_factory, net, relation, boxed):
    """Cells are the maximal ones of the set, each that of the complex; the chain complex has the homology."""
    cx = pr.subdivide(net, 0, [(-1, 2)] * net.input_dim if boxed else None)
    d = cx.input_dim
    region = None if relation is None else cx.region(relation)
    for found in written(cx if region is None else region, tmp_path_factory.mktemp("scripts")):
        if region is None:
            assert "maps" not in found
            assert [tuple(x) for x in found["V"]] == list(cx.vertices())
            assert [tuple(x) for x in found["R"]] == list(cx.rays())
            expected = [points(cx, d, i) for i in range(cx.n_cells(d))]
        else:
            check_chains(found, pr.chain_complex(region))
            for lower, upper in pairwise(found["maps"]):
                columns = list(zip(*upper, strict=True))
                assert not any(dot(row, column) for row in lower for column in columns)
            if max(found["ranks"]) < 16:
                betti, torsion = homology_by_sympy(found["ranks"], found["maps"])
                answer = pr.homology(region)
                assert (*answer.betti, *[0] * len(betti))[: len(betti)] == betti and not any(torsion[2:])
            if not region.is_closed:
                assert "V" not in found
                continue
            inside = [points(cx, k, i) for k in range(d + 1) for i in region.cells(k)]
            expected = [cell for cell in inside if not any(cell < other for other in inside)]
        assert [tuple(x) for x in found["L"]] == list(cx.lineality)
        cells = [
            frozenset([("v", *found["V"][i]) for i in vertices] + [("r", *found["R"][i]) for i in rays])
            for vertices, rays in found["M"]
        ]
        assert cells == expected if region is None else sorted(map(sorted, cells)) == sorted(map(sorted, expected))
        assert set().union(*cells) == {("v", *x) for x in found["V"]} | {("r", *x) for x in found["R"]}
        for cell, shape in zip(found.get("P", ()), cells, strict="P" in found):  # as Sage makes them
            assert frozenset([("v", *x) for x in cell.vertices] + [("r", *x) for x in cell.rays]) == shape
            assert (cell.lines, cell.ambient_dim, cell.base_ring) == (found["L"], d, "QQ")
        if "K" in found:
            assert found["K"].cells == found["P"] and found["K"].ambient_dim == d


@pytest.mark.parametrize("suffix", WRITERS)
def test_refusals(tmp_path, suffix):
    write = WRITERS[suffix]
    circle = pr.subdivide(pr.from_expression("1 - |x| - |y|"), 0).region("=")
    with pytest.raises(pr.FileError, match=f"x.txt: {write.__name__} writes {suffix} files"):
        write(circle, tmp_path / "x.txt")
    with pytest.raises(pr.InputError, match=f"{write.__name__}: expected a PolyhedralComplex, a set of its cells or a"):
        write(pr.homology(circle), tmp_path / f"x{suffix}")
    coarse = pr.subdivide(random_float32((2, 8, 8, 1)), 0, coarse=True)
    with pytest.raises(pr.CoarseComplexError, match=write.__name__):
        write(coarse.region("<="), tmp_path / f"x{suffix}")
    assert not list(tmp_path.iterdir())
    write(pr.chain_complex(coarse.region("<=")), tmp_path / f"x{suffix}")


def sources() -> dict[str, Any]:
    """Cells with vertices, rays and lines, in dimension 1 too, nothing, several components, a loop, and torsion."""
    ring = pr.subdivide(pr.from_expression("min(2 - |x| - |y|, |x| + |y| - 1)"), 0)
    found: dict[str, Any] = {f"ring{i}": ring.region(x) for i, x in enumerate((">=", ">", "=", "<="))}
    found |= {"empty": pr.subdivide(pr.from_expression("1 + |x|"), 0).region("="), "three": zoo.lens_space(3, 1)}
    found["line"] = pr.subdivide(pr.from_expression("1 - |x|"), 0).region("<=")
    found["strip"] = pr.subdivide(pr.from_expression("1 - |x + 2*y|"), 0).region(">=")
    found["plane"] = pr.subdivide(pr.Network([[[1, 2]]], [["1/3"]]))
    found |= {f"random{seed}": pr.subdivide(seeded_network(seed), 0) for seed in (1, 5)}
    return {name: x for name, x in found.items() if not isinstance(x, pr.PolyhedralComplex) or x.n_regions < 40}


def expected_numbers(source: Any, factors: Any) -> list[str]:
    """Groups by degree, then f-vector: as the scripts below print them."""
    lines = []
    if not isinstance(source, pr.PolyhedralComplex):
        answer = pr.homology(source)
        lines += [f"{b} {list(factors(t))}" for b, t in zip(answer.betti, answer.torsion, strict=True)]
    cx = getattr(source, "complex", source)
    if isinstance(source, pr.PolyhedralComplex) or getattr(source, "is_closed", False):
        lines.append(" ".join(map(str, getattr(source, "f_vector", cx.f_vector))))
    return lines


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("sage") is None, reason="Sage is not installed")
def test_sage_reads_them(tmp_path):
    """Sage finds the same homology, as many faces of every dimension, and that the cells meet face to face."""
    script, expected = ["from sage.all import *"], []
    for name, source in sources().items():
        pr.write_sage(source, tmp_path / f"{name}.sage")
        script.append(f'load("{tmp_path / name}.sage")')
        if not isinstance(source, pr.PolyhedralComplex):
            for k in range(len(pr.homology(source).betti)):
                script.append(f"H = C.homology({k}).invariants(); print(H.count(0), sorted(int(x) for x in H if x))")
        if isinstance(source, pr.PolyhedralComplex) or getattr(source, "is_closed", False):
            script.append("PolyhedralComplex(P, face_to_face_check=True)")
            script.append("print(*(len(K.cells().get(i, ())) for i in range(K.ambient_dimension() + 1)))")
        expected += expected_numbers(source, sorted)
    (tmp_path / "all.sage").write_text("\n".join(script))
    run = subprocess.run(["sage", "all.sage"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=300)
    assert run.stdout.splitlines() == expected


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("M2") is None, reason="Macaulay2 is not installed")
def test_macaulay2_reads_them(tmp_path):
    """Macaulay2 finds the same homology, and its complex has the cells of the script as maximal cells."""
    script, expected = ['needsPackage "Polyhedra"; needsPackage "Complexes"'], []
    for name, source in sources().items():
        pr.write_macaulay2(source, tmp_path / f"{name}.m2")
        script.append(f'load "{tmp_path / name}.m2"')
        if not isinstance(source, pr.PolyhedralComplex):
            for k in range(len(pr.homology(source).betti)):
                script.append(f"H = prune HH_{k} C; A = presentation H")
                script.append('stdio << rank H << " " << apply(numColumns A, j -> abs A_(j,j)) << endl')
        if isinstance(source, pr.PolyhedralComplex) or getattr(source, "is_closed", False):
            script.append("(W, S, T) = (vertices K, rays K, linealitySpace K)")
            script.append("Q = apply(maxPolyhedra K, m -> convexHull(W_(m#0), S_(m#1), T))")
            script.append("found = #Q == #M and all(#M, i -> any(Q, q -> q == P i))")
            script.append("stdio << (if #M == 0 then dim K == -1 else found) << endl")
        numbers = expected_numbers(source, list)
        if numbers and "[" not in numbers[-1]:
            numbers[-1] = "true"
        expected += [line.replace("[", "{").replace("]", "}") for line in numbers]
    (tmp_path / "all.m2").write_text("\n".join([*script, "exit 0", ""]))
    run = subprocess.run(["M2", "--script", "all.m2"], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert run.stdout.splitlines() == expected, run.stderr
