"""The shipped networks are what they claim to be, and README shows what really comes out."""

from __future__ import annotations

import json
import runpy

import numpy as np
import pytest

import polyrelu as pr
from support.certificates import load_checker
from support.certificates import read as records_of
from support.pages import ROOT, prepare, run_page

EXAMPLES = ROOT / "examples"
IRIS = ["iris2.json", "iris4.json"]


@pytest.mark.parametrize(
    ("name", "relation", "betti"),
    [
        ("annulus", ">", (1, 1)),
        ("annulus", "<", (2, 1)),
        ("annulus", "=", (2, 2)),
        ("four_wedges", ">", (2, 0)),
        ("four_wedges", ">=", (1, 0)),
        ("shells_2-8-6-1", ">", (6, 2)),
        ("hopf", ">", (1, 2, 2)),
        ("unlink", ">", (1, 2, 2)),
    ],
)
def test_known_betti_numbers(name, relation, betti):
    assert pr.betti_numbers(pr.load(EXAMPLES / f"{name}.json"), relation) == betti


GALLERY = {
    "shells_2-8-6-1": [6, 2],
    "lower_bound_2-4-4-3-1": [7, 4],
    "paper_2-4-4-4-1": [6, 2],
    "betti_2_1_1": [2, 1, 1],
    "sawtooth_bars": None,
    "maximum_of_3": None,
}


@pytest.mark.parametrize("name", GALLERY)
def test_certified_claims(name):
    """What is in the gallery is accepted by the independent checker, and is what its name says."""
    path = EXAMPLES / "certificates" / f"{name}.cert"
    checker = load_checker()
    assert checker.check(path)[-1] == "accepted: the claims are proved"
    if GALLERY[name] is not None:
        assert records_of(path)[0]["claims"][0]["betti"] == GALLERY[name]


def test_the_gallery_is_complete_and_reproducible(tmp_path):
    script = runpy.run_path(str(EXAMPLES / "make_certificates.py"))
    for make in script["SMALL"]:
        make(tmp_path)
    made = sorted(path.stem for path in tmp_path.glob("*.cert"))
    assert made == sorted(GALLERY) == sorted(path.stem for path in (EXAMPLES / "certificates").glob("*.cert"))
    for name in made:  # zlib need not compress alike everywhere
        assert records_of(tmp_path / f"{name}.cert")[0] == records_of(EXAMPLES / "certificates" / f"{name}.cert")[0]


@pytest.mark.slow
def test_a_certificate_of_torsion(tmp_path):
    """The projective plane in R^4: H_1 = Z/2, from a coarse complex, and from one in parts."""
    runpy.run_path(str(EXAMPLES / "make_certificates.py"))["projective_plane"](tmp_path)
    for name in ("projective_plane", "projective_plane_parts"):
        claim = records_of(tmp_path / f"{name}.cert")[0]["claims"][0]
        assert (claim["betti"], claim["torsion"]) == ([1, 0, 0, 0], [[], [2], [], []])
        assert load_checker().check(tmp_path / f"{name}.cert")[-1] == "accepted: the claims are proved"


def test_the_script_makes_the_networks_that_are_shipped(tmp_path):
    source = (EXAMPLES / "make_examples.py").read_text(encoding="utf-8")
    namespace = {"__file__": str(tmp_path / "make_examples.py"), "__name__": "make_examples"}
    exec(compile(source, "make_examples.py", "exec"), namespace)
    namespace["main"]()
    made = sorted(path.name for path in tmp_path.glob("*.json"))
    assert made == sorted(path.name for path in EXAMPLES.glob("*.json") if path.name not in IRIS)
    for name in made:
        assert (tmp_path / name).read_bytes() == (EXAMPLES / name).read_bytes()


@pytest.mark.parametrize("name", IRIS)
def test_the_classifiers_are_stored_as_float32_exactly(name):
    document = json.loads((EXAMPLES / name).read_text(encoding="utf-8"))
    net = pr.load(EXAMPLES / name)
    for key, layers in (("weights", net.weights), ("biases", net.biases)):
        for stored, read in zip(document[key], layers, strict=True):
            assert np.array_equal(np.float64(stored), np.array(stored, dtype=np.float32))
            assert np.array_equal(np.float64(stored), np.array(read, dtype=np.float64))
            assert all(x.denominator & (x.denominator - 1) == 0 for x in np.ravel(np.array(read, dtype=object)))


@pytest.mark.parametrize("name", IRIS)
def test_the_classifiers_know_their_flowers(name):
    datasets = pytest.importorskip("sklearn.datasets")
    iris = datasets.load_iris()
    columns = slice(None) if name == "iris4.json" else slice(2, 4)
    net = pr.load(EXAMPLES / name)
    right = [(net(flower) > 0) == (kind == 1) for flower, kind in zip(iris.data[:, columns], iris.target, strict=True)]
    assert sum(right) >= 0.97 * len(right)


@pytest.mark.parametrize("name", IRIS)
def test_the_classifiers_have_open_and_closed_regions_alike(name):
    """No vertex of a trained network lies on its decision boundary, so the open and the closed model agree."""
    cx = pr.subdivide(pr.load(EXAMPLES / name), level=0)
    for strict in "<>":
        assert pr.homology(cx.region(strict)).betti == pr.homology(cx.region(strict + "=")).betti


def test_readme_on_the_flowers_in_their_box():
    net = pr.load(EXAMPLES / "iris2.json")
    assert pr.betti_numbers(net, ">", domain=pr.Domain.box([0, 0], [8, 3])) == (1, 0)


def test_readme(monkeypatch, tmp_path):
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert run_page(ROOT / "README.md") > 3


STUDY = EXAMPLES / "simplification.py"


def study_and_results():
    """The names in the script of the study, and its stored results."""
    script = runpy.run_path(str(STUDY))
    return script, json.loads(script["RESULTS"].read_text(encoding="utf-8"))


def test_the_study_shows_its_results():
    """The tables of docs/study.md are those of the results; the last epoch is that of the stored networks, as are their
    accuracies, and X is closed: its boundary changes no Betti number."""
    script, results = study_and_results()
    page = ROOT / "docs" / "study.md"
    if page.exists():
        text = page.read_text(encoding="utf-8")
        for table in ("epochs", "layers", "agreement"):
            assert script[f"table_of_{table}"](results) in text
        for size, found in results["denser"].items():
            assert f"| {size} | {' | '.join(map(script['shown'], found))} |" in text
    assert list(results["networks"]) == list(script["NETWORKS"]) and results["epochs"] == list(script["EPOCHS"])
    for name, found in results["networks"].items():
        net = pr.load(EXAMPLES / "simplification" / f"{name}.npz")
        assert found["accuracy"] == round(script["accuracy"](net, script["data_of"](name)), 4)
        for key, relation in script["OPEN"].items():
            betti = list(pr.betti_numbers(net, relation, domain=script["box"](net)))
            assert betti == found["epochs"][key][-1] == found["exact"][key][0]


def test_the_study_by_layers():
    """What the exact columns say, computed again for small networks."""
    script, results = study_and_results()
    for name, key in (("tori_6-4", "A"), ("tori_6-5", "A"), ("tori_6-5", "B"), ("shells_8-6", "A")):
        net = pr.load(EXAMPLES / "simplification" / f"{name}.npz")
        found = pr.layerwise_homology(net, script["CLOSED"][key], domain=script["box"](net))
        assert [list(groups.betti) for groups in found] == results["networks"][name]["exact"][key]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["shells_8-5"])
def test_the_study_with_its_samples(name):
    pytest.importorskip("gudhi")
    script, results = study_and_results()
    k = results["neighbours"][name.partition("_")[0]]["k"]
    found = json.loads(json.dumps(script["study"](name, k, False)))
    assert results["networks"][name] == results["networks"][name] | found
