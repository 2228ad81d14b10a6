"""save_complex and load_complex: round trips are exact, and nothing that is wrong with a file gets through."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import polyrelu as pr
from polyrelu import _core
from polyrelu.export import npz
from polyrelu.files import replacing
from polyrelu.geometry.cell_arrays import VertexArrays
from polyrelu.geometry.sparse_rows import SparseRows
from polyrelu.geometry.stages import complex_stages, form_bits
from polyrelu.network.network import Network
from support.known_answers import cases, random_float32, shells
from support.pages import ROOT
from support.strategies import examples, levels, networks, polytopes, seeded_network


def arrays_of(value: Any) -> list[Any]:
    """Arrays in nested tuples, lists and dicts, in order, and everything else."""
    if isinstance(value, np.ndarray):
        return [(value.dtype, value.shape, value.tobytes())]
    if isinstance(value, (list, tuple, SparseRows)):
        return [y for x in value for y in arrays_of(x)]
    if isinstance(value, dict):
        return [y for k in sorted(value, key=str) for y in (k, *arrays_of(value[k]))]
    return [value]


def check_same(a: pr.PolyhedralComplex, b: pr.PolyhedralComplex) -> None:
    """Every public method gives the same results."""
    assert (a.network, a.level, a.domain, a.coordinates) == (b.network, b.level, b.domain, b.coordinates)
    assert repr(a) == repr(b) and a.statistics == b.statistics and a.lineality_dim == b.lineality_dim
    assert a.artificial_hyperplanes == b.artificial_hyperplanes
    assert (a.f_vector, a.canonical_f_vector) == (b.f_vector, b.canonical_f_vector)
    assert a.n_bounded_regions == b.n_bounded_regions and a.n_linear_pieces == b.n_linear_pieces
    assert arrays_of(a.arrays.named()) == arrays_of(b.arrays.named())
    assert a.arrays.vertices.roots == b.arrays.vertices.roots
    n = a.n_finite_vertices + a.n_rays
    assert n == b.n_finite_vertices + b.n_rays
    assert [a.homogeneous(v) for v in range(n)] == [b.homogeneous(v) for v in range(n)]
    assert [a.enclosure(v) for v in range(n)] == [b.enclosure(v) for v in range(n)]
    d = a.input_dim
    for k in range(len(a.lineality), d + 1):
        for method in ("facets", "cells", "bounded_modulo_lineality", "on_boundary"):
            assert arrays_of(getattr(a, method)(k)) == arrays_of(getattr(b, method)(k))
        last = a.n_cells(k) - 1
        assert a.h_representation(k, last) == b.h_representation(k, last)
        assert a.v_representation(k, last) == b.v_representation(k, last)
        point = a.interior_point(k, last)
        assert a.locate(point) == b.locate(point) == (k, last)
    assert arrays_of(a.region_signs()) == arrays_of(b.region_signs())
    assert a.affine_maps() == b.affine_maps() and a.affine_map(0) == b.affine_map(0)
    assert sorted(a.dual_graph().edges) == sorted(b.dual_graph().edges)
    if a.level is not None:
        for relation in (">", "<="):
            assert pr.homology(a.region(relation)) == pr.homology(b.region(relation))


def round_trip(cx: pr.PolyhedralComplex, folder: Path) -> pr.PolyhedralComplex:
    path = folder / "complex.npz"
    pr.save_complex(cx, path)
    return pr.load_complex(path)


@pytest.mark.parametrize("case", cases(), ids=repr)
@pytest.mark.parametrize("level", [None, 0])
def test_round_trip_of_stored_cases(case, level, tmp_path):
    cx = pr.subdivide(case.network, level)
    check_same(cx, round_trip(cx, tmp_path))


@examples(30)
@given(st.data())
def test_round_trip(tmp_path_factory, data):
    net = data.draw(networks())
    level = data.draw(st.sampled_from([None, "level"]))
    domain = data.draw(st.sampled_from([None, "box", "polytope"]))
    if domain == "box":
        domain = [(-1, Fraction(7, 3))] * net.input_dim
    elif domain == "polytope":
        domain = pr.Domain(*data.draw(polytopes(net.input_dim)))
    cx = pr.subdivide(net, None if level is None else data.draw(levels(net)), domain)
    check_same(cx, round_trip(cx, tmp_path_factory.mktemp("archive")))


@pytest.mark.parametrize(
    ("network", "domain"),
    [
        (Network([[[0, 0]]], [[3]]), None),  # one cell, all lineality
        (Network([[[1, 2]], [[1]]], [[0], [0]], [1]), None),  # artificial hyperplanes only
        (Network([[[1, 2], [3, 1]], [[1, 1], [0, 1]], [[1, 1]]], [[0, 1], [0, 0], [0]], [1, 0]), None),
        (Network([[[1, 2]]], [[0]]), pr.Domain.box([None, None], [None, None])),  # a domain without walls
        (Network([[["1/3", f"1/{10**300 + 1}"]], [[1]]], [[10**200], [0]]), [(f"-1/{10**250}", 1)] * 2),
        (Network([[[1, 0]] * 70, [[1] * 70] * 65, [[1] * 65]], [list(range(70)), [-9] * 65, [0]]), None),
    ],
)
@pytest.mark.parametrize("level", [None, "1/7"])
def test_round_trip_of_degenerate_complexes(network, domain, level, tmp_path):
    cx = pr.subdivide(network, level, domain)
    check_same(cx, round_trip(cx, tmp_path))


def test_several_outputs_and_exact_vertices_of_a_float_network(tmp_path):
    net = random_float32((2, 12, 12, 1), 3)
    wide = Network((*net.weights[:-1], net.weights[-1] * 3), (*net.biases[:-1], net.biases[-1] * 3))
    cx = pr.subdivide(wide)
    assert cx.arrays.vertices.errors.any()  # some vertices have an origin
    check_same(cx, round_trip(cx, tmp_path))


def test_file_is_documented_numpy(tmp_path):
    """numpy.load reads it without pickle, and finds the arrays that docs/files.md lists."""
    page = ROOT / "docs" / "files.md"
    documented = page.read_text(encoding="utf-8") if page.is_file() else None
    cx = pr.subdivide(shells((2, 4, 4, 1), (2,)), 0)
    path = tmp_path / "complex.npz"
    pr.save_complex(cx, path)
    with np.load(path, allow_pickle=False) as file:
        header = json.loads(file["header"].tobytes())
        assert header["format"] == "polyrelu complex" and header["version"] == 2
        assert Network.from_dict(header["network"]) == cx.network
        assert header["finite"] == list(cx.f_vector)
        for k in (1, 2):
            n = cx.n_cells(k)
            indptr, indices, signs = (file[f"facets_{k}_{x}"] for x in ("indptr", "indices", "signs"))
            inside = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr)) < n
            inside &= indices < cx.n_cells(k - 1)
            assert np.array_equal(indices[inside], cx.facets(k)[1]) and np.array_equal(signs[inside], cx.facets(k)[2])
            assert np.array_equal(file[f"level_signs_{k}"][:n], cx.signs(k))
        for name in file.files if documented else ():
            index = "_s" if name.startswith("regions") else "_q"
            assert f"`{re.sub('_[0-9]+', index, name)}`" in documented
    assert path.stat().st_size < 60_000


def of_version_1(arrays: dict[str, Any], header: dict[str, Any]) -> None:
    header["version"] = 1
    for name in list(arrays):
        first, *rest = name.split("_")
        former = {"containing": "home", "origins": "recipes", "regions": "pieces"}.get(first, first)
        arrays["_".join([former, *rest])] = arrays.pop(name)


def test_files_of_version_1_are_read(tmp_path):
    cx = pr.subdivide(random_float32((2, 6, 6, 1), 4), 0)
    pr.save_complex(cx, tmp_path / "a.npz")
    old = changed(tmp_path / "a.npz", tmp_path / "b.npz", of_version_1)
    check_same(cx, pr.load_complex(old, verify=True))

    def twice(arrays: dict[str, Any], header: dict[str, Any]) -> None:
        of_version_1(arrays, header)
        arrays["containing_1"] = arrays["home_1"]

    refused(changed(tmp_path / "a.npz", tmp_path / "b.npz", twice), "unexpected array 'containing_1'")
    refused(changed(old, tmp_path / "c.npz", heading("version", 2)), "is missing")


# ---- damage and malice ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "complex.npz"
    pr.save_complex(pr.subdivide(seeded_network(1), 0, [(-1, 2)] * seeded_network(1).input_dim), path)
    return path


def refused(path: Path, words: str = "") -> None:
    start = time.monotonic()
    with pytest.raises(pr.FileError) as caught:
        pr.load_complex(path)
    message = str(caught.value)
    assert message.startswith(str(path)) and "\n" not in message and len(message) < 600
    assert words in message, message
    assert caught.value.path == str(path)
    assert time.monotonic() - start < 10


def changed(source: Path, target: Path, change: Callable[[dict[str, Any], dict[str, Any]], None]) -> Path:
    """A copy of a file after a change of its arrays (in place, or entries of the dict) and of its header."""
    with np.load(source) as file:
        arrays = {name: file[name].copy() for name in file.files}
    header = json.loads(arrays["header"].tobytes())
    change(arrays, header)
    if "header" in arrays and arrays["header"].dtype == np.uint8:
        arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    np.savez(target, **arrays)
    return target


def setting(name: str, position: Any, value: Any) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    def change(arrays: dict[str, Any], header: dict[str, Any]) -> None:
        arrays[name][position] = value

    return change


def heading(key: str, value: Any) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    return lambda arrays, header: header.__setitem__(key, value)


CHANGES = {
    "facet out of range": setting("facets_2_indices", 0, 10**6),
    "negative facet": setting("facets_2_indices", 0, -1),
    "facet at infinity": setting("facets_1_indices", 0, 0),
    "sign 2": setting("facets_2_signs", 0, 2),
    "sign 0": setting("facets_1_signs", 0, 0),
    "other sign": lambda arrays, header: arrays["facets_2_signs"].__setitem__(0, -arrays["facets_2_signs"][0]),
    "falling indptr": setting("facets_2_indptr", 1, 10**12),
    "negative indptr": setting("facets_2_indptr", 1, -5),
    "first indptr": setting("facets_1_indptr", 0, 1),
    "last indptr": setting("facets_1_indptr", -1, 1),
    "empty cell": lambda arrays, header: arrays["facets_2_indptr"].__setitem__(1, 0),
    "containing region": setting("containing_1", 0, 10**6),
    "no containing region": setting("containing_2", 0, -1),
    "boundary": setting("boundary_1", 0, 2),
    "level sign": setting("level_signs_1", 0, 3),
    "reversed level signs": lambda arrays, header: arrays.update(level_signs_2=arrays["level_signs_2"][::-1]),
    "level sign of a facet": lambda arrays, header: arrays["level_signs_0"].__setitem__(
        slice(None), -np.where(arrays["level_signs_0"], arrays["level_signs_0"], 1)
    ),
    "short signs": lambda arrays, header: arrays.update(level_signs_1=arrays["level_signs_1"][:-1]),
    "parent region": setting("regions_2_parent", 0, 10**6),
    "negative parent region": setting("regions_1_parent", 0, -1),
    "masks of another width": lambda arrays, header: arrays.update(
        regions_2_plus=arrays["regions_2_plus"].repeat(2, axis=1)
    ),
    "plus and minus": lambda arrays, header: arrays.update(regions_2_minus=arrays["regions_2_plus"] | np.uint64(1)),
    "more facets than cells have": lambda arrays, header: arrays.update(
        facets_1_indices=np.append(arrays["facets_1_indices"], np.int32(0)),
        facets_1_signs=np.append(arrays["facets_1_signs"], np.int8(1)),
    ),
    "a vertex that is a ray": setting("vertices", 0, [0, 1, 0]),
    "no number": setting("vertices", (0, 0), np.nan),
    "infinite": setting("vertices", (0, 0), np.inf),
    "half": setting("vertices", (0, 1), 0.5),
    "common factor": lambda arrays, header: arrays.update(vertices=3 * arrays["vertices"]),
    "x0 = 0": setting("vertices", (0, 0), 0),
    "x0 < 0": setting("vertices", (0, 0), -1),
    "error without origin": lambda arrays, header: (
        arrays["errors"].__setitem__(0, 1e-9),
        arrays["origins"].__setitem__(0, -1),
    ),
    "origin in a circle": lambda arrays, header: (
        arrays["errors"].__setitem__(slice(0, 2), 1e-9),
        arrays["origins"].__setitem__(slice(0, 2), [[1, 1, 0, 0], [0, 0, 0, 0]]),
    ),
    "origin out of range": setting("origins", 0, [0, 10**6, 0, 0]),
    "origin of no neuron": setting("origins", 0, [0, 1, 0, 10**6]),
    "origin of no region": setting("origins", 0, [0, 1, 10**6, 0]),
    "wrong error": setting("errors", 0, -1),
    "type": lambda arrays, header: arrays.update(containing_1=arrays["containing_1"].astype(np.int64)),
    "big endian": lambda arrays, header: arrays.update(containing_1=arrays["containing_1"].astype(">i4")),
    "text": lambda arrays, header: arrays.update(containing_1=np.array(["a", "b"])),
    "by columns": lambda arrays, header: arrays.update(vertices=np.asfortranarray(arrays["vertices"])),
    "two dimensions": lambda arrays, header: arrays.update(containing_1=arrays["containing_1"][:, None]),
    "missing": lambda arrays, header: arrays.pop("containing_1"),
    "unknown": lambda arrays, header: arrays.update(more=np.zeros(3)),
    "no header": lambda arrays, header: arrays.pop("header"),
    "header of floats": lambda arrays, header: arrays.update(header=np.zeros(3)),
    "another format": heading("format", "something"),
    "version 3": heading("version", 3),
    "no version": lambda arrays, header: header.pop("version"),
    "missing key": lambda arrays, header: header.pop("roots"),
    "unknown key": heading("more", 1),
    "finite": heading("finite", [1, 2]),
    "finite beyond": heading("finite", [10**9] * 3),
    "negative finite": heading("finite", [-1, 3, 4]),
    "finite of text": heading("finite", ["a", 3, 4]),
    "no vertices": lambda arrays, header: header["finite"].__setitem__(0, 0),
    "boolean": heading("artificial", True),
    "artificial": heading("artificial", 1),
    "huge": heading("artificial", 10**30),
    "canonical": heading("canonical", []),
    "network": heading("network", {"weights": [[[1, 2]]], "biases": [[1, 2]]}),
    "another network": heading("network", {"weights": [[[1]], [[1]]], "biases": [[0], [0]]}),
    "several outputs": lambda arrays, header: (
        header["network"]["weights"][-1].extend(header["network"]["weights"][-1]),
        header["network"]["biases"][-1].extend(header["network"]["biases"][-1]),
    ),
    "no network": heading("network", []),
    "level": heading("level", "1/0"),
    "no level": heading("level", None),
    "domain": heading("domain", {"a": [[1, 2, 3, 4]], "b": [1]}),
    "domain of text": heading("domain", "box"),
    "domain without b": heading("domain", {"a": []}),
    "no domain": heading("domain", None),
    "kept twice": heading("kept", [0, 0]),
    "kept beyond": heading("kept", [0, 7]),
    "nothing kept": heading("kept", []),
    "projection": heading("projection", [["1", "2"]]),
    "lineality": heading("lineality", [["1", "0"]]),
    "decimal lineality": heading("lineality", [[1, 0]]),
    "root": heading("roots", {"0": ["1", "2", "3"]}),
    "root of nothing": heading("roots", {"a": ["1"]}),
    "root beyond": heading("roots", {"4000000000": ["1", "2", "3"]}),
    "zero denominators": heading("roots", {"0": ["1/0"]}),
    "statistics": heading("statistics", {"word": "many"}),
    "statistics of text": heading("statistics", "none"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_inconsistent_files_are_refused(saved, tmp_path, change):
    pr.load_complex(changed(saved, tmp_path / "same.npz", lambda arrays, header: None))
    refused(changed(saved, tmp_path / "other.npz", change))


def inexact(arrays: dict[str, Any]) -> int:
    """The last vertex that is made from others."""
    return int(np.flatnonzero((arrays["errors"] > 0) & (arrays["origins"][:, 0] >= 0))[-1])


def making(column: int, value: int) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    return lambda arrays, header: arrays["origins"].__setitem__((inexact(arrays), column), value)


FLOAT_CHANGES = {
    "origin beyond": making(1, 10**6),
    "negative parent": making(1, -1),
    "neuron beyond": making(3, 10**6),
    "region beyond": making(2, 10**6),
    "negative region": making(2, -1),
    "no enclosure": lambda arrays, header: arrays["vertices"].__setitem__((inexact(arrays), 0), np.nan),
    "no bound": lambda arrays, header: arrays["errors"].__setitem__(inexact(arrays), np.inf),
    "a finite edge at infinity": lambda arrays, header: header["finite"].__setitem__(1, header["finite"][1] - 1),
    "a finite vertex at infinity": lambda arrays, header: header["finite"].__setitem__(0, header["finite"][0] - 1),
    "too few containing regions": lambda arrays, header: arrays.update(containing_1=arrays["containing_1"][:-1]),
    "short errors": lambda arrays, header: arrays.update(errors=arrays["errors"][:-1]),
    "wide origins": lambda arrays, header: arrays.update(origins=arrays["origins"].repeat(2, axis=1)),
    "wide vertices": lambda arrays, header: arrays.update(vertices=arrays["vertices"].repeat(2, axis=1)),
}


@pytest.mark.parametrize("change", FLOAT_CHANGES.values(), ids=FLOAT_CHANGES)
def test_inconsistent_files_with_inexact_vertices(tmp_path, change):
    pr.save_complex(pr.subdivide(random_float32((2, 6, 6, 1), 4), 0), tmp_path / "a.npz")
    pr.load_complex(tmp_path / "a.npz")
    refused(changed(tmp_path / "a.npz", tmp_path / "b.npz", change))


def test_edges_have_two_opposite_ends(tmp_path):
    pr.save_complex(pr.subdivide(Network([[[1], [1]], [[1, 1]]], [[0, 1], [0]])), tmp_path / "a.npz")
    for signs in ([1, 1], [-1, -1], [1, 0]):
        change = setting("facets_1_signs", slice(0, 2), signs)
        refused(changed(tmp_path / "a.npz", tmp_path / "b.npz", change), "facets_1_signs")


@pytest.mark.parametrize("signs", [np.zeros((3, 2), np.int8), None])
def test_signs_of_refinements(tmp_path, signs):
    net = Network([[[1, 2], [3, 1]], [[1, 1], [0, 1]], [[1, 1]]], [[0, 1], [0, 0], [0]], [1, 0])
    cx = pr.subdivide(net)
    assert cx.artificial_hyperplanes
    pr.save_complex(cx, tmp_path / "a.npz")

    def change(arrays: dict[str, Any], header: dict[str, Any]) -> None:
        arrays["all_signs_1"] = signs if signs is not None else arrays["all_signs_1"] + np.int8(2)

    refused(changed(tmp_path / "a.npz", tmp_path / "b.npz", change), "all_signs_1")


def test_lineality_must_be_that_of_the_network(tmp_path):
    cx = pr.subdivide(Network([[[1, 2, 0]], [[1]]], [[0], [0]]))
    pr.save_complex(cx, tmp_path / "a.npz")
    for lineality in (
        [["1", "0", "0"], ["0", "0", "1"]],
        [["-2", "1", "0"], ["-2", "1", "0"]],
        [["-4", "2", "0"], ["0", "0", "1"]],
    ):
        refused(changed(tmp_path / "a.npz", tmp_path / "b.npz", heading("lineality", lineality)), "lineality")
    refused(changed(tmp_path / "a.npz", tmp_path / "b.npz", heading("projection", [["1", "0"]])), "projection")


def test_damage_is_refused(saved, tmp_path):
    """Any flipped byte of the arrays is found by a checksum, any cut by the directory at the end."""
    data = saved.read_bytes()
    rng = Random(5)
    path = tmp_path / "damaged.npz"
    original = pr.load_complex(saved)
    for _ in range(150):
        damaged = bytearray(data)
        damaged[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        try:
            cx = pr.load_complex(path)
        except pr.FileError:
            continue
        check_same(original, cx)  # the byte was one of the archive's that means nothing, such as a date
    for end in (0, 1, 100, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:end])
        refused(path)
    path.write_bytes(b"junk" * 1000)
    refused(path)


def test_what_is_no_file_is_refused(saved, tmp_path):
    refused(tmp_path / "none.npz", "No such file")
    refused(tmp_path, f"{tmp_path}: cannot be read: Is a directory")
    with pytest.raises(pr.FileError, match=r"^\.: cannot be read: Is a directory$"):
        pr.load_complex(".")
    os.mkfifo(tmp_path / "fifo.npz")
    refused(tmp_path / "fifo.npz", "not a regular file")
    for path in (7, None, "", "a\0b"):
        with pytest.raises(pr.FileError):
            pr.load_complex(path)
        with pytest.raises(pr.FileError):
            pr.save_complex(pr.load_complex(saved), path)
    with pytest.raises(pr.InputError, match="expected a PolyhedralComplex"):
        pr.save_complex(seeded_network(1), tmp_path / "net.npz")


def zip_of(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def npy(header: str, data: bytes = b"") -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


def test_hostile_archives_are_refused(tmp_path):
    path = tmp_path / "hostile.npz"
    refused(zip_of(path, {"header.npy": bytes(10**8)}, zipfile.ZIP_DEFLATED), "compressed")
    huge = npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,)}")
    refused(zip_of(path, {"header.npy": huge}), "do not make an array")
    wrapped = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296, 4294967296)}")
    refused(zip_of(path, {"header.npy": wrapped}), "do not make an array")
    refused(zip_of(path, {"header.npy": npy("{'descr': '|u1', 'fortran_order': False, 'shape': (-1,)}")}), "header")
    refused(zip_of(path, {"header.npy": npy(f"__import__('os').mkdir('{tmp_path / 'bomb'}')")}), "not in NumPy's")
    refused(
        zip_of(path, {"header.npy": npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", b"x" * 8)}), "type"
    )
    nested = json.dumps({"format": 1}).encode()[:-1] + b', "x": ' + b"[" * 10**6
    stream = io.BytesIO()
    np.save(stream, np.frombuffer(nested, np.uint8))
    refused(zip_of(path, {"header.npy": stream.getvalue()}))
    with pytest.warns(UserWarning), zipfile.ZipFile(path, "w") as file:
        for _ in range(2):
            file.writestr("header.npy", stream.getvalue())
    refused(path, "same name")

    class Bomb:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "bomb"),)

    np.savez(path, header=np.array([Bomb()], dtype=object), allow_pickle=True)
    refused(path, "type")
    assert not (tmp_path / "bomb").exists()


def test_overlapping_members_are_refused(tmp_path):
    """Many members that are all the same bytes: more is declared than the file holds."""
    path = tmp_path / "overlap.npz"
    zip_of(path, {f"a{i}.npy": b"x" * 1000 for i in range(10)})
    data = path.read_bytes()
    start = data.index(b"PK\x01\x02")
    directory = bytearray(data[start:])
    position = 0
    while (position := directory.find(b"PK\x01\x02", position)) >= 0:
        directory[position + 42 : position + 46] = (0).to_bytes(4, "little")  # every member at the first one's place
        position += 4
    first = data[: data.index(b"PK\x03\x04", 4)]
    end = directory.index(b"PK\x05\x06")
    directory[end + 16 : end + 20] = len(first).to_bytes(4, "little")
    path.write_bytes(first + directory)
    refused(path)


# ---- writing -------------------------------------------------------------------------------------------------------


def test_interrupted_writing_leaves_nothing(saved, tmp_path, monkeypatch):
    cx = pr.load_complex(saved)
    path = tmp_path / "complex.npz"
    path.write_text("what was there")

    def interrupted(file: Any, **arrays: Any) -> None:
        file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(npz.np, "savez", interrupted)
    with pytest.raises(KeyboardInterrupt):
        pr.save_complex(cx, path)
    assert path.read_text() == "what was there" and list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_one_error(saved, tmp_path, monkeypatch):
    def full(file: Any, **arrays: Any) -> None:
        raise OSError(28, "No space left on device")

    cx = pr.load_complex(saved)
    monkeypatch.setattr(npz.np, "savez", full)
    with pytest.raises(pr.FileError, match="No space left"):
        pr.save_complex(cx, tmp_path / "complex.npz")
    assert not list(tmp_path.iterdir())


def test_replacing_keeps_links_and_refuses_devices(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    with replacing(link) as draft:
        draft.write_text("new")
    assert link.is_symlink() and target.read_text() == "new"
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path, tmp_path / "fifo", "/dev/null", tmp_path / "none" / "file", tmp_path / ("x" * 300)):
        with pytest.raises(pr.FileError), replacing(path):
            pass
    assert Path("/dev/null").is_char_device()
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    with pytest.raises(pr.FileError), replacing(circle):
        pass
    assert sorted(x.name for x in tmp_path.iterdir()) == ["circle", "fifo", "link", "target"]


def test_a_loaded_complex_is_immutable_and_picklable(saved):
    import pickle

    cx = pr.load_complex(saved)
    with pytest.raises(ValueError, match="read-only"):
        cx.facets(1)[2][0] = 1
    check_same(cx, pickle.loads(pickle.dumps(cx)))


def test_another_process_reads_it(saved):
    code = "import sys, polyrelu as pr; cx = pr.load_complex(sys.argv[1]); print(cx.f_vector, cx.vertex(0))"
    found = subprocess.run([sys.executable, "-c", code, str(saved)], capture_output=True, text=True, check=True)
    cx = pr.load_complex(saved)
    assert found.stdout.strip() == f"{cx.f_vector} {cx.vertex(0)}"


# --- what a file makes of its vertices, and the proof that they are the network's ---


def hostile(tmp_path: Path, change: Callable[[dict[str, Any], dict[str, Any]], None]) -> pr.PolyhedralComplex:
    pr.save_complex(pr.subdivide(random_float32((2, 6, 6, 1), 4), 0), tmp_path / "a.npz")
    return pr.load_complex(changed(tmp_path / "a.npz", tmp_path / "b.npz", change))


def test_origins_that_double_the_digits_at_each_level(tmp_path):
    """Every inexact vertex is made from the two before it: the checks of arrays hold, the digits would explode."""
    n = 60
    net = Network([[[1]] * 2, *[[[Fraction(k + 2, 3), 1], [1, Fraction(-1, k + 2)]] for k in range(n)], [[1, 1]]],
                  [[0, 1], *[[Fraction(1, 7), 2]] * n, [0]])  # fmt: skip
    cx = pr.subdivide(net)
    coordinates, errors, origins, _ = cx.arrays.vertices
    finite = cx.arrays.finite[0]
    stages = len(cx.arrays.regions) - 1
    assert finite >= 2
    # Vertices 0 and 1 stay; all others pretend to be on the line through others, at a neuron of a later layer each.
    errors, origins = errors.copy(), origins.copy()
    made = [v for v in range(len(errors)) if v not in (0, 1)]
    for level, v in enumerate(made, 1):
        errors[v] = 2.0**-40
        origins[v] = (made[level - 2] if level > 1 else 0, 1, 0, min(2 * level, 2 * stages - 1))
    arrays = replace(cx.arrays, vertices=VertexArrays(coordinates, errors, origins, {}))
    other = pr.PolyhedralComplex(net, None, None, cx.coordinates, 0, arrays)
    begun = time.process_time()
    for v in made:
        try:
            other.homogeneous(v)
        except pr.FileError as error:
            assert "is none of this network" in str(error)
    assert time.process_time() - begun < 20


def test_digits_beyond_those_of_any_vertex(tmp_path):
    """The bound of Hadamard is what stops them: with a smaller one an honest complex is stopped as well."""
    cx = pr.subdivide(random_float32((2, 6, 6, 1), 4), 0)
    inexact = int(np.flatnonzero((cx.arrays.vertices.errors > 0) & (cx.arrays.vertices.origins[:, 0] >= 0))[-1])
    assert max(map(abs, cx.homogeneous(inexact))).bit_length() > 50
    stages = complex_stages(cx.network, None, cx.coordinates.kept, cx.level)
    solver = _core.VertexSolver(stages, cx.arrays.regions, *cx.arrays.vertices, 50)
    with pytest.raises(OverflowError):
        solver.vector(inexact)


@examples(30)
@given(st.data())
def test_no_vertex_is_longer_than_the_bound(data):
    net = data.draw(networks())
    cx = pr.subdivide(net, data.draw(levels(net)))
    bound = cx.coordinates.rank * form_bits(complex_stages(net, None, cx.coordinates.kept, cx.level)) + 1
    for v in range(cx.n_finite_vertices + cx.n_rays):
        assert all(abs(x).bit_length() <= bound for x in cx.homogeneous(v))


def test_vertices_on_the_wrong_side_of_infinity(tmp_path):
    """Both ends of the edge are one vertex, so that the origin leads to the zero vector."""

    def change(arrays: dict[str, Any], header: dict[str, Any]) -> None:
        arrays["origins"][inexact(arrays), 1] = arrays["origins"][inexact(arrays), 0]

    cx = hostile(tmp_path, change)
    with np.load(tmp_path / "a.npz") as arrays:
        v = inexact(arrays)
    with pytest.raises(pr.FileError, match=f"vertex or ray {v} is none of this network"):
        cx.homogeneous(v)
    with pytest.raises(pr.FileError, match="is none of this network"):
        cx.homogeneous_array()
    with pytest.raises(pr.FileError, match="is none of this network"):
        pr.load_complex(tmp_path / "b.npz", verify=True)


@pytest.mark.parametrize("level", [None, 0])
@pytest.mark.parametrize("domain", [None, [(-1, 1), (-1, 1)]])
def test_honest_files_are_proved(tmp_path, level, domain):
    for number, net in enumerate((random_float32((2, 6, 6, 1), 4), shells((2, 4, 4, 1), (2,)), seeded_network(5))):
        if net.input_dim == 2:
            cx = pr.subdivide(net, level, domain)
            pr.save_complex(cx, tmp_path / f"{number}.npz")
            check_same(pr.load_complex(tmp_path / f"{number}.npz", verify=True), cx)


def renumbered(arrays: dict[str, Any], header: dict[str, Any]) -> None:
    """The regions in reverse order, and the first of them oriented the other way."""
    indptr, indices, signs = (arrays[f"facets_2_{x}"] for x in ("indptr", "indices", "signs"))
    rows = [slice(a, b) for a, b in pairwise(indptr.tolist())][::-1]
    arrays["facets_2_indptr"] = np.cumsum([0, *(r.stop - r.start for r in rows)]).astype(np.int64)
    arrays["facets_2_indices"] = np.concatenate([indices[r] for r in rows])
    arrays["facets_2_signs"] = np.concatenate([signs[r] * (-1 if i == 0 else 1) for i, r in enumerate(rows)])
    arrays["facets_2_signs"] = arrays["facets_2_signs"].astype(np.int8)
    for name in ("boundary_2", "containing_2", "level_signs_2"):
        arrays[name] = arrays[name][::-1].copy()


def test_files_numbered_in_another_way_are_proved_cell_by_cell(tmp_path):
    cx = hostile(tmp_path, renumbered)
    again = pr.load_complex(tmp_path / "b.npz", verify=True)
    assert again.f_vector == cx.f_vector and pr.homology(again.region(">")) == pr.homology(cx.region(">"))


def negated(arrays: dict[str, Any], header: dict[str, Any]) -> None:
    for q in range(3):
        arrays[f"level_signs_{q}"] = -arrays[f"level_signs_{q}"]


def shifted(arrays: dict[str, Any], header: dict[str, Any]) -> None:
    header["network"]["biases"][0][0] = "1/97"


def swapped(name: str) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    def change(arrays: dict[str, Any], header: dict[str, Any]) -> None:
        other = np.flatnonzero(arrays[name] != arrays[name][0])[0]
        arrays[name][[0, other]] = arrays[name][[other, 0]]

    return change


FALSE = {
    "signs of the other side": (negated, "level_signs_0"),
    "another network": (shifted, "not those|is none|not one of|the network has|belong"),
    "regions of other neurons": (swapped("containing_2"), "regions"),
    "edges of other regions": (swapped("containing_1"), "containing_1"),
    "an edge in the boundary": (setting("boundary_1", 0, 1), "boundary_1"),
    "no bounds on errors": (lambda arrays, header: arrays["errors"].__setitem__(inexact(arrays), 1e-99), "bound on"),
    "numbers of C(F)": (lambda arrays, header: header["canonical"].__setitem__(-1, 1), "cells by"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "message"), FALSE.values(), ids=FALSE)
def test_files_that_are_consistent_but_false(tmp_path, change, message):
    hostile(tmp_path, change)  # passes every check
    with pytest.raises(pr.FileError, match=message) as caught:
        pr.load_complex(tmp_path / "b.npz", verify=True)
    assert str(caught.value).startswith(str(tmp_path / "b.npz")) and "\n" not in str(caught.value)
