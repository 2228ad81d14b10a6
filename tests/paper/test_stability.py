"""Stability over a polytope: the definition itself, random perturbations within the radius, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise, product
from pathlib import Path
from random import Random

import pytest

import polyrelu as pr
from polyrelu.constructions import predicted_paper_betti
from polyrelu.constructions.lower_bound import paper_lower_bound
from polyrelu.errors import DomainError, InputError, LimitError, NumberError, RegionError
from polyrelu.exact.linear import solve
from polyrelu.network.network import Network
from polyrelu.paper import perturbation
from polyrelu.paper.general_position import incidence
from polyrelu.paper.stable_networks import Obstruction, Stability, away_from_zero, stability
from support.strategies import Kind, random_network

EXAMPLES = Path(__file__).parents[2] / "examples"
RELATIONS = (">", ">=", "<", "<=", "=")
WIDTHS = {1: [(3,), (2, 2)], 2: [(3,), (2, 2), (2, 2, 2)], 3: [(3,), (2, 2)]}


def cross_polytope(d: int) -> pr.Domain:
    """|x_1| + … + |x_d| ≤ 2: for d ≥ 3 more than d walls meet at its vertices; and walls that only touch it."""
    rows = [[*signs] for signs in product((-1, 1), repeat=d)]
    return pr.Domain([*rows, [1] * d, [1, *[0] * (d - 1)]], [2] * len(rows) + [3, 2])


def polytope(rng: Random, d: int) -> pr.Domain:
    if d > 1 and rng.random() < 0.4:
        return cross_polytope(d)
    return pr.Domain.box([Fraction(-rng.randint(1, 4), 2)] * d, [Fraction(rng.randint(1, 5), 3)] * d)


def degenerate(seed: int) -> tuple[Network, pr.Domain, Fraction]:
    """A small network of small numbers, often in special position, with a polytope and a level."""
    rng = Random(seed)
    d = rng.choice(list(WIDTHS))
    kind = Kind(rng.choice([0, 3, 4]), rng.random() < 0.5, rng.random() < 0.1, rng.random() < 0.7)
    net = random_network(rng, d, rng.choice(WIDTHS[d]), kind)
    return net, polytope(rng, d), Fraction(rng.choice([0, 0, 1, Fraction(1, 7)]))


# ---- the definition ----------------------------------------------------------------------------------------------


def obstructions(net: Network, domain: pr.Domain, level: Fraction) -> Iterator[tuple[tuple[int, int], tuple]]:
    """Definitions 44 and 46, condition (ii), word for word: (neuron, vertex of the complex before it where it is 0)."""
    for layer, width in enumerate(net.architecture[1:], 1):
        for i in range(width):
            own = Network(net.weights[:layer], net.biases[:layer], net.slopes[: layer - 1]).output(i)
            if layer > net.depth:
                own = own.shifted(-level)
            elif net.slopes[layer - 1][i] == 1:
                continue
            if i:
                # The complex before neuron i + 1 of a layer is that of a network with the i neurons before it.
                weights = [*net.weights[: layer - 1], net.weights[layer - 1][:i], [[0] * i]]
                biases = [*net.biases[: layer - 1], net.biases[layer - 1][:i], [0]]
                before = Network(weights, biases, [*net.slopes[: layer - 1], net.slopes[layer - 1][:i]])
            else:
                before = own
            for v in pr.subdivide(before, domain=domain).vertices():
                if own(v) == 0:
                    yield (layer, i + 1), v


def constants(net: Network, domain: pr.Domain) -> Iterator[tuple[int, int]]:
    """Condition (i) violated: the neurons that are constant on a region, by exact values at its vertices."""
    for layer, width in enumerate(net.architecture[1:], 1):
        part = Network(net.weights[:layer], net.biases[:layer], net.slopes[: layer - 1])
        cx = pr.subdivide(part, domain=domain)
        for i in range(width):
            if layer <= net.depth and net.slopes[layer - 1][i] == 1:
                continue
            own = part.output(i)
            corners = ({own(cx.vertex(int(v))) for v in cx.cell_vertices(cx.input_dim, r)} for r in range(cx.n_regions))
            if any(len(values) == 1 for values in corners):
                yield layer, i + 1


def check_decision(net: Network, domain: pr.Domain, level: Fraction) -> Stability:
    found = stability(net, domain, level)
    expected = list(obstructions(net, domain, level))
    hidden = [neuron for neuron, _ in expected if neuron[0] <= net.depth]
    assert (found.combinatorial, found.topological) == (not hidden, not expected)
    assert (found.radius > 0) == found.topological == (found.obstruction is None)
    if expected:
        first = expected[0][0]
        assert isinstance(found.obstruction, Obstruction) and found.obstruction.neuron == first
        vertex, (layer, i), values = found.obstruction
        assert vertex in [v for neuron, v in expected if neuron == first]
        assert values[layer - 1][i - 1] == 0 and values == (*net.preactivations(vertex), (net(vertex) - level,))
    flat = next(constants(net, domain), None)
    assert (found.constant is None) == (flat is None)
    if flat is not None:
        neuron, point, value = found.constant
        assert neuron == flat and domain.contains(point)
        assert value == [*net.preactivations(point), (net(point) - level,)][neuron[0] - 1][neuron[1] - 1]
    steep_hidden = flat is None or flat[0] > net.depth
    assert found.printed_combinatorial == (found.combinatorial and steep_hidden)
    assert found.printed_topological == (found.topological and flat is None)
    return found


def test_the_decision_is_the_definition():
    found = [check_decision(*degenerate(seed)) for seed in range(80)]
    assert {(x.combinatorial, x.topological) for x in found} == {(False, False), (True, False), (True, True)}
    assert {x.printed_topological for x in found if x.topological} == {True, False}


@pytest.mark.slow
def test_no_radius_for_unstable_networks() -> None:
    """A thousand small networks in special position: a radius is certified for the stable ones, and for no other."""
    stable = 0
    for seed in range(150, 1150):
        net, domain, level = degenerate(seed)
        found = stability(net, domain, level)
        expected = next(obstructions(net, domain, level), None)
        assert (found.obstruction.neuron if found.obstruction else None) == (expected[0] if expected else None), seed
        assert (found.radius > 0) == (expected is None), seed
        stable += expected is None
    assert 100 < stable < 900


def test_a_vertex_on_a_later_zero_set():
    """x₁ = 0 and x₂ = 0 meet at 0; the third neuron x₁ + x₂ − c vanishes there for c = 0."""
    for c, stable in ((0, False), (Fraction(1, 10**30), True)):
        net = Network([[[1, 0], [0, 1], [1, 1]], [[1, 1, -3]]], [[0, 0, -c], [Fraction(-1, 7)]])
        found = check_decision(net, pr.Domain.box([-1, -1], [2, 2]), Fraction(0))
        assert found.combinatorial == stable
        if not stable:
            assert found.obstruction[:2] == ((0, 0), (1, 3))
            assert found.obstruction.values == ((0, 0, 0), (Fraction(-1, 7),))
    # The second layer is 0 on a bent line, x₁ + x₂ + max(0, x₁) = c, which for c = 0 has its bend where also x₂ = 0
    for c, stable in ((0, False), (Fraction(-1, 1000), True)):
        rows = [[[1, 0], [0, 1], [1, 1]], [[1, 0, 1]], [[1]]]
        net = Network(rows, [[0, 0, 3], [-3 - c], [Fraction(-1, 5)]])
        found = check_decision(net, pr.Domain.box([-1, -1], [1, 2]), Fraction(0))
        assert found.topological == stable
        if not stable:
            assert found.obstruction[:2] == ((0, 0), (2, 1))


def test_the_level_is_a_wall_of_its_own():
    """F = max(0, x) + max(0, 1/9 − x) − 1 on [−2, 3]: unstable are the levels of its four vertices."""
    net = Network([[[1], [-1]], [[1, 1]]], [[0, Fraction(1, 9)], [-1]])
    for level in (-1, Fraction(-8, 9), Fraction(-7, 9), Fraction(10, 9), 2, 0, 1):
        found = check_decision(net, pr.Domain.box([-2], [3]), Fraction(level))
        vertices = {net([Fraction(v)]) for v in (-2, 0, Fraction(1, 9), 3)}
        assert found.topological == (level not in vertices) and found.combinatorial
    # ReLU(x) is 0 on [−1, 0]: that is an unstable level, and −1 would be another constant
    assert not stability(net, [(-1, 1)]).topological and stability(net, [(-1, 1)], -1).topological


# ---- within the radius ---------------------------------------------------------------------------------------------


def perturbed(net: Network, radius: Fraction, rng: Random) -> Network:
    """All parameters moved by at most the radius, rationally: inside, or each to one of its two ends."""
    extreme = rng.random() < 0.6

    def moved(x: Fraction) -> Fraction:
        return x + radius * (rng.choice([-1, 1]) if extreme else Fraction(rng.randint(-1000, 1000), 1000))

    weights = [[[moved(w) for w in row] for row in matrix] for matrix in net.weights]
    return Network(weights, [[moved(b) for b in bias] for bias in net.biases], net.slopes)


def shape(net: Network, domain: pr.Domain, level: Fraction) -> tuple:
    cx = pr.subdivide(net, level, domain)
    regions = sorted(map(bytes, cx.region_signs()))
    return cx.f_vector, cx.canonical_f_vector, regions, [pr.homology(cx.region(r)).betti for r in RELATIONS]


def check_within(net: Network, domain: pr.Domain, level: Fraction, rng: Random, count: int) -> None:
    radius = stability(net, domain, level).radius
    assert radius > 0
    expected = shape(net, domain, level)
    for _ in range(count):
        assert shape(perturbed(net, radius, rng), domain, level) == expected


def generic(seed: int) -> tuple[Network, pr.Domain, Fraction]:
    rng = Random(seed)
    d = rng.choice([1, 2, 2, 3])
    hidden = rng.choice({1: [(5, 5), (3, 4, 3)], 2: [(5,), (4, 4), (3, 3, 3)], 3: [(5,), (4, 3)]}[d])
    kind = Kind(rng.choice([5, 6]), False, False, rng.random() < 0.6)
    return random_network(rng, d, hidden, kind), polytope(rng, d), Fraction(rng.randint(-3, 3), 7)


def test_perturbations_within_the_radius():
    rng = Random(0)
    for seed in range(20):
        check_within(*generic(seed), rng, 5)
    checked = 0
    for seed in range(50):
        net, domain, level = degenerate(seed)
        if stability(net, domain, level).topological:
            check_within(net, domain, level, rng, 5)
            checked += 1
    assert checked > 12


@pytest.mark.slow
def test_many_perturbations_within_the_radius():
    rng = Random(1)
    for seed in range(100, 200):
        check_within(*generic(seed), rng, 10)


def test_beyond_the_radius():
    """At some multiple of the radius some perturbations are different; mostly soon."""
    rng = Random(2)
    factors = []
    for seed in range(8):
        net, domain, level = generic(seed)
        radius, expected = stability(net, domain, level).radius, shape(net, domain, level)
        factor = Fraction(1)
        while all(shape(perturbed(net, factor * radius, rng), domain, level) == expected for _ in range(20)):
            factor *= Fraction(3, 2)
        factors.append(factor)
    assert max(factors) < 100 and sorted(factors)[len(factors) // 2] < 12


def test_the_radius_is_sharp_to_first_order():
    """F(x) = x on [1, 2] without hidden neurons: F > 0 fails at 1 first, where it is 1 − δ − δ at worst."""
    assert stability(Network([[[1]]], [[0]]), [(1, 2)]).radius == Fraction(31, 64)  # the next one of the grid is 1/2
    # ReLU(x) on the same interval: (1 − δ)(1 − 2δ) − δ = 0
    radius = stability(Network([[[1]], [[1]]], [[0], [0]]), [(1, 2)]).radius
    assert Fraction(1, 5) < radius
    assert (1 - radius) * (1 - 2 * radius) - radius > 0


def value_at(net: Network, pattern: list, walls: list, vanishing: list, target: tuple[int, int]) -> Fraction:
    """The value of a neuron, as an affine form for the pattern, where the walls and some other neurons are zero."""

    def form(layer: int, i: int) -> list[Fraction]:
        part = Network(net.weights[:layer], net.biases[:layer], net.slopes[: layer - 1])
        rows, offsets = part.affine_map_at(pattern[: layer - 1])
        return [offsets[i - 1], *rows[i - 1]]

    rows = [*walls, *(form(*neuron) for neuron in vanishing)]
    point = solve([row[1:] for row in rows], [[-Fraction(row[0])] for row in rows])
    offset, *linear = form(*target)
    return offset + sum((a * x for a, (x,) in zip(linear, point, strict=True)), Fraction(0))


def worst_directions(net: Network, domain: pr.Domain) -> Iterator[tuple[Fraction, list[list[list[int]]]]]:
    """For vertices v and neurons j after those that vanish at v: in which direction f_j(v) goes to zero fastest.

    With about how far the parameters must go; from finite differences, in rational numbers. The level is 0.
    """
    cx = pr.subdivide(net, 0, domain)
    at = incidence(cx)
    step = Fraction(1, 10**12)
    layers = zip(net.biases, net.weights, strict=True)
    parameters = [[[b, *row] for b, row in zip(bias, matrix, strict=True)] for bias, matrix in layers]

    def rebuilt() -> Network:
        weights = [[row[1:] for row in rows] for rows in parameters]
        return Network(weights, [[row[0] for row in rows] for rows in parameters], net.slopes)

    for v in range(cx.n_vertices):
        zero = [n for n, x in zip(at.neurons, at.vanishing[v], strict=True) if x]
        signs = dict(zip(at.neurons, at.signs[v], strict=True))
        widths = enumerate(net.architecture[1:-1], 1)
        pattern = [[int(signs[layer, i]) for i in range(1, n + 1)] for layer, n in widths]
        walls = list(at.wall_sets[at.walls[v]])
        for neuron in at.neurons:
            if zero and neuron <= zero[-1]:
                continue
            start = value_at(net, pattern, walls, zero, neuron)
            direction, slope = [], Fraction(0)
            for rows in parameters:
                direction.append([[0] * len(row) for row in rows])
                for i, row in enumerate(rows):
                    for k in range(len(row)):
                        row[k] += step
                        change = (value_at(rebuilt(), pattern, walls, zero, neuron) - start) / step
                        row[k] -= step
                        slope += abs(change)
                        direction[-1][i][k] = -1 if (change > 0) == (start > 0) else 1
            yield abs(start) / slope, direction


def test_the_worst_directions():
    """In the directions that first order names nothing changes within the radius, and something does soon after."""
    for seed in range(4):
        rng = Random(seed)
        net = random_network(rng, 2, (3, 2), Kind(5, False, False, seed % 2 == 0))
        domain = pr.Domain.box([-1, -1], [1, 1])
        found = stability(net, domain)
        assert found.topological
        expected = shape(net, domain, Fraction(0))
        nearest = sorted(worst_directions(net, domain), key=lambda pair: pair[0])[:5]
        assert found.radius < nearest[0][0] * Fraction(21, 20)

        def moved(size: Fraction, direction: list, net: Network = net) -> Network:
            weights = [
                [
                    [w + size * s for w, s in zip(row, signs[1:], strict=True)]
                    for row, signs in zip(rows, part, strict=True)
                ]
                for rows, part in zip(net.weights, direction, strict=True)
            ]
            biases = [
                [b + size * signs[0] for b, signs in zip(bias, part, strict=True)]
                for bias, part in zip(net.biases, direction, strict=True)
            ]
            return Network(weights, biases, net.slopes)

        for _, direction in nearest:
            assert shape(moved(found.radius, direction), domain, Fraction(0)) == expected
        beyond = [shape(moved(found.radius * 3 / 2, direction), domain, Fraction(0)) for _, direction in nearest]
        assert any(other != expected for other in beyond)


# ---- two arithmetics -----------------------------------------------------------------------------------------------


def both_radii(net: Network, domain: pr.Domain, level: Fraction, monkeypatch: pytest.MonkeyPatch) -> tuple:
    cx = pr.subdivide(net, level, domain)
    at = incidence(cx)
    fast = perturbation.certified_radius(cx, at, lambda done, total: None)
    with monkeypatch.context() as patch:
        patch.setattr(perturbation, "ordinary", lambda: False)
        exact = perturbation.certified_radius(cx, at, lambda done, total: None)
    return fast, exact


def test_doubles_against_rationals(monkeypatch):
    equal = 0
    seeds = [(generic, seed) for seed in range(6)] + [(degenerate, seed) for seed in range(25)]
    for make, seed in seeds:
        net, domain, level = make(seed)
        if stability(net, domain, level).topological:
            fast, exact = both_radii(net, domain, level, monkeypatch)
            assert fast <= exact <= fast * Fraction(17, 16)
            equal += fast == exact
    assert equal > 6


@pytest.mark.parametrize("exponent", [200, -200, 600, -600])
def test_numbers_far_from_one(exponent):
    """Parameters that doubles cannot hold, or whose radius they could not."""
    scale = Fraction(10) ** exponent
    net = Network([[[1, 0], [1, 1]], [[scale, -scale]]], [[0, Fraction(-9, 10)], [scale / 3]])
    found = stability(net, [(-1, 2), (-1, 2)])
    assert found.topological and found.radius > 0
    check_within(net, pr.Domain.box([-1, -1], [2, 2]), Fraction(0), Random(3), 5)


@pytest.mark.parametrize("exponent", [100, 400, -400])
def test_polytopes_far_from_one(exponent):
    size = Fraction(10) ** exponent
    net = Network([[[1, 0], [1, 1]], [[1, -2]]], [[size / 7, -size * Fraction(9, 10)], [size / 3]])
    domain = pr.Domain.box([-size, -size], [2 * size, 2 * size])
    check_within(net, domain, Fraction(0), Random(8), 5)
    assert str(stability(net, domain)).isascii()


def test_numbers_of_many_digits():
    """Python writes no integers of more than 4300 digits: what is found is printed all the same."""
    size = Fraction(10**3000 + 1, 10**3000)
    for bias in (0, -1, Fraction(-1, 3)):
        net = Network([[[size]], [[size]], [[size]]], [[0], [bias], [bias]])
        found = stability(net, [(-size, size)])
        for text in (repr(found), repr(found.obstruction), repr(found.constant), str(found)):
            assert len(text) < 10_000, bias


def test_nearly_unstable():
    """A gap of 2^-300 at a vertex is seen, and bounds the radius."""
    gap = Fraction(1, 2**300)
    net = Network([[[1, 0], [0, 1], [1, 1]], [[1, 1, -3]]], [[0, 0, -gap], [Fraction(-1, 7)]])
    radius = stability(net, [(-1, 2), (-1, 2)]).radius
    assert gap / 20 < radius < gap


def test_batches_do_not_matter(monkeypatch):
    net, domain, level = generic(5)
    expected = stability(net, domain, level)
    monkeypatch.setattr(perturbation, "_ENTRIES", 1)
    assert stability(net, domain, level) == expected


def test_the_grid():
    for k in range(-100, 100):
        x = perturbation.grid(k)
        assert perturbation.floor_index(x) == k == perturbation.floor_index(x * Fraction(1001, 1000))
        assert perturbation.floor_index(x * Fraction(999, 1000)) == k - 1
        assert Fraction(float(x)) == x


# ---- the paper's networks -------------------------------------------------------------------------------------------


def padded(net: Network, layer: int, bias: int) -> Network:
    """One more neuron in a hidden layer (counted from 0), with zero weights in and out, and this bias."""
    weights, biases = [list(map(list, matrix)) for matrix in net.weights], list(map(list, net.biases))
    weights[layer].append([0] * len(weights[layer][0]))
    biases[layer].append(bias)
    for row in weights[layer + 1]:
        row.append(0)
    return Network(weights, biases, [*net.slopes[:layer], [*net.slopes[layer], 0], *net.slopes[layer + 1 :]])


PAPER = [
    ((2, 4, 3, 1), {"cuts": [2]}),
    ((2, 8, 6, 1), {"cuts": [3]}),
    ((2, 8, 8, 1), {"cuts": [3]}),
    ((2, 4, 4, 4, 1), {"cuts": [2]}),
    ((2, 9, 5, 4, 1), {"cuts": [2]}),
    ((3, 6, 6, 4, 1), {"cuts": [2, 2]}),
]


@pytest.mark.parametrize(("architecture", "options"), PAPER)
def test_proposition_17(architecture, options):
    """The constructed networks on the unit cube: a neuron touches 0 there, and once it is kept away all is stable.

    Proposition 17 is about the networks of the lower bound, whose first neurons are max(0, m x_j): zero at corners.
    """
    d = architecture[0]
    cube = pr.Domain.box([0] * d, [1] * d)
    net = pr.shells(architecture, **options)
    found = stability(net, cube)
    assert not found.combinatorial and found.obstruction.neuron == (1, 1)
    assert set(found.obstruction.vertex) <= {0, 1}

    steady = away_from_zero(net.noted("an assumption"), cube)
    assert steady.assumptions == ("an assumption",)
    assert steady.architecture == net.architecture and steady.weights[:1] == net.weights[:1]
    rng = Random(4)
    for _ in range(50):
        x = [Fraction(rng.randint(0, 24), 24) for _ in range(d)]
        assert steady(x) == net(x)
    found = stability(steady, cube)
    assert found.topological and found.radius > 0
    betti = pr.betti_numbers(steady, ">", domain=cube)
    assert betti == pr.betti_numbers(net, ">", domain=cube) == pr.predicted_betti(architecture, options["cuts"])[">"]
    for _ in range(3):
        assert pr.betti_numbers(perturbed(steady, found.radius, rng), ">", domain=cube) == betti


def with_constants_of_the_main_text(net: Network) -> Network:
    """`paper_network` with thresholds for s_k that are half as large: 8w and 1/4 in place of 4w and 1/2."""
    rows, biases = net.weights[-2], list(net.biases[-2])
    start = 0
    for i, row in enumerate(rows):
        factor = 2 if row == tuple(2 * x for x in rows[start]) else 1
        if factor == 1 and row != rows[start]:
            start = i  # the first neuron for the next degree, max(0, s_k)
        biases[i] = (biases[i] + factor * biases[start]) / 2
    return Network(net.weights, [*net.biases[:-2], biases, net.biases[-1]])


@pytest.mark.parametrize("w", [(2,), (3,), (5,), (2, 2), (3, 1)])
@pytest.mark.parametrize("folds", [(2,), (4,), (2, 2)])
def test_the_networks_as_printed(folds, w):
    """Theorem 13's network: its neurons touch 0 in the cube, and for d ≥ 3 cuts of two degrees meet at a vertex.

    They are s_1 = 1/2 and s_2 = 1/2, for the constants of the appendix; with those of the main text they do not meet.
    """
    d = len(w) + 1
    cube = pr.Domain.box([0] * d, [1] * d)
    net = pr.paper_network(folds, w)
    found = stability(net, cube)
    assert not found.combinatorial and found.obstruction.neuron == (1, 1)
    found = stability(away_from_zero(net, cube), cube)
    assert found.topological == (d == 2)
    if d > 2:
        layer, i = found.obstruction.neuron
        assert layer == net.depth and i == sum(w) + 4  # max(0, s_2 − 1/2)
        values = found.obstruction.values[layer - 1]
        assert values[w[0] + 1] == values[i - 1] == 0
    steady = away_from_zero(with_constants_of_the_main_text(net), cube)
    found = stability(steady, cube)
    assert found.topological and found.radius > 0
    assert found.constant.neuron == (net.depth + 1, 1)  # so by (i) of Definition 46, as printed, it is not stable
    betti = predicted_paper_betti(folds, w, cube=True)["<="]
    assert pr.betti_numbers(steady, "<=", domain=cube) == betti
    assert pr.betti_numbers(perturbed(steady, found.radius, Random(6)), "<=", domain=cube) == betti


@pytest.mark.parametrize(
    ("folds", "w"),
    [((2,), (1,)), ((4,), (3,)), ((2, 2), (2,)), ((2,), (1, 2)), ((4,), (2, 3)), ((2, 2), (1, 1)), ((2,), (1, 2, 1))],
)
def test_the_printed_network_is_not_zero_at_a_vertex(folds, w):
    """That is enough for Proposition 17, whatever vanishes together elsewhere; without the constant b it is not so."""
    cube = [(0, 1)] * (len(w) + 1)
    for theorem, zero in ((13, False), (12, True)):
        net = pr.paper_network(folds, w, theorem)
        values = [net(v) for v in pr.subdivide(net, None, cube).vertices()]
        assert (0 in values) == zero
    rng = Random(len(w))
    net = pr.paper_network(folds, w)
    expected = pr.betti_numbers(net, "<=", domain=cube)
    for _ in range(3):
        found = pr.betti_numbers(perturbed(net, Fraction(1, 10**6), rng), "<=", domain=cube)
        assert all(a >= b for a, b in zip(found, expected, strict=True))


def test_proposition_17_with_the_numbers_of_the_theorem():
    """The library's networks for the theorem: stable in the cube, and no degree has less than the bound."""
    cases = [((2, 8, 6, 1), (4,)), ((2, 4, 4, 3, 1), (1,)), ((3, 6, 6, 1), (1, 1)), ((3, 12, 8, 1), (2, 2))]
    for architecture, w in cases:
        d = architecture[0]
        cube = pr.Domain.box([0] * d, [1] * d)
        net = away_from_zero(-pr.lower_bound_network(architecture, w=w), cube)
        assert net.architecture == architecture
        found = stability(net, cube)
        assert found.topological and found.radius > 0
        betti = pr.betti_numbers(net, "<=", domain=cube)
        assert all(b >= least for b, least in zip(betti, paper_lower_bound(architecture, w), strict=True))
        assert pr.betti_numbers(perturbed(net, found.radius, Random(7)), "<=", domain=cube) == betti


def test_idle_neurons():
    """Zero weights with zero bias are unstable, with bias −1 stable."""
    net = pr.shells((2, 8, 6, 1), [6], variant="interior")
    cube = [(0, 1), (0, 1)]
    assert stability(net, cube).printed_topological is False
    for layer in (0, 1):
        unstable, stable = (stability(padded(net, layer, bias), cube) for bias in (0, -1))
        assert not unstable.combinatorial and unstable.radius == 0
        assert unstable.obstruction.neuron == (layer + 1, net.architecture[layer + 1] + 1)
        assert stable.topological and stable.radius > 0
        assert stable.constant is not None and not stable.printed_combinatorial
        assert stability(away_from_zero(padded(net, layer, 0), cube), cube).topological


def test_away_from_zero_keeps_the_function():
    for seed in range(100):
        net, domain, _ = degenerate(seed)
        steady = away_from_zero(net, domain)
        cx = pr.subdivide(net, domain=domain)
        for x in [*cx.vertices(), cx.interior_point(cx.input_dim, 0)]:
            assert steady(x) == net(x)
        values = [steady.preactivations(x) for x in cx.vertices()]
        for layer, slopes in enumerate(net.slopes):
            for i, slope in enumerate(slopes):
                own = [value[layer][i] for value in values]
                assert slope == 1 or min(own) > 0 or max(own) < 0 or min(own) < 0 < max(own)


# ---- what is refused, and what is said -------------------------------------------------------------------------------


def test_errors():
    net = pr.load(EXAMPLES / "annulus.json")
    box = [(-3, 3)] * 2
    with pytest.raises(DomainError, match=r"None stands for all of R\^2, but stability is defined over a polytope"):
        stability(net, None)
    with pytest.raises(DomainError, match=r"unbounded in the direction \(1, 0\), but .*parallel"):
        stability(net, pr.Domain.box([0, 0], [None, 1]))
    with pytest.raises(DomainError, match="unbounded"):
        stability(net, pr.Domain([[1, 0], [-1, 0]], [1, 1]))
    with pytest.raises(DomainError, match="single point"):
        stability(net, pr.Domain([[1, 0], [-1, 0], [0, 1], [0, -1]], [0, 0, 0, 0]))
    with pytest.raises(DomainError, match="dimension"):
        stability(net, [(0, 1)])
    with pytest.raises(RegionError, match=r"2 outputs.*net.*output\(i\)"):
        stability(Network([[[1], [2]]], [[0, 0]]), [(0, 1)])
    with pytest.raises(NumberError, match="level"):
        stability(net, box, float("nan"))
    with pytest.raises(NumberError, match="level"):
        stability(net, box, None)
    with pytest.raises(InputError, match="expected a Network"):
        stability("net.json", box)
    with pytest.raises(LimitError):
        stability(net, box, max_cells=10)


def test_progress():
    calls = []
    stability(pr.load(EXAMPLES / "iris2.json"), [(0, 8)] * 2, progress=lambda *call: calls.append(call))
    assert ("vertices", calls[-1][1], calls[-1][1]) == calls[-1]

    def stop(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stability(pr.load(EXAMPLES / "iris2.json"), [(0, 8)] * 2, progress=stop)


def test_affine_networks_and_other_activations():
    assert stability(Network([[[1, 1]]], [[-1]]), [(0, 1)] * 2).obstruction.neuron == (1, 1)
    assert stability(Network([[[0]]], [[0]]), [(0, 1)]).radius == 0
    assert stability(Network([[[0]]], [[1]]), [(0, 1)]).topological
    identity = Network([[[1], [1]], [[1, 1]]], [[0, Fraction(-1, 2)], [-1]], [[1, 0]])
    found = stability(identity, [(-1, 2)])  # the first neuron is 0 at 0, and bends nothing
    assert found.topological and found.printed_topological
    check_within(identity, pr.Domain.box([-1], [2]), Fraction(0), Random(5), 20)


@pytest.mark.parametrize("d", [2, 3, 4])
@pytest.mark.parametrize("hidden", [(), (1,), (1, 1)])
def test_fewer_neurons_than_inputs(d, hidden):
    rng = Random(d)
    widths = (d, *hidden, 1)
    weights = [[[rng.randint(1, 3) for _ in range(n)] for _ in range(m)] for n, m in pairwise(widths)]
    net = Network(weights, [[-1 - Fraction(i, 7)] * m for i, m in enumerate(widths[1:])])
    check_within(net, pr.Domain.box([0] * d, [Fraction(5, 3)] * d), Fraction(0), rng, 10)


def test_what_is_printed():
    found = stability(pr.load(EXAMPLES / "annulus.json"), [(-3, 3)] * 2)
    assert str(found) == "not stable\nneuron 2 of layer 1 vanishes at the vertex (0, 3)"
    text = str(stability(pr.load(EXAMPLES / "iris4.json"), [(0, 8)] * 4))
    assert text.startswith("topologically stable: the same for all parameters within 19/524288 (about 0.000036)\n")
    assert "\nneuron 1 of layer 3 is constant, about -4.57626, near (about 4.5" in text
    text = str(stability(Network([[[1]], [[1]]], [[Fraction(-1, 2)], [0]]), [(0, 1)]))
    assert text.splitlines()[0] == "combinatorially stable, but not topologically"
    assert text.splitlines()[1] == "neuron 1 of layer 2 vanishes at the vertex (0)"
