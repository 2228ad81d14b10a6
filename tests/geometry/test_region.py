"""Regions and sets of cells, against the network's values at points of each cell."""

from __future__ import annotations

import pickle
from fractions import Fraction
from operator import eq, ge, gt, le, lt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu.errors import InputError, PointError, RegionError
from polyrelu.geometry.region import RELATIONS, CellSet, Region
from support.strategies import examples, levels, networks

HOLDS = {">": gt, ">=": ge, "<": lt, "<=": le, "=": eq}
ABSOLUTE = pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])


def test_dimensions_below_the_lineality_have_no_cells_and_above_the_space_none_is_allowed() -> None:
    net = pr.Network([[[1, 0], [-1, 0]], [[1, 1], [1, 0]]], [[0, 0], [0, 1]])  # |x|, ReLU(x) + 1, any y
    cx, partition = pr.subdivide(net.output(0), 1), pr.classify(net)
    refinement = pr.refine(net, "F0 > 1")
    sets = [*map(cx.region, RELATIONS), partition.region(0), partition.boundary(), refinement.region()]
    for cells in sets:
        assert cells.complex.lineality_dim == 1 and cells.complex.n_cells(0) == 0
        mask = cells.mask(0)
        assert (mask.dtype, mask.shape, cells.cells(0).shape) == (bool, (0,), (0,))
        for k in (3, True, "1", None):
            with pytest.raises(PointError, match="dimension: expected an integer"):
                cells.mask(k)
    assert cx.signs(0).shape == (0,) and refinement.signs(0)[0].shape == (0,)


@examples(25)
@given(networks(dims=(1, 2, 3)), st.data())
def test_cells_belong_where_the_values_at_their_points_say(net: pr.Network, data: st.DataObject) -> None:
    level = data.draw(levels(net))
    cx = pr.subdivide(net, level, [(-2, 3)] * net.input_dim)
    regions = {relation: cx.region(relation) for relation in RELATIONS}
    for k in range(cx.lineality_dim, net.input_dim + 1):
        masks = {relation: region.mask(k) for relation, region in regions.items()}
        for i in range(0, cx.n_cells(k), 1 + cx.n_cells(k) // 15):
            point = cx.interior_point(k, i)
            for relation, holds in HOLDS.items():
                inside = holds(net(point), level)
                assert masks[relation][i] == inside == regions[relation].contains(point)
                assert (i in regions[relation].cells(k)) == inside
        # every cell lies on one side, and a weak inequality is a strict one or an equality
        assert (masks[">"].astype(int) + masks["="] + masks["<"] == 1).all()
        assert (masks[">="] == ~masks["<"]).all() and (masks["<="] == ~masks[">"]).all()
        if k > cx.lineality_dim:  # a closed set has the facets of its cells
            indptr, facets, _ = cx.facets(k)
            below = {relation: regions[relation].mask(k - 1) for relation in (">=", "<=", "=")}
            for i in range(cx.n_cells(k)):
                for relation, mask in below.items():
                    finite = facets[indptr[i] : indptr[i + 1]]
                    assert not masks[relation][i] or mask[finite].all()
    for relation, region in regions.items():
        assert region.f_vector == (0,) * cx.lineality_dim + tuple(
            len(region.cells(k)) for k in range(cx.lineality_dim, net.input_dim + 1)
        )
        assert (region.is_open, region.is_closed) == (relation in "<>", relation not in "<>")


def test_ends_of_an_interval() -> None:
    region = pr.subdivide(ABSOLUTE, 1).region("<=")
    assert region.f_vector == (3, 2)  # −1, 0, 1 and the edges between
    assert region.contains([1]) and region.contains(["-1"]) and not region.contains([Fraction(10**9 + 1, 10**9)])
    assert not pr.subdivide(ABSOLUTE, 1).region("<").contains([1])


def test_points_outside_the_domain_lie_in_no_region() -> None:
    cx = pr.subdivide(ABSOLUTE, 1, [(-3, 0)])
    assert cx.region(">").contains([-3]) and not cx.region(">").contains([-4]) and not cx.region(">").contains([3])
    with pytest.raises(InputError):
        cx.region(">").contains([0, 0])


def test_empty_and_full_regions() -> None:
    constant = pr.Network([[[0, 0]]], [[2]])
    cx = pr.subdivide(constant, 2)
    assert cx.region("=").f_vector == cx.region(">=").f_vector == (0, 0, 1) and cx.region("<").f_vector == (0, 0, 0)


@pytest.mark.parametrize("relation", ["==", "", "><", "> ", None, 1, ["<"], b">"])
def test_what_is_no_relation(relation: Any) -> None:
    with pytest.raises(RegionError, match="expected one of >, >=, <, <=, ="):
        pr.subdivide(ABSOLUTE, 1).region(relation)


def test_a_complex_without_a_level_has_no_regions() -> None:
    with pytest.raises(RegionError, match="level"):
        pr.subdivide(ABSOLUTE).region(">")


def test_a_region_is_a_value() -> None:
    region = pr.subdivide(ABSOLUTE, "1/2").region(">=")
    again = pickle.loads(pickle.dumps(region))
    assert (again.relation, again.f_vector, again.complex.level) == (">=", region.f_vector, Fraction(1, 2))
    assert repr(region) == f"Region(F >= 1/2 of {ABSOLUTE!r})" and "dimension" in region._repr_html_()
    with pytest.raises(AttributeError, match="a Region cannot be changed"):
        region._relation = "<"  # type: ignore[misc]
    region.mask(1)[:] = False  # a copy
    assert region.mask(1).any()


def test_a_set_of_cells_of_ones_own() -> None:
    class Boundary(CellSet):
        __slots__ = ()
        is_open = False

        def mask(self, k: int) -> Any:
            return self.complex.on_boundary(k)

        def contains(self, x: Any) -> bool:
            return False

    square = Boundary(pr.subdivide(pr.Network([[[1, 0]], [[1]]], [[0], [0]]), domain=[(-1, 1)] * 2))
    assert square.is_closed and square.f_vector == (6, 6, 0)  # the line x = 0 cuts two sides
    assert pr.homology(square).betti == (1, 1)
    with pytest.raises(TypeError, match="abstract"):
        CellSet(square.complex)  # type: ignore[abstract]


def test_regions_are_made_by_their_complex() -> None:
    cx = pr.subdivide(ABSOLUTE, 0)
    assert Region(cx, "=").cells(0).tolist() == cx.region("=").cells(0).tolist() == [0]
