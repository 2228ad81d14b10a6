from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import textwrap

import flint
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyrelu.errors import InputError
from polyrelu.topology.chain import ChainComplex
from polyrelu.topology.homology import Homology, homology
from support import zoo

ZOO = list(zoo.zoo())


def plain_homology(complex_: ChainComplex) -> Homology:
    """The same groups from the Smith forms of the boundary maps as they stand, by FLINT alone."""
    factors: list[list[int]] = [[]]
    for k in range(1, len(complex_.ranks)):
        n_rows, n_columns = complex_.ranks[k - 1 : k + 1]
        entries = [value for row in complex_.boundary(k) for value in row]
        smith = flint.fmpz_mat(n_rows, n_columns, entries).snf()
        factors.append([int(smith[i, i]) for i in range(min(n_rows, n_columns)) if smith[i, i] != 0])
    factors.append([])
    betti = tuple(rank - len(factors[k]) - len(factors[k + 1]) for k, rank in enumerate(complex_.ranks))
    return Homology(betti, tuple(tuple(f for f in factors[k + 1] if f > 1) for k in range(len(betti))))


def direct_sum(complexes: list[ChainComplex]) -> ChainComplex:
    top = max(len(c.ranks) for c in complexes)
    ranks = [[*c.ranks, *[0] * (top - len(c.ranks))] for c in complexes]
    total = [sum(column) for column in zip(*ranks, strict=True)]
    maps = []
    for k in range(1, top):
        matrix = np.zeros((total[k - 1], total[k]), dtype=object)
        row = column = 0
        for c, r in zip(complexes, ranks, strict=True):
            if k < len(c.ranks) and r[k - 1] and r[k]:
                matrix[row : row + r[k - 1], column : column + r[k]] = c.boundary(k)
            row, column = row + r[k - 1], column + r[k]
        maps.append(matrix)
    return ChainComplex(maps, total)


@pytest.mark.parametrize(("complex_", "betti", "torsion"), [e[1:] for e in ZOO], ids=[e[0] for e in ZOO])
class TestZoo:
    def test_known_answer(
        self, complex_: ChainComplex, betti: tuple[int, ...], torsion: tuple[tuple[int, ...], ...]
    ) -> None:
        assert homology(complex_) == Homology(betti, torsion)

    def test_cohomology(
        self, complex_: ChainComplex, betti: tuple[int, ...], torsion: tuple[tuple[int, ...], ...]
    ) -> None:
        # Universal coefficients: H^k has the rank of H_k and the torsion of H_{k−1}.
        assert homology(complex_.dual()) == Homology(betti[::-1], (*torsion[-2::-1], ()))

    def test_another_basis(
        self, complex_: ChainComplex, betti: tuple[int, ...], torsion: tuple[tuple[int, ...], ...]
    ) -> None:
        if max(complex_.ranks) <= 100:
            for seed in range(3):
                assert homology(zoo.shuffled(complex_, seed)) == Homology(betti, torsion)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("n", "probability", "dimension"), [(9, 0.3, 2), (12, 0.2, 2), (14, 0.25, 2), (8, 0.5, 3)])
def test_random_complexes_against_plain_smith_forms(n: int, probability: float, dimension: int, seed: int) -> None:
    complex_ = zoo.linial_meshulam(n, probability, seed, dimension)
    assert homology(complex_) == plain_homology(complex_)
    assert homology(complex_.dual()) == plain_homology(complex_.dual())


small_integers = st.integers(-3, 3)


@st.composite
def chain_complexes(draw: st.DrawFn) -> ChainComplex:
    """Elementary complexes Z and Z → Z by m, summed and put in a random basis: every chain complex over Z is such."""
    n = draw(st.integers(1, 4))
    parts = []
    for _ in range(draw(st.integers(1, 6))):
        k, m = draw(st.integers(1, n)), draw(st.sampled_from([None, 0, 1, 2, 3, 4, 6, 2**31, 2**62, 3**50]))
        ranks = [0] * (n + 1)
        ranks[k] = 1
        if m is None:
            parts.append(ChainComplex([np.zeros((ranks[i - 1], ranks[i]), int) for i in range(1, n + 1)], ranks))
        else:
            ranks[k - 1] = 1
            parts.append(zoo.cellular(ranks, **{f"d{k}": [[m]]}))
    total = direct_sum(parts)
    for seed in draw(st.lists(st.integers(0, 10**6), max_size=3)):
        total = zoo.shuffled(total, seed)
    return total


@settings(max_examples=80, deadline=None)
@given(chain_complexes())
def test_arbitrary_complexes_against_plain_smith_forms(complex_: ChainComplex) -> None:
    assert homology(complex_) == plain_homology(complex_)


def test_many_copies_with_torsion() -> None:
    rp2, m3 = zoo.simplicial(zoo.RP2), zoo.moore_space(3, 1)
    total = direct_sum([rp2] * 25 + [m3] * 20)
    assert homology(total) == Homology((45, 0, 0), ((), (2,) * 5 + (6,) * 20, ()))


def test_words_that_overflow() -> None:
    # Column operations with the unit pivot produce 2^40 · 2^40; det = 1 − 2^80.
    big = 2**40
    complex_ = zoo.cellular([2, 2], d1=[[1, big], [big, 1]])
    assert homology(complex_) == Homology((0, 0), ((big**2 - 1,), ()))
    # A chain of gradient paths that multiplies by 3 at each of 60 steps; the determinant is 3^60 + 1.
    n = 60
    matrix = np.zeros((n + 1, n + 1), dtype=int)
    for i in range(n):
        matrix[i, i], matrix[i + 1, i] = 3, 1
    matrix[0, n], matrix[n, n] = 1, 1
    assert homology(ChainComplex([matrix])).torsion == ((3**n + 1,), ())
    # The least word has no negative
    least = -(2**63)
    assert homology(zoo.cellular([2, 2], d1=[[1, least], [1, 0]])) == Homology((0, 0), ((2**63,), ()))


def test_texts() -> None:
    assert str(Homology((2, 1, 0), ((), (2, 4), ()))) == "H_0 = Z^2, H_1 = Z ⊕ Z/2 ⊕ Z/4, H_2 = 0"
    value = homology(zoo.simplicial(zoo.RP2))
    assert repr(value) == "Homology(betti=(1, 0, 0), torsion=((), (2,), ()))"
    assert eval(repr(value)) == value == pickle.loads(pickle.dumps(value))
    assert value.euler_characteristic == 1
    assert len({value, homology(zoo.projective_space(2))}) == 1


@pytest.mark.parametrize("wrong", [None, [[1]], "complex", 3])
def test_other_objects_are_refused(wrong: object) -> None:
    with pytest.raises(InputError, match="expected a ChainComplex or a Region"):
        homology(wrong)  # type: ignore[arg-type]


@pytest.mark.skipif(not hasattr(signal, "SIGINT") or sys.platform == "win32", reason="needs POSIX signals")
def test_interrupt() -> None:
    # A dense random matrix fills in completely and keeps the elimination busy for minutes.
    program = textwrap.dedent(
        """
        import numpy as np
        from polyrelu.topology.chain import ChainComplex
        from polyrelu.topology.homology import homology
        c = ChainComplex([np.random.default_rng(0).integers(-1, 2, (1500, 1500))])
        print("ready", flush=True)
        try:
            homology(c)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        """
    )
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(timeout=0.5)
        os.kill(child.pid, signal.SIGINT)
        out, _ = child.communicate(timeout=2)
        assert out == "interrupted\n"
    finally:
        child.kill()
        child.wait()
