"""Points lie in the cells where they are found, by evaluation."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from polyrelu.geometry.subdivision import subdivide
from polyrelu.network.network import Network
from support.comparison import signs_at, splitting_signs
from support.reference import RELATIONS, dot
from support.strategies import WIDER, examples, levels, networks, points


@given(st.data())
@examples(30)
def test_points_lie_in_the_cells_that_locate_finds(data: st.DataObject) -> None:
    net = data.draw(networks(widths=WIDER))
    level = data.draw(levels(net))
    complex_ = subdivide(net, level=level)
    for _ in range(12):
        x = data.draw(points(net.input_dim))
        k, i = complex_.locate(x)
        assert splitting_signs(complex_, k, i) == signs_at(net, level, x)
        value = net(x)
        for relation in RELATIONS:
            inside = {">": value > level, ">=": value >= level, "<": value < level, "<=": value <= level}
            region = complex_.region(relation)
            assert region.contains(x) == inside.get(relation, value == level)
            assert (i in region.cells(k)) == region.contains(x)
        if k == complex_.input_dim:
            (row,), (offset,) = complex_.affine_map(i)
            assert dot(row, x) + offset == value
            active = [a for layer in complex_.activation_pattern(i) for a in layer]
            slopes = [a for layer in net.slopes for a in layer]
            values = [v for layer in net.preactivations(x) for v in layer]
            assert all(on == (v > 0) for on, v, a in zip(active, values, slopes, strict=True) if a != 1)


@given(st.data())
@examples(20)
def test_interior_points_are_located_where_they_were_taken(data: st.DataObject) -> None:
    net = data.draw(networks())
    complex_ = subdivide(net, level=data.draw(st.none() | levels(net)))
    for k in range(len(complex_.lineality), complex_.input_dim + 1):
        for i in range(0, complex_.n_cells(k), max(1, complex_.n_cells(k) // 10)):
            assert complex_.locate(complex_.interior_point(k, i)) == (k, i)


def test_regions_with_the_same_signs_are_told_apart() -> None:
    """Artificial hyperplanes cut what the signs of the neurons do not."""
    net = Network([[[1, 0], [0, 1]], [[1, 1]], [[1]]], [[0, 0], [0], [0]], [[1, 0], 0])
    complex_ = subdivide(net)
    regions = range(complex_.n_cells(2))
    assert complex_.artificial_hyperplanes and len({splitting_signs(complex_, 2, i) for i in regions}) < len(regions)
    for k in range(3):
        for i in range(complex_.n_cells(k)):
            assert complex_.locate(complex_.interior_point(k, i)) == (k, i)
