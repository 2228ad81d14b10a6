"""Homology from cells in the core, of which no arrays are made: the same chain complexes as from arrays."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu import _core
from polyrelu.geometry.subdivision import cells_in_core
from polyrelu.topology.chain import ChainComplex, chain_complex
from polyrelu.topology.groups import homology_groups, homology_in_core
from support.known_answers import random_float32
from support.reference import RELATIONS, Reference
from support.strategies import Widths, examples, levels, networks, polytopes

SMALL: Widths = {1: [(), (4,), (3, 3)], 2: [(), (4,), (3, 3)], 3: [(3,), (3, 2)], 4: [(2,)]}
SIGNS = {">": 4, ">=": 6, "<": 1, "<=": 3, "=": 2}


def reduced(complex_: ChainComplex) -> Any:
    columns = [complex_.boundary_arrays(k) for k in range(1, len(complex_.ranks))]
    return _core.reduce_chain_complex(complex_.ranks, columns)


@examples(60)
@given(net=networks(SMALL, SMALL), coarse=st.booleans(), data=st.data())
def test_chain_complexes_are_those_of_the_arrays(net: pr.Network, coarse: bool, data: st.DataObject) -> None:
    level = data.draw(levels(net))
    domain = pr.Domain(*data.draw(polytopes(net.input_dim))) if data.draw(st.booleans()) else None
    try:
        cx = pr.subdivide(net, level, domain, coarse=coarse)
    except pr.DomainError as error:
        with pytest.raises(pr.DomainError) as other:
            cells_in_core(net, level, domain, {}, coarse=coarse)
        assert str(error) == str(other.value)
        return
    cells, _ = cells_in_core(net, level, domain, {}, coarse=coarse)
    assert cells.finite == cx.arrays.finite
    for relation, signs in SIGNS.items():
        region = cx.region(relation)
        expected = chain_complex(region)
        chain = cells.chain(signs, region.is_open)
        assert not isinstance(chain, tuple)
        assert chain.ranks == expected.ranks
        assert chain.reduce() == chain.reduce() == reduced(expected)
        assert homology_in_core(cells, relation, net.input_dim) == homology_groups(region)
    with pytest.raises(ValueError, match="only facets and signs"):
        cells.report()


@pytest.mark.parametrize("seed", range(4))
def test_betti_numbers_by_the_reference(seed: int) -> None:
    net = random_float32((2, 4, 3, 1), seed)
    reference = Reference(net, 0)
    for relation in RELATIONS:
        betti = tuple(reference.homology(relation).betti[:2])
        assert pr.betti_numbers(net, relation) == pr.betti_numbers(net, relation, coarse=False) == betti


def test_progress_is_reported_as_for_arrays() -> None:
    net = random_float32((3, 16, 16, 1))
    found: list[list[tuple[str, int, int]]] = []
    for work in (pr.betti_numbers, pr.analyse_region):
        found.append([])
        work(net, progress=lambda *x: found[-1].append(x))
    homology = [[x for x in reports if x[0] == "homology"] for reports in found]
    assert homology[0] == homology[1] and len(homology[0]) == 6


def test_a_limit_of_memory_ends_it() -> None:
    with pytest.raises(pr.LimitError, match="20000 bytes are needed: after"):
        pr.betti_numbers(random_float32((3, 16, 16, 1)), max_memory=20_000)


def test_what_the_core_does_not_have() -> None:
    net = random_float32((2, 4, 1))
    cells, _ = cells_in_core(net, None, None, {}, coarse=False)
    with pytest.raises(ValueError, match="no level"):
        cells.chain(4, True)
    cells.report()
    with pytest.raises(ValueError, match="nothing is left"):
        cells.report()


@pytest.mark.slow
def test_memory_that_does_not_suffice_is_a_limit() -> None:
    script = """
import re, resource
import polyrelu as pr
import numpy as np
rng = np.random.default_rng(1)
def network(*widths):
    shapes = list(zip(widths, widths[1:]))
    weights = [(rng.normal(size=(m, n)) / n**0.5).astype("float32") for n, m in shapes]
    return pr.Network(weights, [(rng.normal(size=m) / 2).astype("float32") for _, m in shapes])
net = network(3, 48, 48, 1)
pr.betti_numbers(network(2, 4, 1))
used = int(re.search(r"VmSize:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024
for more in (60, 100, 140):
    resource.setrlimit(resource.RLIMIT_AS, (used + more * 2**20, resource.RLIM_INFINITY))
    try:
        print(pr.betti_numbers(net, coarse=False))
    except pr.LimitError as error:
        print("refused:", error)
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(pr.betti_numbers(net, coarse=True))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True)
    *lines, expected = done.stdout.splitlines()
    assert len(lines) == 3 and lines[0].startswith("refused:")
    assert all(line.startswith("refused:") or line == expected for line in lines)
