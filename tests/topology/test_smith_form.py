"""Smith normal forms with transformations: against SymPy, and all that is said of the matrices."""

from __future__ import annotations

import copy
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import ZZ
from sympy.polys.matrices import DomainMatrix
from sympy.polys.matrices.normalforms import smith_normal_form as sympy_form
from test_smith import hidden, matrices

import polyrelu as pr
from polyrelu.errors import InputError, LimitError, VerificationError
from polyrelu.exact import bounded
from polyrelu.topology import smith_form
from polyrelu.topology.elimination import Elimination
from polyrelu.topology.smith import invariant_factors
from polyrelu.topology.smith_form import NAMES, SmithForm, smith_normal_form
from support import zoo

Matrix = Sequence[Sequence[int]]


def product(a: Any, b: Any) -> list[list[int]]:
    """The plain product of lists of rows; b has at least one row."""
    return [[sum(x * row[j] for x, row in zip(line, b, strict=True)) for j in range(len(b[0]))] for line in a]


def check(matrix: Matrix, form: SmithForm) -> None:
    """S is the Smith form and U A V is S, by plain arithmetic; without rows or columns there is little to check."""
    m, n = form.shape
    s, u, v, u_inverse, v_inverse = (getattr(form, name).tolist() for name in NAMES)
    assert form.has_transforms
    assert [getattr(form, name).shape for name in NAMES] == [(m, n), (m, m), (n, n), (m, m), (n, n)]
    for size, x, y in ((m, u, u_inverse), (n, v, v_inverse)):
        one = [[int(i == j) for j in range(size)] for i in range(size)]
        if size:
            assert product(x, y) == product(y, x) == one
    factors = form.invariant_factors
    assert s == [[factors[i] if i == j and i < form.rank else 0 for j in range(n)] for i in range(m)]
    assert all(x > 0 for x in factors) and all(b % a == 0 for a, b in pairwise(factors))
    if m and n:
        assert product(product(u, matrix), v) == s
    for name in NAMES:
        assert all(type(x) is int and x for x in form.sparse_rows(name).values)


@settings(max_examples=100, deadline=None)
@given(matrices())
def test_against_sympy(matrix: list[list[int]]) -> None:
    form = smith_normal_form(matrix)
    check(matrix, form)
    expected = sympy_form(DomainMatrix([[ZZ(v) for v in row] for row in matrix], form.shape, ZZ)).to_list()
    assert [[abs(int(x)) for x in row] for row in expected] == form.S.tolist()


@settings(max_examples=30, deadline=None)
@given(matrices())
def test_of_the_transpose_and_without_transforms(matrix: list[list[int]]) -> None:
    form = smith_normal_form(matrix)
    transposed = [list(column) for column in zip(*matrix, strict=True)]
    check(transposed, smith_normal_form(transposed))
    assert smith_normal_form(transposed).invariant_factors == form.invariant_factors
    plain = smith_normal_form(matrix, transforms=False)
    assert not plain.has_transforms and plain.S.tolist() == form.S.tolist() and plain.rank == form.rank


@settings(max_examples=80, deadline=None)
@given(
    st.integers(1, 12).flatmap(
        lambda n: st.lists(
            st.lists(st.sampled_from([0, 0, 0, 0, 1, -1, 2, -3]), min_size=n, max_size=n), min_size=1, max_size=12
        )
    )
)
def test_sparse_matrices(matrix: list[list[int]]) -> None:
    check(matrix, smith_normal_form(matrix))


@pytest.mark.parametrize(
    ("matrix", "shape"),
    [
        ([], (0, 0)),
        ([[]], (1, 0)),
        (np.zeros((0, 3), int), (0, 3)),
        ((3, 0, []), (3, 0)),
        ([[0, 0, 0], [0, 0, 0]], (2, 3)),
    ],
)
def test_empty_and_zero_matrices(matrix: Any, shape: tuple[int, int]) -> None:
    form = smith_normal_form(matrix)
    assert form.shape == shape and form.rank == 0 and form.invariant_factors == ()
    check([[0] * shape[1]] * shape[0], form)
    assert form.U.tolist() == np.identity(shape[0], int).tolist()


def test_all_forms_of_input() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    matrix = [[2, 4, 0], [6, 8, 10**30], [0, 0, -3]]
    small = [[2, 4, 0], [6, 8, 9], [0, 0, -3]]
    triples = [(i, j, value) for i, row in enumerate(matrix) for j, value in enumerate(row)]
    for given_as in (matrix, np.array(matrix, dtype=object), (3, 3, triples), tuple(map(tuple, matrix))):
        check(matrix, smith_normal_form(given_as))
    for given_as in (np.array(small), np.array(small, np.int8), sparse.csr_array(small), sparse.coo_matrix(small)):
        check(small, smith_normal_form(given_as))
    check([[0, 0], [0, 3]], smith_normal_form((2, 2, [(0, 0, 5), (0, 0, -5), (1, 1, 3)])))


@pytest.mark.parametrize("shape", [(30, 24), (24, 30), (26, 26)])
def test_hidden_forms(shape: tuple[int, int]) -> None:
    diagonal = [3] * 8 + [6] * 8 + [12, 60, 60 * 2**31]
    matrix = hidden(diagonal, shape, 0)
    form = smith_normal_form(matrix)
    assert form.invariant_factors == tuple(diagonal)
    check(matrix.tolist(), form)


def test_orders_that_do_not_divide_and_kernels() -> None:
    matrix = np.diag([4, 6, 10, 0, 15]).tolist()
    form = smith_normal_form(matrix)
    check(matrix, form)
    assert form.invariant_factors == (1, 2, 30, 60)
    matrix = [[2, 3, 5, 7, 11], [4, 6, 10, 14, 22]]
    form = smith_normal_form(matrix)
    check(matrix, form)
    assert not np.any(form.U[1:] @ np.array(matrix, dtype=object))
    assert not np.any(np.array(matrix, dtype=object) @ form.V[:, 1:])


def test_boundary_maps_need_no_dense_arithmetic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smith_form, "_of_rest", None)
    torus = zoo.grid_surface(5, 5, False)
    for k in (1, 2):
        check(torus.boundary(k), smith_normal_form(torus.boundary(k)))


def test_content_and_copies_are_taken_out_first() -> None:
    rng = np.random.default_rng(0)
    rows = np.array([[5] * 12, [3, 2] * 6])
    matrix = 7 * rows[rng.integers(0, 2, 20)] * rng.choice([-1, 1], (20, 1)) * rng.choice([-1, 1], (1, 12))
    left = Elimination({(i, j): int(matrix[i, j]) for i in range(20) for j in range(12)})
    assert left.factor == 7 and len(left.rows) == 2 and all(len(row) == 2 for row in left.rows.values())
    form = smith_normal_form(matrix)
    check(matrix.tolist(), form)
    assert form.invariant_factors == (7, 35)
    assert not Elimination({}).rows and Elimination({(0, 0): 0}).factor == 1


def test_entries_stay_short() -> None:
    """The kernels of a 30 × 20 matrix have short vectors; plain Hermite transformations have 90 bits."""
    matrix = np.random.default_rng(1).integers(2, 9, (30, 20))
    for oriented in (matrix, matrix.T):
        form = smith_normal_form(oriented)
        check(oriented.tolist(), form)
        assert max(abs(x).bit_length() for name in NAMES for x in form.sparse_rows(name).values) < 40


def test_a_separate_process_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = [[2, 4], [6, 8], [3, 5]]
    here = smith_normal_form(matrix)
    monkeypatch.setattr(bounded, "WORK", 0)
    there = smith_normal_form(matrix)
    assert [getattr(here, name).tolist() for name in NAMES] == [getattr(there, name).tolist() for name in NAMES]


def test_homology_of_lens_spaces_from_smith_forms() -> None:
    for p, q in ((5, 2), (7, 3)):
        space = zoo.lens_space(p, q)
        forms = {k: smith_normal_form(space.boundary(k)) for k in (1, 2, 3)}
        assert [space.ranks[k] - forms[k].rank for k in (1, 2, 3)] == [space.ranks[1] - 1, forms[3].rank, 1]
        assert forms[2].invariant_factors[-1] == p
        for k, form in forms.items():
            check(space.boundary(k), form)
            assert form.invariant_factors == invariant_factors(space.boundary(k))


@pytest.mark.parametrize("name", ["u", "v", "u_inverse", "v_inverse", "factors"])
def test_the_check_can_fail(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Each of the results, changed in one entry before the check, is refused."""
    verify = smith_form._verify
    order = ["m", "n", "entries", "factors", "u", "v", "u_inverse", "v_inverse"]

    def spoiled(*arguments: Any) -> None:
        changed = list(arguments)
        wrong = copy.deepcopy(changed[order.index(name)])
        if name == "factors":
            wrong[1] *= 2
        else:
            wrong[0][1] = wrong[0].get(1, 0) + 1
        changed[order.index(name)] = wrong
        verify(*changed)

    monkeypatch.setattr(smith_form, "_verify", spoiled)
    with pytest.raises(VerificationError):
        smith_normal_form([[2, 4], [6, 8]])


def test_wrong_transformations_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smith_form, "_of_rest", lambda *_: ([1, 150], [[[1, 0], [0, 1]]] * 4))
    with pytest.raises(VerificationError, match="do not bring the matrix to Smith form"):
        smith_normal_form([[6, 10], [15, 0]])


@pytest.mark.parametrize(
    ("matrix", "text"),
    [
        ([[1, 2], [3]], "row 1 has 1 entries"),
        ([[0.5]], "floats are refused"),
        (3, "expected a matrix"),
        ((2, 2, [(0, 2, 1)]), r"entry at \(0, 2\), but the matrix is 2 × 2"),
        ((2, -1, []), "expected numbers of rows and columns ≥ 0, got -1"),
    ],
)
def test_refused(matrix: Any, text: str) -> None:
    with pytest.raises(InputError, match=text):
        smith_normal_form(matrix)


def test_wrong_names_and_values() -> None:
    form = smith_normal_form([[2]], transforms=False)
    with pytest.raises(InputError, match=r"U: not computed; use smith_normal_form\(matrix, transforms=True\)"):
        _ = form.U
    with pytest.raises(InputError, match="name: expected one of S, U, V"):
        form.sparse_rows("W")
    with pytest.raises(InputError, match="transforms: expected True or False"):
        smith_normal_form([[2]], transforms="no")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="max_memory: expected a positive integer"):
        smith_normal_form([[2]], max_memory=0)


def test_values_are_immutable_and_pickled() -> None:
    form = pr.smith_normal_form([[2, 0], [0, 10**30]])
    assert repr(form) == f"SmithForm(2 × 2, invariant_factors=(2, {10**30}))"
    with pytest.raises(AttributeError):
        form.shape = (1, 1)
    with pytest.raises(ValueError, match="read-only"):
        form.U[0, 0] = 3
    for other in (pickle.loads(pickle.dumps(form)), copy.deepcopy(form)):
        assert all(getattr(other, name).tolist() == getattr(form, name).tolist() for name in NAMES)


def test_memory_is_limited() -> None:
    path = (2001, 2000, [(i + d, i, 2 * d - 1) for i in range(2000) for d in (0, 1)])
    with pytest.raises(LimitError, match="takes more than 5000000 bytes"):
        smith_normal_form(path, max_memory=5 * 10**6)
    with pytest.raises(LimitError, match="takes more than"):
        smith_normal_form((10**12, 2, []))
    rng = np.random.default_rng(0)
    with pytest.raises(LimitError, match="normal form of a large matrix"):
        smith_normal_form(rng.integers(2, 10**9, (40, 40)), max_memory=10**6)


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize("size", [(150, 2), (4000, 0)], ids=["dense", "sparse"])
def test_interrupt(size: tuple[int, int]) -> None:
    """In FLINT, for a dense matrix, and in the arithmetic of long transformations, for the boundary map of a path."""
    code = f"""
        import numpy as np, polyrelu as pr
        n, dense = {size}
        matrix = (n + 1, n, [(i + d, i, 2 * d - 1) for i in range(n) for d in (0, 1)])
        if dense:
            matrix = np.random.default_rng(0).integers(2, 10**9, (n, n))
        print("ready", flush=True)
        try:
            pr.smith_normal_form(matrix)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
    """
    program = "\n".join(line[8:] for line in code.splitlines())
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(0.7)
        os.kill(child.pid, signal.SIGINT)
        assert child.communicate(timeout=20)[0] == "interrupted\n"
