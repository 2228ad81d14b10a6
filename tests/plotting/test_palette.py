"""Colours are told apart, in grey and by the colour-blind."""

from __future__ import annotations

import colorsys
from itertools import combinations, pairwise

import numpy as np
import pytest

from polyrelu.plotting.flat import output_colours
from polyrelu.plotting.palette import SIGN_COLOURS, TIE_COLOUR, cycle_colour, rgb, strokes, tints
from polyrelu.plotting.scene import make_scene
from support.known_answers import random_float32


def test_sign_colours_differ_in_grey():
    grey = sorted(0.299 * r + 0.587 * g + 0.114 * b for r, g, b in map(rgb, SIGN_COLOURS.values()))
    assert all(b - a > 0.15 for a, b in pairwise(grey))
    assert len(set(tints(24))) == len(set(strokes(24))) == 24


# Machado, Oliveira and Fernandes, A physiologically-based model for simulation of color vision deficiency (2009):
# what is left of linear RGB for full vision, protanopes, deuteranopes and tritanopes
VISION = {
    "full": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def cielab(colour: str, vision: str) -> np.ndarray:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb(colour)]
    seen = np.clip(np.asarray(VISION[vision]) @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ seen
    x, y, z = (np.cbrt(t) if t > 0.008856 else 7.787 * t + 16 / 116 for t in xyz / [0.9505, 1, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("vision", VISION)
def test_the_colour_blind_tell_eight_classes_apart(vision):
    seen = [cielab(colour, vision) for colour in (*tints(8), TIE_COLOUR)]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 12


def test_graphs_of_outputs_have_the_hues_of_their_classes():
    scene = make_scene(random_float32((1, 12, 12)), {})
    areas, lines = (
        [colorsys.rgb_to_hls(*rgb(c)) for c in colours]
        for colours in (scene.colouring.colours[:12], output_colours(scene))
    )
    for (hue, light, saturation), (line_hue, line_light, _) in zip(areas, lines, strict=True):
        assert line_light < light and (saturation == 0 or abs(line_hue - hue) < 0.02)
    assert scene.boundary_colour == TIE_COLOUR


def test_colours_of_cycles_begin_again():
    found = [cycle_colour(i) for i in range(40)]
    period = len(set(found))
    assert period >= 3 and all(found[i] == found[i % period] for i in range(40))
