"""Ranges, differences and properties, against all vertices of complete complexes and against linear programs."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, product
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu.analysis import optimum
from support.strategies import examples, networks, polytopes, random_rows, seeded_network, small_integers

SMALL = {1: [(3,), (3, 3)], 2: [(3,), (4,), (3, 2)], 3: [(3,), (4,)]}
ABSOLUTE = pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])


def by_all_vertices(net: pr.Network, domain: pr.Domain | None) -> tuple[Fraction | None, Fraction | None]:
    """(minimum, maximum) over the vertices of the complete complex; None where a ray says that there is none."""
    cx = pr.subdivide(net, None if net.depth else 0, domain)
    values = [net(x) for x in cx.vertices()]
    slopes = [net.recession()(r) for r in cx.rays()]
    return (
        None if any(s < 0 for s in slopes) else min(values),
        None if any(s > 0 for s in slopes) else max(values),
    )


def assert_witnessed(net: pr.Network, domain: pr.Domain | None, found: pr.Range) -> None:
    for end, sign in ((found.minimum, -1), (found.maximum, 1)):
        assert domain is None or domain.contains(end.point)
        if end.value is not None:
            assert net(end.point) == end.value and end.ray is None
            continue
        far = [[p + s * r for p, r in zip(end.point, end.ray, strict=True)] for s in (10**40, 10**41)]
        assert all(domain is None or domain.contains(x) for x in far)
        assert sign * (net(far[1]) - net(far[0])) > 0


@st.composite
def domains(draw: st.DrawFn, d: int) -> pr.Domain | None:
    if draw(st.booleans()):
        return None
    return pr.Domain(*draw(polytopes(d)))


def dense(architecture: tuple[int, ...], seed: int) -> pr.Network:
    rng = np.random.default_rng(seed)
    shapes = list(pairwise(architecture))
    weights = [(rng.normal(size=(n, m)) / np.sqrt(m)).astype(np.float32) for m, n in shapes]
    return pr.Network(weights, [(rng.normal(size=n) / 2).astype(np.float32) for _, n in shapes])


# ---- ranges -------------------------------------------------------------------------------------------------------


@given(st.data())
@examples(12)
def test_ranges_are_those_of_all_vertices_and_rays(data):
    net = data.draw(networks(dims=[1, 2, 3]))
    domain = data.draw(domains(net.input_dim))
    found = pr.output_range(net, domain)
    assert found.interval == by_all_vertices(net, domain)
    assert_witnessed(net, domain, found)


def best_of_all_patterns(net: pr.Network, domain: pr.Domain | None) -> Fraction | None:
    """The maximum by an exact linear program (cddlib) for each of the 2^N activation patterns; None if unbounded."""
    cdd = pytest.importorskip("cdd")
    pytest.importorskip("cdd.gmp")
    best: Fraction | None = None
    d = net.input_dim
    for pattern in product((1, -1), repeat=sum(map(len, net.slopes))):
        signs = iter(pattern)
        forms = [[Fraction(i == j) for j in range(d + 1)] for i in range(1, d + 1)]
        rows = [] if domain is None else [[b, *(-x for x in a)] for a, b in zip(domain.a, domain.b, strict=True)]
        for k, (matrix, bias) in enumerate(zip(net.weights, net.biases, strict=True)):
            forms = [
                [sum((w * f[j] for w, f in zip(row, forms, strict=True)), b * (j == 0)) for j in range(d + 1)]
                for row, b in zip(matrix, bias, strict=True)
            ]
            if k < net.depth:
                for i, slope in enumerate(net.slopes[k]):
                    side = next(signs)
                    rows.append([side * x for x in forms[i]])
                    forms[i] = forms[i] if side > 0 else [slope * x for x in forms[i]]
        program = cdd.gmp.linprog_from_array([*rows, forms[0]], obj_type=cdd.LPObjType.MAX)
        cdd.gmp.linprog_solve(program)
        if program.status == cdd.LPStatusType.OPTIMAL:
            best = program.obj_value if best is None else max(best, program.obj_value)
        elif program.status in (cdd.LPStatusType.DUAL_INCONSISTENT, cdd.LPStatusType.UNBOUNDED):
            return None
    return best


def test_maxima_are_those_of_linear_programs_for_all_activation_patterns():
    bounded = 0
    for seed in range(2000, 2010):
        net, rng = seeded_network(seed, SMALL), Random(seed)
        d = net.input_dim
        domain = rng.choice([None, pr.Domain.box([-1] * d, [2] * d), pr.Domain([[1] * d, [-1] * d], [1, 2])])
        found = pr.output_range(net, domain)
        assert found.maximum.value == best_of_all_patterns(net, domain)
        bounded += found.is_bounded
    assert bounded > 2


@pytest.mark.slow
def test_ranges_in_parts(monkeypatch):
    """However small the parts into which the domain is cut: boxes in halves, others by neurons, unbounded ones too."""
    nets = [dense((2, 12, 12, 1), 0), dense((3, 8, 8, 1), 1)]
    expected = {}
    for net in nets:
        d = net.input_dim
        for domain in (pr.Domain.box([-3] * d, [2] * d), pr.Domain([[1] * d, [-1] * d], [1, 2]), None):
            expected[net, domain] = by_all_vertices(net, domain)
    made = []
    halves = optimum.Part.halves
    monkeypatch.setattr(optimum.Part, "halves", lambda part: made.append(part) or halves(part))
    for cells in (60, 250):
        monkeypatch.setattr(optimum, "FIRST_CELLS", cells)
        monkeypatch.setattr(optimum, "PART_CELLS", cells)
        for (net, domain), interval in expected.items():
            found = pr.output_range(net, domain)
            assert found.interval == interval
            assert_witnessed(net, domain, found)
    assert len(made) > 10


def test_a_start_of_more_cells_than_a_part_may_have(monkeypatch):
    """With 13 inputs there are more than two million cells to start with; here 17, where a part may have 16."""
    net = pr.Network([[[1, 0], [0, 1]], [[1, 1]]], [[0, 0], [0]])
    monkeypatch.setattr(optimum, "FIRST_CELLS", 16)
    with pytest.raises(pr.LimitError, match="cells are needed to start"):
        pr.output_range(net, [(-1, 1)] * 2)
    assert pr.output_range(net, [(-1, 1)] * 2, max_cells=1000).interval == (0, 2)


def test_a_network_whose_complex_could_not_be_made():
    """Its complete complex has hundreds of millions of cells."""
    net = dense((5, 32, 32, 1), 0)
    found = pr.output_range(net, [(-1, 1)] * 5, max_cells=10**6)
    assert_witnessed(net, pr.Domain.box([-1] * 5, [1] * 5), found)
    rng = Random(0)
    for _ in range(200):
        x = [Fraction(rng.randint(-1000, 1000), 1000) for _ in range(5)]
        assert found.minimum.value <= net(x) <= found.maximum.value


def test_forms_and_all_outputs():
    net = pr.stack(ABSOLUTE, pr.Network([[[1]]], [[1]]), -ABSOLUTE)
    box = [(-1, 3)]
    assert [x.interval for x in pr.output_ranges(net, box)] == [(0, 3), (0, 4), (-3, 0)]
    assert pr.output_range(net, box, form="y0 + y2").interval == (0, 0)
    assert pr.output_range(net, box, form="2*F1 - F0/3 - 0.5").interval == (Fraction(-5, 6), Fraction(13, 2))
    assert pr.output_range(net, form="7").interval == (7, 7)
    assert pr.output_range(net, form="y0 - y1").minimum.value == -1
    assert pr.output_range(net, form="y0 - y1").maximum.value is None


def test_flat_domains_and_lineality():
    """A witness has the coordinates of the whole space, and so has a ray."""
    net = pr.Network([[[1, 1, 0]], [[1]]], [[0], [0]])
    found = pr.output_range(net, pr.Domain.box([0, 2, None], [3, 2, None]))
    assert found.interval == (2, 5) and found.maximum.point[:2] == (3, 2)
    half_line = pr.output_range(net, pr.Domain.box([1, 2, 5], [None, 2, 5]))
    assert half_line.maximum.ray == (1, 0, 0) and half_line.minimum.value == 3
    assert pr.output_range(net).interval == (0, None)
    assert pr.output_range(pr.Network([[[0, 0]], [[1]]], [[3], [1]])).interval == (4, 4)
    assert pr.output_range(pr.Network([[[2, 0]]], [[1]]), pr.Domain([[1, 0]], [2])).interval == (None, 5)


def test_limits_and_mistakes():
    net = dense((5, 50, 50, 50, 50, 1), 0)
    with pytest.raises(pr.LimitError, match="not decided within 1000 cells"):
        pr.output_range(net, [(-5, 5)] * 5, max_cells=1000)
    with pytest.raises(pr.LimitError, match=r"not decided within 0\.01 seconds"):
        pr.output_range(net, [(-5, 5)] * 5, seconds=0.01)
    two = pr.stack(ABSOLUTE, ABSOLUTE)
    for call, error, match in (
        (lambda: pr.output_range(two), pr.RegionError, "form: the network has 2 outputs"),
        (lambda: pr.output_range(two, form="y2"), pr.RegionError, "form 'y2': there is no output F2"),
        (lambda: pr.output_range(two, form="y0 > 1"), pr.RegionError, "not a condition"),
        (lambda: pr.output_range(two, form="y0 y1"), pr.RegionError, "column 4: expected an operator or the end"),
        (lambda: pr.output_range(two, form="y"), pr.RegionError, "write F0 to F1"),
        (lambda: pr.output_range(two, form=3), pr.RegionError, "form: expected text"),
        (lambda: pr.output_range(3), pr.InputError, "expected a Network, got 3"),
        (lambda: pr.output_range(ABSOLUTE, [(2, 1)]), pr.DomainError, "empty"),
        (lambda: pr.output_range(ABSOLUTE, [(1, 1)]), pr.DomainError, "single point"),
        (lambda: pr.output_range(ABSOLUTE, seconds=-1), pr.InputError, "seconds"),
    ):
        with pytest.raises(error, match=match):
            call()


# ---- differences --------------------------------------------------------------------------------------------------


@given(st.data())
@examples(12)
def test_largest_differences_are_those_of_ranges(data):
    d = data.draw(st.integers(1, 2))
    f, g = data.draw(networks(dims=[d], widths=SMALL)), data.draw(networks(dims=[d], widths=SMALL))
    domain = pr.Domain(*data.draw(polytopes(d)))
    found = pr.max_difference(pr.stack(f, g), pr.stack(g, g), domain)
    low, high = by_all_vertices(f - g, domain)
    if low is None or high is None:
        assert found.value is None and found.ray is not None
    else:
        assert found.value == max(-low, high) == abs(f(found.point) - g(found.point))
        assert found.output == 0 and domain.contains(found.point)


def test_where_two_models_disagree():
    """{F > 0, G ≤ 0} by a formula on both together: F = |x| − 1, G = x."""
    both = pr.stack(ABSOLUTE - 1, pr.Network([[[1]]], [[0]]))
    assert pr.betti_numbers(both, where="F0 > 0 and F1 <= 0") == (1,)
    assert pr.betti_numbers(both, where="F0 > 0 and F1 <= 0 or F0 <= 0 and F1 > 0") == (2,)
    assert not pr.check(both, "not (F0 > 0 and F1 <= 0)").holds


# ---- properties ---------------------------------------------------------------------------------------------------


def condition(rng: Random, depth: int, n: int) -> str:
    kind = rng.random()
    if depth == 0 or kind < 0.4:
        a, b = rng.randrange(n), rng.randrange(n)
        left = rng.choice([f"y{a}", f"y{a} - y{b}", f"2*y{a}", f"-y{a} + {rng.randint(-1, 1)}"])
        return f"{left} {rng.choice(['<', '<=', '>', '>=', '=', '!='])} {rng.choice([0, 0, 0, 1, -1])}"
    if kind < 0.55:
        return f"not ({condition(rng, depth - 1, n)})"
    parts = [condition(rng, depth - 1, n) for _ in range(rng.randint(2, 3))]
    return "(" + f" {rng.choice(['and', 'or'])} ".join(parts) + ")"


def at_the_ends(rng: Random, ranges: tuple[pr.Range, ...]) -> list[str]:
    """Conditions that are decided where an output is largest or least, by the difference of < and <=."""
    found = []
    for i, (low, high) in enumerate(x.interval for x in ranges):
        j = rng.randrange(len(ranges))
        if high is not None:
            found += [f"y{i} <= {high}", f"y{i} < {high}", f"not (y{i} >= {high} and y{j} > {rng.randint(-1, 1)})"]
            found += [f"y{i} < {high} or y{j} >= 0 and y{j} != 1"]
        if low is not None:
            found += [f"y{i} > {low}", f"y{i} > {low} or y{j} < 0", f"not (y{i} = {low} and y{j} != 0)"]
    return found


def holds_by_refinement(net: pr.Network, text: str, domain: pr.Domain | None) -> bool:
    """On every cell of the complete complex, refined by all comparisons."""
    region = pr.refine(net, text, domain).region()
    cx = region.complex
    return all(region.mask(k).all() for k in range(cx.coordinates.lineality_dim, cx.input_dim + 1))


@pytest.mark.parametrize("small_parts", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_properties_hold_iff_they_do_on_all_cells_of_the_refinement(small_parts, monkeypatch):
    if small_parts:
        monkeypatch.setattr(optimum, "FIRST_CELLS", 120)
        monkeypatch.setattr(optimum, "PART_CELLS", 120)
    verdicts = []
    for seed in range(1000, 1014 if small_parts else 1006):
        rng, one = Random(seed), seeded_network(seed, SMALL)
        n, d = rng.randint(1, 3), one.input_dim
        last = random_rows(rng, n, len(one.weights[-1][0]), small_integers(2), True)
        bias = [rng.randint(-1, 1) for _ in range(n)]
        net = pr.Network([*one.weights[:-1], last], [*one.biases[:-1], bias], one.slopes)
        domain = rng.choice([None, pr.Domain.box([-1] * d, [2] * d), pr.Domain([[1] * d, [-1] * d], [1, 2])])
        for text in [condition(rng, 2, n), *at_the_ends(rng, pr.output_ranges(net, domain))]:
            found = pr.check(net, text, domain)
            assert found.holds == bool(found) == holds_by_refinement(net, text, domain), (seed, text)
            verdicts.append(found.holds)
            if not found:
                assert domain is None or domain.contains(found.counterexample)
                assert not pr.Formula(text).holds_at(found.outputs)
    assert 10 < sum(verdicts) < len(verdicts) - 10


def test_properties_of_constants_and_mistakes():
    assert pr.check(ABSOLUTE, "1 < 2") and not pr.check(ABSOLUTE, "2 < 1", [(3, 4)])
    assert pr.check(ABSOLUTE, "y >= 0 and (F != 1 or F = 1)")
    assert pr.check(ABSOLUTE, "y > 0").counterexample == (0,)
    assert pr.check(ABSOLUTE, "y = 0", pr.Domain.box([None], [0])).counterexample[0] < 0
    flat = pr.check(pr.Network([[[1, 1]], [[1]]], [[0], [0]]), "y < 5", pr.Domain.box([0, 2], [3, 2]))
    assert flat.counterexample == (3, 2)
    for call, error, match in (
        (lambda: pr.check(ABSOLUTE, "y1 > 0"), pr.RegionError, "there is no output F1"),
        (lambda: pr.check(ABSOLUTE, "y >"), pr.RegionError, "formula 'y >', column 4"),
        (lambda: pr.check(ABSOLUTE, None), pr.RegionError, "expected text"),
        (lambda: pr.check(None, "y > 0"), pr.InputError, "expected a Network"),
        (lambda: pr.check(ABSOLUTE, "y > 0", [(0, 1), (0, 1)]), pr.DomainError, "dimension"),
    ):
        with pytest.raises(error, match=match):
            call()
    hard = dense((5, 50, 50, 50, 50, 1), 0)
    with pytest.raises(pr.LimitError, match="not decided within 1000 cells"):
        pr.check(hard, "y < 1.4", [(-5, 5)] * 5, max_cells=1000)
