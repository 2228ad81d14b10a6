"""The asymptotic corollaries of the paper, in numbers: exponents that are stated, and what the networks have."""

from __future__ import annotations

from math import log2

import pytest

from polyrelu.analysis.pipeline import analyse_region
from polyrelu.constructions import lower_bound_network, paper_lower_bound, predicted_betti
from polyrelu.constructions.euler import euler_betti, euler_network
from polyrelu.constructions.lower_bound import lower_bound_shells
from polyrelu.errors import InputError
from polyrelu.paper.upper import proposition_18


def slope(values: list[int]) -> float:
    """The exponent of the last doubling."""
    return log2(values[-1] / values[-2])


@pytest.mark.parametrize("d", [2, 3, 4])
def test_corollary_2(d: int) -> None:
    """Ω(M^d n_L) and Ω(M^k n_L) are stated; the numbers of the theorem grow with M^d and M^{k+1}, and with n_L."""
    deep = [(d, *[2 * d] * depth, 8 * d, 1) for depth in range(12, 15)]  # M doubles with the depth
    bounds = [paper_lower_bound(a) for a in deep]
    assert slope([b[0] for b in bounds]) == pytest.approx(d, abs=0.01)
    for k in range(1, d):
        assert slope([b[k] for b in bounds]) == pytest.approx(k + 1, abs=0.01) and k + 1 >= k
    wide = [paper_lower_bound((d, 4 * d, 2**e, 1)) for e in (12, 13)]
    assert all(slope([b[k] for b in wide]) == pytest.approx(1, abs=0.01) for k in range(d))


@pytest.mark.parametrize("goal", [(50, 20), (100, 30, 200)])
def test_corollary_3(goal: tuple[int, ...]) -> None:
    """Two hidden layers suffice for any numbers."""
    d = len(goal)
    w = (max(goal),) * (d - 1)
    architecture = (d, 4 * d, sum(w) + 2 * (d - 1), 1)
    assert all(b >= v for b, v in zip(paper_lower_bound(architecture, w), goal, strict=True))
    assert all(
        p >= v for p, v in zip(predicted_betti(*lower_bound_shells(architecture, w))[">="], goal, strict=True)
    )


@pytest.mark.parametrize(("d", "depth"), [(2, 1), (3, 1), (3, 2), (4, 2)])
def test_corollary_4(d: int, depth: int) -> None:
    """Proposition 18 grows no faster in the width than O((∏ n)^{d²}), and O((∏ n)^d) for β_0 and β_{d−1}."""
    bounds = [proposition_18((d, *[2**e] * depth, 1)) for e in (9, 10)]
    for k in range(d):
        stated = d if k in (0, d - 1) else d * d
        assert slope([b[k] for b in bounds]) <= stated * depth + 0.05


@pytest.mark.parametrize("d", [2, 3, 4])
def test_corollary_14(d: int) -> None:
    """χ of the paper's numbers grows with M^d for odd d only; with M^{d−1} for even d, where leading terms cancel."""
    bounds = [paper_lower_bound((d, *[2 * d] * depth, 8 * d, 1)) for depth in (12, 13)]
    euler = [sum((-1) ** k * b for k, b in enumerate(betti)) for betti in bounds]
    assert slope(euler) == pytest.approx(d if d % 2 else d - 1, abs=0.01)
    balls = [sum(euler_betti((d, *[2 * d] * depth, 8 * d, 1))) for depth in (12, 13)]
    assert slope(balls) == d
    wide = [sum(euler_betti((d, 4 * d, 2**e + 1, 1))) for e in (5, 6)]
    assert slope(wide) == 1


def test_corollary_14_computed() -> None:
    """In the plane χ is M ⌈w/2⌉ for the paper's numbers: 2 disks at each of M/2 places on the boundary."""
    for architecture in [(2, 8, 4, 1), (2, 4, 4, 4, 1), (2, 8, 4, 4, 1)]:
        half = 1
        for n in architecture[1:-2]:
            half *= 2 * (n // 4)
        betti = paper_lower_bound(architecture, (2,))
        assert betti[0] - betti[1] == half
        report = analyse_region(lower_bound_network(architecture, (0,)), ">=")
        assert report.euler_characteristic == report.betti[0] - report.betti[1]


@pytest.mark.parametrize(
    "architecture", [(2, 4, 3, 1), (2, 9, 6, 1), (2, 4, 4, 5, 1), (3, 6, 5, 1), (3, 6, 6, 3, 1), (4, 8, 3, 1)]
)
def test_balls(architecture: tuple[int, ...]) -> None:
    net = euler_network(architecture)
    assert net.architecture == architecture
    for relation in (">", ">="):
        assert analyse_region(net, relation).betti == euler_betti(architecture)
    # −F for {F ≤ 0}, as in the corollary
    assert analyse_region(net, "<").betti[0] == 1 and analyse_region(net, "<").betti[-1] == euler_betti(architecture)[0]


def test_balls_that_do_not_exist() -> None:
    for wrong, message in [((2, 3, 3, 1), "n_1 ≥ 2d"), ((2, 4, 2, 1), "n_L ≥ 3"), ((1, 4, 3, 1), "d ≥ 2")]:
        with pytest.raises(InputError, match=message):
            euler_network(wrong)
