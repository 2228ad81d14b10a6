"""Which regions have the same colour, against signs, patterns and maps."""

from __future__ import annotations

import pytest

import polyrelu as pr
from polyrelu.geometry.adjacency import neighbours
from polyrelu.plotting import geometry
from polyrelu.plotting.colouring import map_colouring, pattern_colouring
from polyrelu.plotting.palette import SIGN_COLOURS
from polyrelu.plotting.scene import make_scene
from support.known_answers import random_float32
from support.plots import PLANE, SPACE, annulus, loops


@pytest.mark.parametrize("net", [*PLANE, *SPACE, random_float32((2, 12, 12, 1))], ids=repr)
def test_neighbours_have_different_colours(net):
    cx = make_scene(net, {}, coarse=False).clipped
    one, two = neighbours(cx.facets(cx.input_dim))
    for colouring, key in (
        (pattern_colouring(cx), [cx.region_signs()[i, :-1].tobytes() for i in range(cx.n_regions)]),
        (map_colouring(cx), [cx.affine_map(i) for i in range(cx.n_regions)]),
    ):
        colours = dict(zip(key, colouring.number.tolist(), strict=True))
        assert [colours[k] for k in key] == colouring.number.tolist()  # equal keys, equal colours
        for i, j in zip(one.tolist(), two.tolist(), strict=True):
            assert j < 0 or key[i] == key[j] or colours[key[i]] != colours[key[j]]
        assert len(colouring.colours) > colouring.number.max()
    if cx.input_dim == 2:
        assert pattern_colouring(cx).number.max() < 6


def test_sign_colours_are_those_of_the_signs():
    scene = make_scene(annulus(), {})
    for number, value in zip(scene.colouring.number, scene.clipped.signs(2), strict=True):
        assert scene.colouring.colours[number] == SIGN_COLOURS[int(value)]
        assert scene.colouring.names[number] == {1: "F > 0", -1: "F < 0", 0: "F = 0"}[int(value)]


def test_classes():
    net = random_float32((2, 8, 3), 1)
    scene = make_scene(net, {})
    assert scene.color == "class" and scene.title.count("class") == 3
    for polygon, number in zip(loops(scene), scene.colouring.number, strict=True):
        values = net([sum(column) / len(polygon) for column in zip(*polygon, strict=True)])
        assert scene.colouring.names[number] == f"class {values.index(max(values))}"
    cx = scene.clipped
    for pair in geometry.edges(cx)[scene.walls]:
        middle = [(a + b) / 2 for a, b in zip(*(cx.vertex(int(v)) for v in pair), strict=True)]
        *_, second, first = sorted(net(middle))
        assert second == first
    assert make_scene(pr.classify(net), {}).window == scene.window
    assert make_scene(net, {}, color="map").clipped.level is None
