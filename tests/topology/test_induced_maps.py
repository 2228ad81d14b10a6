"""Maps of homology groups that inclusions induce: composites, places in space, torsion; kernels and cokernels."""

from __future__ import annotations

import copy
import pickle
from fractions import Fraction
from itertools import product
from math import gcd, prod
from random import Random

import numpy as np
import pytest
from test_cycles import projective_plane

import polyrelu as pr
from polyrelu.errors import InputError, RegionError, VerificationError
from polyrelu.geometry.region import CellSet
from polyrelu.topology.abelian_groups import AbelianGroup, Solver, parts
from support.simplices import determinant
from support.strategies import seeded_network

SHELL_FORMULAS = ["1 <= F <= 3", "F = 2", "1 < F < 3", "1 < F <= 3", "F > 1", "F >= 1", "3/2 < F < 5/2", "F >= 3/2"]


def cross_polytope_norm(d: int) -> pr.Network:
    return pr.Network(
        [[[s * int(i == j) for i in range(d)] for j in range(d) for s in (1, -1)], [[1] * (2 * d)]], [[0] * 2 * d, [0]]
    )


def degree_around_origin(cycle: pr.Cycle) -> Fraction:
    """In R² twice the area in a loop, in R³ six times the volume in a surface: the sign is the direction."""
    return sum((c * determinant([list(p) for p in simplex]) for simplex, c in cycle.pieces()), Fraction(0))


@pytest.mark.parametrize("d", [2, 3])
def test_shells_by_the_direction_of_their_cycles(d: int) -> None:
    """All pairs of shells {a < |x|₁ < b}, open, closed or neither: the entry is 1 iff pieces turn the same way."""
    sets = pr.refine(cross_polytope_norm(d), SHELL_FORMULAS)
    regions = [sets.region(formula) for formula in SHELL_FORMULAS]
    checked = 0
    for x, y in product(regions, repeat=2):
        try:
            found = pr.induced_map(x, y)
        except RegionError:
            continue
        assert found.is_isomorphism() and found.matrix(0) == ((1,),)
        assert found.source.betti == tuple(int(k in (0, d - 1)) for k in range(d))
        if all(s.is_open or s.is_closed for s in (x, y)):
            a, b = (basis.cycles(d - 1)[0] for basis in (found.source_basis, found.target_basis))
            same = (degree_around_origin(a) > 0) == (degree_around_origin(b) > 0)
            assert found.matrix(d - 1) == ((1 if same else -1,),)
            checked += 1
    assert checked > 20


def check_all(regions: list[CellSet], coefficients: int | str) -> int:
    """Identities, composites of any two maps, dimensions; the number of composites that are not 0 above degree 0."""
    maps: dict[tuple[int, int], pr.InducedMap] = {}
    for i, j in product(range(len(regions)), repeat=2):
        try:
            maps[i, j] = pr.induced_map(regions[i], regions[j], coefficients=coefficients)
        except RegionError:
            continue
    for (i, j), f in maps.items():
        d = len(f.source.betti)
        if i == j:
            matrices = [[list(row) for row in f.matrix(k)] for k in range(d)]
            assert matrices == [np.eye(len(matrix), dtype=int).tolist() for matrix in matrices]
        assert f.source == pr.homology(regions[i], coefficients=coefficients)
        assert all(sorted(column) == [*[0] * (len(column) - 1), 1] for column in zip(*f.matrix(0), strict=True))
        for k in range(d):
            assert f.rank(k) + f.kernel(k).rank == f.source.betti[k]
            assert f.rank(k) + f.cokernel(k).rank == f.target.betti[k]
    above = 0
    for (i, j), k in product(maps, range(len(regions))):
        if (j, k) in maps:
            composite, direct = maps[j, k].after(maps[i, j]), maps[i, k]
            degrees = range(len(direct.source.betti))
            assert [composite.matrix(q) for q in degrees] == [direct.matrix(q) for q in degrees]
            above += any(any(map(any, direct.matrix(q))) for q in degrees[1:])
    return above


@pytest.mark.parametrize("seed", [1, 4, 11, 23, 38, pytest.param(range(100, 130), marks=pytest.mark.slow)], ids=str)
def test_composites(seed: int | range) -> None:
    """Sets of two critical levels and one between them, of all five relations, and half-open bands."""
    for number in [seed] if isinstance(seed, int) else seed:
        net = seeded_network(number)
        if net.input_dim > 3:
            continue
        rng = Random(number)
        cx = pr.subdivide(net)
        vertices = range(min(cx.n_cells(cx.coordinates.lineality_dim), 30))
        values = sorted({net(cx.interior_point(cx.coordinates.lineality_dim, i)) for i in vertices})
        a, b = sorted(rng.sample(values, 2)) if len(values) > 1 else (values[0], values[0] + 1)
        m = (a + b) / 2
        formulas = [f"F > {b}", f"F >= {b}", f"F = {b}", f"F > {m}", f"F >= {m}", f"F >= {a}", f"F > {a}"]
        formulas += [f"{a} < F <= {b}", f"{m} <= F <= {b}", "F >= 0 or F < 0"]
        sets = pr.refine(net, formulas, None if rng.random() < 0.6 else [(-2, 1)] * net.input_dim)
        check_all([sets.region(formula) for formula in formulas], rng.choice(["Z", "Q", 2]))


@pytest.mark.parametrize("coefficients", ["Z", "Q", 2, 3])
def test_composites_of_annuli(coefficients: int | str) -> None:
    net = pr.from_expression("1 - |(|(|x| - 2)| + |y| - 1)|", ["x", "y"])  # around two points, touching
    formulas = ["F > 0", "F >= 0", "F = 0", "F >= 1/2", "F > 1/2", "0 < F <= 1/2", "F = 1/2", "F > -1", "F >= 1"]
    sets = pr.refine(net, formulas)
    assert check_all([sets.region(formula) for formula in formulas], coefficients) > 30


def test_torsion() -> None:
    """{F > 0} ≃ RP² is a cone without its apex, F homogeneous: all levels t ≥ 0 and kinds include isomorphically."""
    net = projective_plane()
    formulas = ["F >= 1", "F > 1", "F > 0", "F >= 0"]
    sets = pr.refine(net, formulas)
    closed, open_, all_, cone = (sets.region(formula) for formula in formulas)
    for x, y in ((closed, all_), (open_, all_), (open_, closed)):
        found = pr.induced_map(x, y)
        assert found.matrix(1) == ((1,),) and found.is_isomorphism()
        assert found.image(1) == AbelianGroup(0, (2,)) and found.rank(1) == 0
    modulo = pr.induced_map(closed, all_, coefficients=2)
    assert [modulo.matrix(k) for k in range(4)] == [((1,),), ((1,),), ((1,),), ()]
    assert pr.induced_map(all_, cone).kernel(1) == AbelianGroup(0, (2,))
    assert not pr.induced_map(all_, cone, coefficients=3).source.betti[1]


def test_whole_empty_and_flat_sets() -> None:
    net = pr.Network([[[1, 0], [-1, 0]], [[1, 1]]], [[0, 0], [0]])  # |x| in R², with lineality
    sets = pr.refine(net, ["F < 0", "F <= 0", "F >= 0", "F > 1", "F >= 1", "F = F"])
    empty, line, whole, two, both = (sets.region(x) for x in ("F < 0", "F <= 0", "F >= 0", "F > 1", "F >= 1"))
    assert pr.induced_map(empty, line).matrix(0) == ((),) and pr.induced_map(empty, empty).is_isomorphism()
    assert pr.induced_map(line, whole).is_isomorphism() and pr.induced_map(two, both).is_isomorphism()
    assert pr.induced_map(two, whole).matrix(0) == ((1, 1),)
    assert str(pr.induced_map(two, whole).kernel(0)) == "Z"


def test_unions_of_classes() -> None:
    partition = pr.classify(pr.Network([[[1, 0], [0, 1], [-1, -1]]], [[0, 0, 0]]))
    for closed in (False, True):
        classes = [partition.region(i, closed) for i in range(3)]
        union = pr.CellUnion.of(*classes)
        assert (union.is_open, union.is_closed) == (True, closed)  # the whole plane, if closed
        matrices = [pr.induced_map(region, union).matrix(0) for region in classes]
        assert matrices == ([((1,),)] * 3 if closed else [((1,), (0,), (0,)), ((0,), (1,), (0,)), ((0,), (0,), (1,))])
    star = pr.CellUnion.of(partition.boundary()).open_star()
    everything = tuple(partition.complex.n_cells(k) for k in range(3))
    assert star.is_open and star.f_vector == everything and star.contains([0, 0])


def test_as_an_object() -> None:
    cx = pr.subdivide(cross_polytope_norm(2), level=1)
    found = pr.induced_map(cx.region("="), cx.region("<="))
    assert repr(found) == "InducedMap(H_0: Z → Z, image Z; H_1: Z → 0, image 0)"
    again = pickle.loads(pickle.dumps(found))
    assert again.matrix(1) == found.matrix(1) == () and copy.copy(again).kernel(1) == AbelianGroup(1)
    assert "kernel" in found._repr_html_() and found.is_surjective() and not found.is_injective()
    with pytest.raises(AttributeError, match="cannot be changed"):
        found.inner = None


def test_mistakes() -> None:
    cx, other = (pr.subdivide(cross_polytope_norm(2), level=1) for _ in range(2))
    with pytest.raises(RegionError, match=r"^inner: not a subset of outer, which does not contain the point \("):
        pr.induced_map(cx.region(">="), cx.region(">"))
    with pytest.raises(RegionError, match="different complexes"):
        pr.induced_map(cx.region(">"), other.region(">"))
    found = pr.induced_map(cx.region("="), cx.region(">="))
    with pytest.raises(InputError, match="smaller set of the second"):
        found.after(found)
    with pytest.raises(InputError, match="F_2 and Z differ"):
        found.after(pr.induced_map(cx.region("="), cx.region("="), coefficients=2))
    with pytest.raises(InputError, match="expected a degree from 0 to 1, got 2"):
        found.matrix(2)
    with pytest.raises(RegionError, match="expected 3 masks"):
        pr.CellUnion(cx, [])


# ---- homomorphisms of groups ----------------------------------------------------------------------------------------


def elements(orders: list[int]) -> list[tuple[int, ...]]:
    return list(product(*(range(m) for m in orders)))


@pytest.mark.parametrize("seed", range(40))
def test_parts_of_finite_groups_by_counting(seed: int) -> None:
    rng = Random(seed)
    source = [rng.choice([2, 3, 4, 6]) for _ in range(rng.randint(0, 2))]
    target = [rng.choice([2, 4, 6, 9]) for _ in range(rng.randint(0, 2))]
    matrix = [[m // gcd(m, n) * rng.randrange(m) for n in source] for m in target]
    image = {
        tuple(sum(a * x for a, x in zip(row, v, strict=True)) % m for row, m in zip(matrix, target, strict=True))
        for v in elements(source)
    }
    found = parts(matrix, source, target)
    sizes = [prod(group.torsion) for group in found]
    assert sizes == [prod(source) // len(image), len(image), prod(target) // len(image)]
    assert not any(group.rank for group in found)
    exponent = max(found.image.torsion, default=1)  # the least number that is 0 on all of the image
    killing = [m for m in range(1, 37) if all(m * x % t == 0 for v in image for x, t in zip(v, target, strict=True))]
    assert killing[0] == exponent


def test_parts_with_free_summands() -> None:
    found = parts([[2, 0], [1, 1]], [0, 2], [0, 2])  # Z ⊕ Z/2 → Z ⊕ Z/2
    assert found == (AbelianGroup(0), AbelianGroup(1, (2,)), AbelianGroup(0, (2,)))
    assert parts([[3]], [0], [6]) == (AbelianGroup(1), AbelianGroup(0, (2,)), AbelianGroup(0, (3,)))
    assert parts([[2]], [0], [0], 2).kernel == AbelianGroup(1, (), 2) and parts([[2]], [0], [0], "Q").image.rank == 1
    assert [str(group) for group in parts([[4, 0]], [0, 0], [0])] == ["Z", "Z", "Z/4"]
    with pytest.raises(VerificationError, match="not a homomorphism"):
        parts([[1]], [2], [0])
    assert Solver([[1, 0], [1, 1]], [0, 4], "Z")([3, 2])[0] == 3
    for matrix, orders, ring in (([[2]], [0], "Z"), ([[2]], [2], 2)):
        with pytest.raises(VerificationError, match="isomorphism"):
            Solver(matrix, orders, ring)
