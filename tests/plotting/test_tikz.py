"""TikZ code, read back: coordinates are exact, polygons tile the window, faces are painted from back to front."""

from __future__ import annotations

import re
import shutil
import subprocess
from fractions import Fraction
from itertools import pairwise
from random import Random

import numpy as np
import pytest

import polyrelu as pr
import polyrelu.cli
from polyrelu.plotting.tikz_numbers import Axis
from polyrelu.plotting.tikz_space import back_to_front
from support.known_answers import random_float32
from support.plots import annulus
from support.strategies import seeded_network

NUMBER = re.compile(r"\{(?:\\fpeval\{)?(-?\d+(?:/\d+)?)\}?\}|(-?\d+(?:\.\d+)?)")


def read(picture):
    """The named points as they stand in the code and as they are in comments, and the polygons with their styles."""
    points, exact, polygons = {}, {}, []
    for line in str(picture).splitlines():
        code, _, comment = line.partition(" % ")
        if match := re.fullmatch(r"\\coordinate \((\w+)\) at \((.*)\);", code):
            found = [Fraction(a or b) for a, b in (NUMBER.fullmatch(x).groups() for x in match[2].split(", "))]
            points[match[1]] = tuple(found)
            exact[match[1]] = tuple(map(Fraction, comment[1:-1].split(", "))) if comment else tuple(found)
        elif match := re.fullmatch(r"\\path\[(polyrelu .*?)\] (.*) -- cycle;", code):
            polygons.append((match[1].removeprefix("polyrelu "), re.findall(r"\((\w+)\)", match[2])))
    return points, exact, polygons


def area(corners):
    pairs = zip(corners, [*corners[1:], corners[0]], strict=True)
    return abs(sum(a * d - b * c for (a, b), (c, d) in pairs)) / 2


@pytest.mark.parametrize("seed", range(8))
def test_regions_tile_the_window_exactly(seed):
    """Unbounded regions are cut off at the window; where F > 0 agrees with the volumes of the clipped complex."""
    net = random_float32((2, 5, 3, 1), seed) if seed % 2 else seeded_network(seed, {2: [(2, 4, 4, 1)]})
    window = [(Fraction(-7, 3), 2), (-1, Fraction(8, 7))]
    points, exact, polygons = read(pr.plot_tikz(net, window=window, numbers="fraction"))
    assert points == exact and len(polygons) > 0
    sides = {}
    for style, corners in polygons:
        sides[style] = sides.get(style, 0) + area([points[v] for v in corners])
    assert sum(sides.values()) == Fraction(13, 3) * Fraction(15, 7)
    cx = pr.subdivide(net, 0, window)
    volumes = {sign: sum(pr.regions_table(cx.region(r))["volume"]) for sign, r in (("above", ">"), ("below", "<"))}
    assert {name: sides.get(name, 0) for name in volumes} == volumes
    assert sorted(points.values()) == sorted(cx.vertices())


def test_decimals_are_rounded_correctly_and_comments_are_exact():
    net = random_float32((2, 6, 1), 3)
    window = [(-3, 3), (-3, 3)]
    vertices = set(pr.subdivide(net, 0, window).vertices())
    for digits in (None, 2, 12):
        points, exact, _ = read(pr.plot_tikz(net, window=window, digits=digits))
        places = 6 if digits is None else digits
        assert set(exact.values()) == vertices
        for name, point in points.items():
            for x, y in zip(point, exact[name], strict=True):
                assert abs(x - y) <= Fraction(1, 2 * 10**places) and (x * 10**places).denominator == 1


def test_boundary_and_cycles_are_where_they_should_be():
    cx = pr.subdivide(annulus(), 0)
    cycles = pr.homology(cx.region(">")).cycles(1)
    text = str(pr.plot_tikz(cx, cycles=cycles, numbers="fraction"))
    points, _, _ = read(text)

    def segments(style):
        (block,) = re.findall(rf"^\\path\[polyrelu {style}\]\n(.*?);", text, re.MULTILINE | re.DOTALL)
        return [(points[a], points[b]) for a, b in re.findall(r"\((\w+)\) -- \((\w+)\)", block)]

    assert len(segments("boundary")) == len(cx.region("=").cells(1))
    assert all(annulus()(p) == annulus()(q) == 0 for p, q in segments("boundary"))
    found = sorted(sorted(s) for s in segments("cycle 0"))
    assert found == sorted(sorted(s) for s, _ in cycles[0].pieces())


def test_graph_of_one_input():
    net = pr.from_expression("max(1 - |x|, |x - 3|/3 - 1/2)")
    text = str(pr.plot_tikz(net, level="1/4", numbers="fraction", points=[["1/3"]]))
    points, _, _ = read(text)
    graph = {x: y for name, (x, y) in points.items() if name.startswith("v")}
    assert len(graph) >= 5 and all(net([x]) == y for x, y in graph.items())
    assert all(x in graph for name, (x, _) in points.items() if name.startswith("b"))
    assert "({1/3}, " in text


@pytest.mark.parametrize(("low", "high"), [(10**6, 10**6 + 1), (0, 10**7), (Fraction(1, 10**6), Fraction(2, 10**6))])
def test_windows_beyond_the_numbers_of_tex(low, high):
    middle = (low + Fraction(high)) / 2
    net = pr.Network([[[1, 0]], [[1]]], [[-middle], [0]])
    text = str(pr.plot_tikz(net, window=[(low, high), (0, high - Fraction(low))], numbers="fraction"))
    points, _, _ = read(text)
    shift, unit = re.search(r"means x_1 = (\S+) \+ (\S+) X", text).groups()
    xs = {Fraction(shift) + Fraction(unit) * x for x, _ in points.values()}
    assert xs == {Fraction(low), middle, Fraction(high)}
    assert max(abs(x) for x, _ in points.values()) < 100


def test_ticks_are_round_and_within():
    for low, high in ((0, 1), (Fraction(-1, 3), Fraction(22, 7)), (10**9, 10**9 + 7), (10**-9, 3 * 10**-9)):
        for count in (2, 3, 6):
            ticks = Axis.of(Fraction(low), Fraction(high)).ticks(count)
            assert 0 < len(ticks) <= count and all(low <= x <= high for x in ticks)


def test_faces_are_on_the_boundary_and_painted_from_back_to_front():
    net = pr.from_expression("1/3 - max(|max(|x|,|y|) - 1|, |z|)")
    text = str(pr.plot_tikz(net, numbers="fraction", view=(-50, 30)))
    points, _, polygons = read(text)
    assert all(net(point) == 0 for point in points.values()) and len(polygons) > 10
    images = np.array(re.findall(r"[xyz]=\{\((\S+)cm,(\S+)cm\)\}", text), float)
    depths = np.linalg.svd(images.T)[2][2]  # the direction of the projection
    depths = depths if depths[2] > 0 else -depths
    corners = [np.array([[float(x) for x in points[v]] for v in names]) for _, names in polygons]
    random, covered = Random(0), 0
    for _ in range(300):
        face = random.choice(corners)
        weights = np.array([random.random() + 0.01 for _ in face])
        place = (weights @ face / weights.sum()) @ images
        heights = [_height(c, images, depths, place) for c in corners]
        hit = [h for h in heights if h is not None]
        assert hit == sorted(hit)
        covered += len(hit) > 1
    assert covered > 100


def _height(face, images, depths, place):
    """The depth of a face over a place, or None if it is not over it, by barycentric coordinates in its triangles."""
    for b, c in pairwise(face[1:]):
        triangle = np.array([face[0], b, c])
        system = np.column_stack([triangle @ images, np.ones(3)]).T
        if abs(np.linalg.det(system)) > 1e-9:
            weights = np.linalg.solve(system, [*place, 1])
            if (weights > 1e-7).all():
                return float(weights @ triangle @ depths)
    return None


def test_an_order_by_centres_would_be_wrong():
    """A long face reaches under a small one although its centre is nearer."""
    long = np.array([[0, 0, 0], [10, 0, 10], [10, 1, 10], [0, 1, 0]], float)
    small = np.array([[0, 0, 1], [1, 0, 2], [1, 1, 2], [0, 1, 1]], float)
    assert back_to_front([small, long]) == [1, 0] and back_to_front([long, small]) == [0, 1]
    assert back_to_front([]) == []


def test_names_are_escaped():
    net = random_float32((2, 5, 3), 1)
    names = ["cat & dog", "b_1 <50%>", "{#$~^\\}"]
    text = str(pr.plot_tikz(net, window=(-5, 5), class_names=names, feature_names=["a_b", "100%"]))
    assert "a\\_b" in text and "100\\%" in text and not re.search(r"(?<!\\)&", text.split("tikzpicture", 1)[1])
    assert "%" not in pr.plot_tikz(net).text.splitlines()[-2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"numbers": "float"}, "numbers: expected 'decimal' or 'fraction'"),
        ({"digits": 16}, "digits: expected an integer from 0 to 15"),
        ({"digits": 3, "numbers": "fraction"}, "digits: fractions are not rounded"),
        ({"width": 0}, "width: expected a number of centimetres"),
        ({"view": (1, 2, 3)}, "view: expected"),
        ({"region_labels": "name"}, "region_labels: expected one of number, pattern, map"),
        ({"region_labels": "map", "graph": True}, "region_labels: expected a picture of the plane"),
        ({"path": "x.png"}, "x.png: a TikZ picture is .tex"),
    ],
)
def test_mistakes(options, message):
    with pytest.raises(pr.InputError, match=message):
        pr.plot_tikz(annulus(), **options)


def test_too_many_regions_are_refused(monkeypatch):
    monkeypatch.setattr("polyrelu.plotting.tikz.MOST", 5)
    with pytest.raises(pr.LimitError, match="regions are more than LaTeX takes"):
        pr.plot_tikz(annulus())


def test_command(tmp_path, capsys):
    pr.save(annulus(), tmp_path / "net.json")
    net, out = str(tmp_path / "net.json"), tmp_path / "net.tex"
    options = ["--window", "-4,4", "--fractions", "--standalone"]
    assert polyrelu.cli.main(["plot", net, "-o", str(out), *options]) == 0
    expected = pr.plot_tikz(annulus(), window=(-4, 4), numbers="fraction", standalone=True)
    assert out.read_text(encoding="utf-8") == str(expected) and expected.text.startswith("\\documentclass")
    assert polyrelu.cli.main(["plot", net, "-o", str(tmp_path / "net.png"), "--fractions"]) == 2
    assert ".tex" in capsys.readouterr().err
    assert polyrelu.cli.main(["plot", net, "-o", str(out), "--layers"]) == 2


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="LaTeX is not installed")
def test_latex_accepts_all_of_it(tmp_path):
    """Pictures of one to three inputs, with everything that can be in them, in one document."""
    ring = pr.subdivide(annulus(), 0)
    loops = pr.homology(ring.region(">")).cycles(1)
    torus = pr.subdivide(pr.from_expression("1/3 - max(|max(|x|,|y|) - 1|, |z|)"), 0)
    names = ["cat & dog", "b_1 <50%>", "{#$~^\\}"]
    data = {"points": [[0, 0], [1, "1/3"], [2, 1]], "labels": names, "class_names": names}
    pictures = [
        pr.plot_tikz(ring, cycles=loops, numbers="fraction", region_labels="map"),
        pr.plot_tikz(random_float32((2, 5, 3), 1), window=(-5, 5), feature_names=["a_b", "100%"], **data),
        pr.plot_tikz(random_float32((2, 6, 5, 1), 1), color="pattern", numbers="fraction", region_labels="pattern"),
        pr.plot_tikz(pr.from_expression("1 - ||x| - 2|"), points=[[1], [2]], labels=[0, 1], level="1/3"),
        pr.plot_tikz(annulus(), graph=True),
        pr.plot_tikz(torus, cycles=pr.homology(torus.region("=")).cycles(1), numbers="fraction"),
        pr.plot_tikz(pr.from_expression("max(x, y, z)"), color="map"),
        pr.plot_tikz(pr.from_expression("max(x, 1000*y)"), window=[(10**6, 10**6 + 1), (0, 3000)], aspect="free"),
    ]
    preamble = "\\documentclass{article}\\usepackage{tikz}\\begin{document}\n"
    style = "\\tikzset{every polyrelu picture/.style={polyrelu edge/.style={draw=red}}}\n"
    (tmp_path / "all.tex").write_text(preamble + style + "\n\n".join(map(str, pictures)) + "\\end{document}", "utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout[-1000:]
    assert "Missing character" not in (tmp_path / "all.log").read_text(errors="replace")
