"""Signs and affine maps of a network on the cells, against evaluation."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu.network.network import Network
from support.strategies import examples, networks


@examples(30)
@given(networks(), st.sampled_from([None, 0]))
def test_all_affine_maps(net, level):
    """Each is the map that the signs define; distinct, and right at an interior point."""
    wide = Network([*net.weights[:-1], net.weights[-1] * 2], [*net.biases[:-1], [net.biases[-1][0], 5]], net.slopes)
    cx = pr.subdivide(net if level is not None else wide, level)
    maps, numbers = cx.affine_maps(), cx.affine_map_numbers()
    assert len(set(maps)) == len(maps) == len(set(numbers.tolist()))
    for i in range(0, len(numbers), 3):
        assert maps[numbers[i]] == cx.affine_map(i)
        weights, constants = maps[numbers[i]]
        point = cx.interior_point(cx.input_dim, i)
        values = tuple(
            sum(w * x for w, x in zip(row, point, strict=True)) + c for row, c in zip(weights, constants, strict=True)
        )
        found = cx.network(point)
        assert values == (found if isinstance(found, tuple) else (found,))
