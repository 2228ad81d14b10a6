"""Interactive pictures: their geometry, that they load nothing, and that a browser can turn them."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from fractions import Fraction
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polyrelu as pr
from polyrelu.errors import FileError, InputError, MissingDependencyError
from polyrelu.network.network import Network
from polyrelu.plotting.html import RADIUS, page_figure
from polyrelu.plotting.packing import ALPHABET, packed, packed_library, unpacker
from polyrelu.plotting.scene import make_scene
from support.known_answers import random_float32
from support.missing import hide
from support.plots import unpacked

pytest.importorskip("plotly")

EXAMPLES = Path(__file__).parents[2] / "examples"
ANNULUS = pr.load(EXAMPLES / "annulus.json")
ROWS = [[s * (i == j) for j in range(3)] for i in range(3) for s in (1, -1)]
OCTAHEDRON = Network([ROWS, [[-1] * 6]], [[0] * 6, [1]])
CUBE_CORNERS = [tuple(float(s * (i == j)) for j in range(3)) for i in range(3) for s in (1, -1)]


def traces(obj: Any, **choices: Any) -> dict[str, Any]:
    return {trace.name: trace for trace in page_figure(make_scene(obj, {}, **choices)).data}


# ---- geometry -----------------------------------------------------------------------------------------------------


def test_the_annulus():
    found = traces(ANNULUS)
    x, y = found["F = 0"].x, found["F = 0"].y
    corners = {(a, b) for a, b in zip(x, y, strict=True) if a == a}  # NaN are the gaps
    assert corners == {(s * r * (1 - i), s * r * i) for s in (1.0, -1.0) for r in (1, 3) for i in (0, 1)}
    assert np.isnan(x[2::3]).all() and len(x) == 3 * 8
    area = found["F > 0"]
    assert area.fill == "toself" and np.nanmax(area.x) == 3 and np.isnan(area.x).sum() == 1


def test_the_octahedron():
    found = traces(OCTAHEDRON)
    mesh = found["F = 0"]
    points = [tuple(p) for p in np.column_stack([mesh.x, mesh.y, mesh.z]).tolist()]
    assert sorted(points) == sorted(CUBE_CORNERS) and len(mesh.i) == 8
    triangles = np.array(points)[np.column_stack([mesh.i, mesh.j, mesh.k])]
    assert np.allclose(np.abs(triangles).sum(axis=2), 1)  # corners at ±e_i, in each direction one
    assert np.allclose(np.linalg.norm(np.ptp(triangles, axis=1), axis=1), 3**0.5)
    assert len(found["cells"].x) == 3 * 12


def test_the_sheets_of_shells_can_be_switched_off():
    figure = page_figure(make_scene(pr.shells((3, 6, 6, 4, 1), (2, 2)), {}))
    meshes = [trace for trace in figure.data if trace.type == "mesh3d"]
    names = [trace.name for trace in meshes if trace.showlegend]
    assert len(names) == len(set(names)) == 13 and names[-1] == "others"
    assert all(0 < trace.opacity < 1 for trace in meshes)


def test_graphs_and_lines():
    graph = traces(ANNULUS, graph=True)
    assert graph["F > 0"].type == "mesh3d" and np.max(graph["F > 0"].z) == 1
    assert graph["F = 0"].type == "mesh3d" and len(graph["F = 0"].x) and np.max(np.abs(graph["F = 0"].z)) < 0.2
    line = traces(Network([[[1], [-1]], [[-1, -1]]], [[0, 0], [1]]))  # 1 − |x|
    assert sorted(line["F = 0"].x) == [-1, 1]
    order = np.argsort(line["F"].x)
    assert np.allclose(line["F"].y[order], 1 - np.abs(line["F"].x[order]))
    several = traces(random_float32((1, 4, 3)))
    assert {"output 0", "output 1", "output 2"} <= set(several)


def test_graphs_show_points_and_cycles():
    region = pr.subdivide(ANNULUS, 0).region("<")
    scene = make_scene(region, {}, graph=True, cycles=pr.homology(region).cycles(1))
    loop = {trace.name: trace for trace in page_figure(scene).data}["cycle of H<sub>1</sub>"]
    assert loop.type == "mesh3d" and len(loop.x)
    for *x, height in zip(loop.x, loop.y, loop.z, strict=True):
        assert height == pytest.approx(float(ANNULUS(x)), abs=0.4)
    point = traces(Network([[[1, 0], [-1, 0], [0, 1], [0, -1]], [[1] * 4]], [[0] * 4, [3]]), level=3, graph=True)
    isolated = point["F = 3, isolated"]
    assert (*isolated.x, *isolated.y, *isolated.z) == (0, 0, 3)


def test_shapes_and_ranges():
    flat = [(0, 10), (0, 1)]
    assert page_figure(make_scene(ANNULUS, {})).layout.yaxis.scaleratio == 1
    assert page_figure(make_scene(ANNULUS, {}, window=flat)).layout.yaxis.scaleratio == pytest.approx(2)
    space = page_figure(make_scene(OCTAHEDRON, {}, window=[*flat, (0, 5)])).layout.scene
    x, y, z = (space.aspectratio[axis] for axis in "xyz")
    assert space.aspectmode == "manual" and (x, y / x, z / x) == pytest.approx((4 ** (1 / 3), 0.2, 0.5))
    graph = page_figure(make_scene(ANNULUS, {}, window=flat, graph=True)).layout.scene
    assert graph.aspectratio.to_plotly_json() == {"x": 1, "y": 0.2, "z": 0.6}
    assert page_figure(make_scene(Network([[[1]], [[0]]], [[0], [0]]), {})).layout.yaxis.range == (-1, 1)


def test_cycles():
    region = pr.subdivide(ANNULUS, 0).region(">")
    cycle = pr.homology(region).cycles(1)[0]
    trace = traces(region, cycles=[cycle])["cycle of H<sub>1</sub>"]
    expected = [[float(x) for x in p] for simplex, _ in cycle.pieces() for p in (*simplex, (np.nan, np.nan))]
    np.testing.assert_array_equal(np.column_stack([trace.x, trace.y]), expected)


def test_cycles_in_space():
    # nested shells: beyond 1 < |x|_1 < 2 the region {F > 1/3} has another one, both around cavities
    net = Network([ROWS, [[1] * 6] * 3, [[1, -2, 2]]], [[0] * 6, [-1, -2, -3], [0]])
    region = pr.subdivide(net, Fraction(1, 3)).region(">=")
    found = pr.homology(region)
    assert found.betti == (2, 0, 2)
    points, surfaces = found.cycles(0), found.cycles(2)
    figure = page_figure(make_scene(region, {}, cycles=points + surfaces))
    drawn = [trace for trace in figure.data if trace.legendgroup and trace.legendgroup.startswith("cycle")]
    assert [trace.type for trace in drawn] == ["scatter3d"] * 2 + ["mesh3d"] * 2
    assert [trace.showlegend for trace in drawn] == [True, False, True, False]
    for trace, cycle in zip(drawn[2:], surfaces, strict=True):
        corners = np.column_stack([trace.x, trace.y, trace.z])[np.column_stack([trace.i, trace.j, trace.k])]
        expected = {frozenset(tuple(map(float, p)) for p in simplex) for simplex, _ in cycle.pieces()}
        assert {frozenset(map(tuple, triangle)) for triangle in corners.tolist()} == expected


def test_tubes_around_cycles():
    """Every point of a tube is as far from its segment as its radius, in the units of the picture; it is closed."""
    torus = pr.from_expression("1/2 - max(|max(|x|, |y|) - 2|, |z|)")
    surface = pr.subdivide(torus, 0).region("=")
    scene = make_scene(surface, {}, cycles=pr.homology(surface).cycles(1))
    tubes = [trace for trace in page_figure(scene).data if (trace.legendgroup or "").startswith("cycle")]
    assert len(tubes) == 2 and all(tube.type == "mesh3d" for tube in tubes)
    for tube, (_, segments) in zip(tubes, scene.cycles, strict=True):
        points = np.column_stack([tube.x, tube.y, tube.z]).reshape(len(segments), -1, 3) * scene.scale
        ends = segments * scene.scale
        for p, (a, b) in zip(points, ends, strict=True):
            along = np.clip((p - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
            assert np.allclose(np.linalg.norm(p - a - along[:, None] * (b - a), axis=1), RADIUS)
        faces = np.column_stack([tube.i, tube.j, tube.k])
        arrows = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
        assert len(np.unique(arrows, axis=0)) == len(arrows)  # every edge once in each direction: closed, oriented
        assert {tuple(x) for x in arrows.tolist()} == {(b, a) for a, b in arrows.tolist()}


# ---- the page -----------------------------------------------------------------------------------------------------


class Loads(HTMLParser):
    """Collects all that a page could load, and its policy."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.policy = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.found += [str(values[name]) for name in ("src", "href", "data", "poster", "srcset") if name in values]
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policy = str(values["content"])


@pytest.fixture(autouse=True)
def folder_for_caches(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "caches"))


@pytest.mark.parametrize("obj", [ANNULUS, OCTAHEDRON, random_float32((1, 5, 1))], ids=repr)
def test_pages_are_self_contained_and_reproducible(obj, tmp_path):
    paths = [tmp_path / "1.html", tmp_path / "2.html"]
    shown = [pr.plot_html(obj, path, title="<b>&</b>") for path in paths]
    text = paths[0].read_text(encoding="utf-8")
    assert text == shown[0].text and html.escape(text) in shown[0]._repr_html_() and len(text) < 1_500_000
    assert text == paths[1].read_text(encoding="utf-8")
    page = Loads()
    page.feed(text)
    assert page.found == ["data:,"]
    assert "default-src 'none'" in page.policy and "http" not in page.policy and "*" not in page.policy
    assert "<title>&lt;b&gt;&amp;&lt;/b&gt;</title>" in text
    assert "@import" not in text.split("<body>")[0] and not re.search(r"url\(\s*['\"]?https?:", text.split("<body>")[0])


def test_pages_that_share_their_library(tmp_path, monkeypatch):
    import plotly.offline

    monkeypatch.chdir(tmp_path)
    name = f"plotly-{plotly.offline.get_plotlyjs_version()}.min.js"
    for path in ("1.html", "2.html"):
        page = pr.plot_html(ANNULUS, path, library="shared")
        assert page.text == Path(path).read_text(encoding="utf-8") and len(page.text) < 20_000
        assert f'source = "{name}"' in page.text
    assert Path(name).read_text(encoding="utf-8") == plotly.offline.get_plotlyjs()
    assert html.escape(pr.plot_html(ANNULUS).text) in page._repr_html_()  # what is displayed needs no file
    Path("mine.js").write_text("mine")
    Path("pages").mkdir()
    page = pr.plot_html(ANNULUS, "pages/a.html", library="mine.js")
    assert Path("mine.js").read_text() == "mine" and 'source = "../mine.js"' in page.text
    pr.plot_html(ANNULUS, "pages/a.html", library=tmp_path / "new.js")
    assert Path("new.js").stat().st_size == Path(name).stat().st_size
    for wrong in ("other", "a.txt", 3, ["shared"]):
        with pytest.raises(InputError, match="library: expected 'shared' or"):
            pr.plot_html(ANNULUS, "a.html", library=wrong)
    with pytest.raises(InputError, match="path"):
        pr.plot_html(ANNULUS, library="shared")
    with pytest.raises(FileError, match=r"no/lib\.js"):
        pr.plot_html(ANNULUS, "a.html", library="no/lib.js")


TEXTS = ["", "a", "abc" * 1000, "é∂𝄞<&>" * 77 + "x", "".join(chr(33 + i * i * i % 9001) for i in range(20_000))]


def test_packed_texts_are_unpacked_by_the_javascript_of_pages(tmp_path):
    """Against the decoder of liblzma, and in Node: short and long matches, near and far ones."""
    far = np.random.default_rng(0).integers(32, 127, 400_000, np.uint8).tobytes().decode()
    texts = [*TEXTS, far[:70_000] + TEXTS[4] + far[:70_000], far + far[:1000] + TEXTS[4] + far[-5000:]]
    small = [packed(text) for text in texts]
    assert [unpacked(found) for found in small[:-1]] == texts[:-1]
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed")
    sizes = [len(text.encode()) for text in texts]
    calls = json.dumps([*zip(small, sizes, strict=True)])
    script = f"""{unpacker()}
    const found = {calls}.map(([text, size]) => unpacked(text, {json.dumps(ALPHABET)}, size));
    let damaged = 0;
    for (const [text, size] of {calls}.slice(2, 5)) {{
      try {{ unpacked(text.slice(0, 20), {json.dumps(ALPHABET)}, size); }} catch {{ damaged++; }}
    }}
    require("fs").writeFileSync("out.json", JSON.stringify([found, damaged]));"""
    (tmp_path / "script.js").write_text(script, encoding="utf-8")
    subprocess.run([node, "script.js"], cwd=tmp_path, check=True, timeout=60)
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8")) == [texts, 3]


def test_what_is_kept_packed(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    fresh = packed_library.__wrapped__
    text = "a library " * 50
    assert fresh(text) == packed(text)
    (kept,) = (tmp_path / "polyrelu").iterdir()
    first = kept.read_bytes()
    monkeypatch.setattr("polyrelu.plotting.packing.packed", lambda text: "made again")
    assert fresh(text) == first.decode().split("\n")[1]
    kept.write_bytes(first[:-1] + b"#")  # damaged
    assert fresh(text) == "made again"
    kept.write_bytes(b"\xff")
    assert fresh(text) == "made again"
    monkeypatch.setenv("XDG_CACHE_HOME", str(kept))  # no folder
    assert fresh(text) == "made again"


def test_mistakes(tmp_path, monkeypatch):
    for path in (tmp_path / "page", tmp_path / "page.png", tmp_path / "no" / "page.html"):
        with pytest.raises(FileError, match="page"):
            pr.plot_html(ANNULUS, path)
    with pytest.raises(InputError, match="slice"):
        pr.plot_html(random_float32((4, 3, 1)), tmp_path / "page.html")
    hide(monkeypatch, "plotly")
    with pytest.raises(MissingDependencyError, match=r"polyrelu\[plot\]") as caught:
        pr.plot_html(ANNULUS, tmp_path / "page.html")
    assert caught.value.extra == "plot" and not list(tmp_path.iterdir())


# ---- in a browser -------------------------------------------------------------------------------------------------

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-dev-shm-usage", "--window-size=1000,800",
)  # fmt: skip


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver")
    from selenium.webdriver.chrome.service import Service

    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("chromium and chromium-driver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    started = webdriver.Chrome(options=options, service=Service(driver))
    yield started
    started.quit()


def show(browser: Any, path: Path) -> None:
    """Open a page; what the browser loaded for its own first page is forgotten."""
    browser.get("about:blank")
    browser.get_log("performance")
    browser.get(path.as_uri())


def pixels(browser: Any) -> Any:
    """The page as it is painted, an array height × width × 3."""
    image = pytest.importorskip("PIL.Image")
    return np.asarray(image.open(BytesIO(browser.get_screenshot_as_png())).convert("RGB")).astype(int)


def settled(browser: Any, seconds: float = 60) -> Any:
    """The page when two pictures of it in a row are the same and not blank."""
    end, before = time.monotonic() + seconds, pixels(browser)
    while time.monotonic() < end:
        time.sleep(0.7)
        after = pixels(browser)
        if before.shape == after.shape and (before == after).all() and np.ptp(after) > 100:
            return after
        before = after
    raise AssertionError("the page does not come to rest")


def camera(browser: Any) -> Any:
    # the camera of the scene as it is painted, not as the layout asked for it
    return browser.execute_script(
        "return document.getElementById('polyrelu')._fullLayout.scene._scene.getCamera().eye;"
    )


def turn(browser: Any) -> None:
    """Turn the picture by the mouse."""
    from selenium.webdriver.common.action_chains import ActionChains

    canvas = browser.find_element("css selector", ".gl-container canvas")
    hand = ActionChains(browser, duration=400)
    hand.move_to_element(canvas).click_and_hold().move_by_offset(160, 60).release().perform()


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [
        lambda path: pr.plot_html(pr.shells((3, 6, 6, 4, 1), (2, 2)), path),
        lambda path: pr.plot_html(ANNULUS, path, graph=True),
    ],
    ids=["surface", "graph"],
)
def test_a_page_in_space_can_be_turned(make, browser, tmp_path):
    make(tmp_path / "page.html")
    show(browser, tmp_path / "page.html")
    first, eye = settled(browser), camera(browser)
    height, width, _ = first.shape
    middle = first[height // 4 : 3 * height // 4, width // 4 : 3 * width // 4].reshape(-1, 3)
    assert len(np.unique(middle, axis=0)) > 20 and (middle.min(axis=1) < 200).mean() > 0.05
    turn(browser)
    turned = settled(browser)
    assert max(abs(camera(browser)[axis] - eye[axis]) for axis in "xyz") > 0.1
    assert (np.abs(first - turned).max(axis=2) > 30).mean() > 0.02
    check_logs(browser)


@pytest.mark.slow
@pytest.mark.parametrize("obj", [random_float32((1, 5, 1)), random_float32((2, 40, 40, 1))], ids=repr)
def test_flat_pages(obj, browser, tmp_path):
    pr.plot_html(obj, tmp_path / "page.html")
    show(browser, tmp_path / "page.html")
    assert len(np.unique(settled(browser).reshape(-1, 3), axis=0)) > 10
    check_logs(browser)


@pytest.mark.slow
def test_low_pages_show_their_titles_and_may_share_their_library(browser, tmp_path):
    pr.plot_html(ANNULUS, tmp_path / "page.html", library="shared")
    browser.set_window_size(900, 450)
    show(browser, tmp_path / "page.html")
    settled(browser)
    title, plane = (
        browser.execute_script(f"return document.querySelector('{name}').getBoundingClientRect().toJSON();")
        for name in (".gtitle", ".nsewdrag")
    )
    assert title["top"] >= 4 and title["bottom"] <= plane["top"]


def check_logs(browser: Any) -> None:
    """No errors on the console, and no request but for the page itself."""
    errors = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert not errors
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    assert urls and all(url.startswith(("file:", "data:", "blob:")) for url in urls)
    assert sum(url.startswith("file:") for url in urls) == 1


@pytest.mark.slow
def test_sliders(browser, tmp_path):
    from selenium.webdriver.common.keys import Keys

    net = pr.from_expression("1 - |x| - |y| - |z| - |w|", ["x", "y", "z", "w"])
    pr.plot_slices(net, tmp_path / "page.html", axis=3, positions=5, between=(-2, 2))
    show(browser, tmp_path / "page.html")
    first, eye = settled(browser), camera(browser)
    value, slider = (browser.find_element("id", name) for name in ("value", "position"))
    assert value.text.startswith("x₄ = 0")
    turn(browser)
    settled(browser)
    turned = camera(browser)
    assert max(abs(turned[axis] - eye[axis]) for axis in "xyz") > 0.1
    slider.send_keys(Keys.ARROW_RIGHT)
    moved = settled(browser)
    assert value.text.startswith("x₄ = 1 ") and (np.abs(first - moved).max(axis=2) > 30).mean() > 0.01
    assert camera(browser) == pytest.approx(turned)  # the slider does not turn the picture
    assert "β = (0, 0, 0)" in browser.execute_script("return document.querySelector('.gtitle').textContent;")
    browser.execute_script("document.querySelector('.mark').click()")
    assert value.text.startswith("x₄ = −1") or value.text.startswith("x₄ = -1")
    check_logs(browser)
