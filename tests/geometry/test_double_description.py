"""Double description by cddlib, from the network's own inequalities, against the cells of the complex."""

from __future__ import annotations

import pytest

pytest.importorskip("cdd.gmp")

from hypothesis import given
from hypothesis import strategies as st

from polyrelu.constructions import folding, maximum, shells
from polyrelu.errors import DomainError, InputError, MissingDependencyError, PointError, VerificationError
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.double_description import check_regions
from polyrelu.geometry.subdivision import subdivide
from polyrelu.network.network import Network
from support.missing import hide
from support.strategies import examples, levels, networks, polytopes


@pytest.mark.parametrize(
    ("net", "level"),
    [
        (shells((2, 8, 6, 1), {1: 2}), None),
        (shells((2, 8, 6, 1), {1: 2}), 0),
        (shells((2, 6, 4, 1), {1: 4}, "interior"), "1/3"),
        (folding((3, 6, 4, 1)), None),
        (maximum(4), 1),
        (Network([[[1, 1, 0]], [[1]]], [[0], [0]]), 2),  # lineality of dimension 2
        (Network([[[1, 1]]], [[0]]), None),  # one region, R^2
        (Network([[[0, 0]], [[1]]], [[3], [0]]), 0),
        (Network([[["1/3", 0], [0, "1e-300"]], [[1, "1/7"]]], [[f"1/{10**40}", 1], [0]]), "1e-30"),
    ],
    ids=repr,
)
def test_all_regions(net, level):
    cx = subdivide(net, level)
    assert check_regions(cx) == cx.n_regions


def test_some_regions():
    cx = subdivide(maximum(3))
    assert check_regions(cx, [0, 2, 2]) == 3
    assert check_regions(cx, []) == 0
    with pytest.raises(PointError):
        check_regions(cx, [cx.n_regions])


@given(st.data())
@examples(30)
def test_random_networks(data):
    """Degenerate, of low rank, with any slopes, cut by a level and by a domain."""
    net = data.draw(networks(dims=(1, 2, 3)))
    level = data.draw(st.none() | levels(net))
    domain = None
    if data.draw(st.booleans()):
        domain = Domain(*data.draw(polytopes(net.input_dim)))
    try:
        cx = subdivide(net, level, domain)
    except DomainError:
        return
    if cx.artificial_hyperplanes:
        with pytest.raises(InputError, match="artificial"):
            check_regions(cx)
    else:
        assert check_regions(cx) == cx.n_regions


def test_artificial_hyperplanes_are_refused():
    skip = Network([[[1, 0], [0, 1]], [[1, 1]], [[1]]], [[0, 0], [0], [0]], [[1, 0], 0])
    with pytest.raises(InputError, match="artificial"):
        check_regions(subdivide(skip))


class Tampered(PolyhedralComplex):
    """A complex with one vertex or ray moved."""

    def __init__(self, cx: PolyhedralComplex, v: int) -> None:
        self.__dict__.update(cx.__dict__)
        self._moved = v

    def homogeneous(self, v: int) -> tuple[int, ...]:
        x = super().homogeneous(v)
        return (x[0], x[1] + 1, *x[2:]) if v == self._moved else x


@pytest.mark.parametrize("v", [0, -1])
def test_a_wrong_vertex_or_ray_is_found(v):
    cx = subdivide(shells((2, 4, 3, 1), {1: 1}), 0)
    assert check_regions(cx) == cx.n_regions
    wrong = Tampered(cx, v % (cx.n_finite_vertices + cx.n_rays))
    with pytest.raises(VerificationError, match="double description"):
        check_regions(wrong)


def test_without_cddlib(monkeypatch):
    hide(monkeypatch, "cdd")
    with pytest.raises(MissingDependencyError, match=r"polyrelu\[cdd\]") as caught:
        check_regions(subdivide(maximum(2)))
    assert caught.value.extra == "cdd"
