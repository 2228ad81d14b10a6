"""What is given wrongly is told as an error of polyrelu, whatever was given and to whichever function.

Every parameter of the public functions and methods below is given every value of a table of things that do not belong
there, the others being right. Anything but an answer or a PolyreluError, whose message is one short line, is a fault.
TypeError remains for unknown keywords and a wrong number of arguments: that is Python's own. An exception that a
callback or an iterable raises while it works is passed on.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polyrelu as pr
from polyrelu.export.npz import read_arrays


class Silent:
    """An object that cannot even be shown."""

    def __repr__(self) -> str:
        raise RuntimeError("no representation")


class Unequal:
    """An object that cannot be compared."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparison")


class Broken:
    """A sequence that has no length and no entries."""

    def __len__(self) -> int:
        raise RuntimeError("no length")

    def __getitem__(self, i: int) -> object:
        raise RuntimeError("no entries")


class NoArray:
    """An object that fails to become an array."""

    def __array__(self, *_: object, **__: object) -> object:
        raise RuntimeError("no array")


class NoPath:
    """A path that is a number."""

    def __fspath__(self) -> int:
        return 5


WRONG: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "object": object,
    "text": lambda: "x",
    "control": lambda: "a\x1b[31m\nb\x00",
    "surrogate": lambda: "\udcff/\ud800",
    "bytes": lambda: b"x",
    "nan": lambda: float("nan"),
    "array of shape (2, 3)": lambda: np.ones((2, 3)),
    "-1": lambda: -1,
    "generator": lambda: (i for i in range(1)),
    "digits": lambda: 10**5000,
    "nested": lambda: [[[[[]]]]],
    "empty text": lambda: "",
    "empty bytes": lambda: b"",
    "infinity": lambda: float("-inf"),
    "float": lambda: 1.5,
    "2**70": lambda: 2**70,
    "-2**70": lambda: -(2**70),
    "long fraction": lambda: Fraction(1, 10**5000),
    "[]": list,
    "{}": dict,
    "()": tuple,
    "set": set,
    "mapping": lambda: {1: 2},
    "[[]]": lambda: [[]],
    "[None]": lambda: [None],
    "[[None]]": lambda: [[None]],
    "[1, 2]": lambda: [1, 2],
    "ragged": lambda: [[1, 2], [3]],
    "[(1,)]": lambda: [(1,)],
    "['x']": lambda: ["x"],
    "booleans": lambda: np.ones((2, 2), bool),
    "complex array": lambda: np.ones(3, complex),
    "array of one number": lambda: np.array(3),
    "array without rows": lambda: np.empty((0, 3)),
    "array of objects": lambda: np.array([None, object()], dtype=object),
    "array of text": lambda: np.array(["a"]),
    "array of dates": lambda: np.array(["2020-01-01"], dtype="datetime64[D]"),
    "array of records": lambda: np.zeros(2, dtype=[("a", int)]),
    "masked array": lambda: np.ma.masked_array([1, 2], [True, False]),
    "class": lambda: int,
    "function": lambda: lambda *_: None,
    "True": lambda: True,
    "complex": lambda: 1j,
    "endless range": lambda: range(10**18),
    "silent": Silent,
    "unequal": Unequal,
    "broken": Broken,
    "no array": NoArray,
    "no path": NoPath,
    "dtype": lambda: np.dtype(int),
    "module": lambda: sys,
    "long text": lambda: "9" * 10**5,
    "memory view": lambda: memoryview(b"abc"),
    "NumPy integer": lambda: np.int64(7),
    "NumPy boolean": lambda: np.True_,
    "Ellipsis": lambda: ...,
    "slice": lambda: slice(None),
    "exception": lambda: ValueError("x"),
}
QUICK = list(WRONG)[:12]


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
    """The functions by name, with right values of the parameters that have to be given."""
    net = pr.Network([[[1, 0], [0, 1], [1, 1]], [[1, -1, 1]]], [[0, 0, 1], [Fraction(-1, 2)]])
    classifier = pr.Network([[[1, 0], [0, 1], [1, 1]], [[1, -1, 1], [0, 1, 0], [1, 0, 0]]], [[0, 0, 1], [0, 1, 2]])
    cx = pr.subdivide(net, level=0)
    region = cx.region(">=")
    cells = pr.chain_complex(region)
    partition = pr.classify(classifier)
    folder = tmp_path_factory.mktemp("written")
    pr.save(net, folder / "net.json")
    pr.save_complex(cx, folder / "cx.npz")
    right: dict[str, Any] = {
        "network": net, "net": net, "f": net, "g": net, "other": net, "cx": cx, "complex": cx, "source": cx,
        "obj": region, "region": region, "level": 0, "relation": ">", "domain": pr.Domain.box([-1, -1], [1, 1]),
        "box": [(-1, 1), (-1, 1)], "lower": [-1, -1], "upper": [1, 1], "a": [[1, 0]], "b": [1], "x": [0, 0],
        "point": [0, 0], "points": [[0, 0], [1, 0]], "i": 0, "j": 0, "k": 1, "degree": 0, "ranks": [2, 1],
        "boundaries": [[[1], [-1]]], "columns": [(np.array([0, 2]), np.array([0, 1]), np.array([1, -1]))],
        "architecture": (2, 3, 1), "weights": [[[1, 0]], [[1]]], "biases": [[0], [1]], "factor": 2, "v": 0,
        "origin": [0, 0], "directions": [[1, 0]], "cuts": (1,), "pieces": 2, "depth": 1, "n": 2, "d": 2,
        "betti": (1, 0), "masks": np.zeros((cx.n_finite_vertices + cx.n_rays, 1), np.uint8), "first": 0,
        "closed": False, "claims": {"betti": [1, 0]}, "table": {"region": [0]}, "quantity": "regions", "values": [0, 0],
    }  # fmt: skip
    found: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {}

    def add(name: str, function: Callable[..., Any], **more: Any) -> None:
        needed = inspect.signature(function).parameters.values()
        given = {
            p.name: {**right, **more}.get(p.name, 0) for p in needed if p.default is p.empty and p.kind not in (2, 4)
        }
        found[name] = function, given

    for name in (
        "Network", "Slice", "ChainComplex", "analyse_region", "betti_numbers", "chain_complex", "check_regions",
        "class_betti_numbers", "classify", "clipped", "homology", "identical", "lower_bounds", "predicted_betti",
        "regions_table", "shells", "subdivide", "upper_bounds", "verify",
    ):  # fmt: skip
        add(name, getattr(pr, name))
    add("Domain.box", pr.Domain.box)
    add("ChainComplex.from_arrays", pr.ChainComplex.from_arrays)
    add("load", pr.load, path=folder / "net.json")
    add("load_complex", pr.load_complex, path=folder / "cx.npz")
    add("read_arrays", read_arrays, path=folder / "cx.npz")
    for name, suffix, first in (
        ("save", "json", net), ("save_complex", "npz", cx), ("write_cells", "json", cx), ("write_polymake", "pcom", cx),
    ):  # fmt: skip
        function = getattr(pr, name)
        add(name, function, path=folder / f"{name}.{suffix}", network=first, cx=first)
    instances = {
        "net": net, "cx": cx, "region": region, "homology": pr.homology(region), "chain": cells,
        "partition": partition, "class": partition.region(0), "boundary": partition.boundary(),
        "bounds": pr.upper_bounds((2, 3, 1)), "domain": right["domain"], "slice": pr.Slice([[0, 0], [1, 0]]),
    }  # fmt: skip
    for label, instance in instances.items():
        for name in dir(type(instance)):
            is_method = inspect.isfunction(inspect.getattr_static(type(instance), name))
            if is_method and (name[0] != "_" or name == "__call__") and name != "united_masks":
                add(f"<{label}>.{name}", getattr(instance, name))
    return found


def _faults(calls: dict[str, tuple[Callable[..., Any], dict[str, Any]]], wrong: list[str]) -> Iterator[str]:
    for name, (function, given) in calls.items():
        for parameter in inspect.signature(function).parameters.values():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            for what in wrong:
                if parameter.name == "progress" and what == "class":
                    continue  # it can be called, and what it raises is passed on
                try:
                    function(**{**given, parameter.name: WRONG[what]()})
                except pr.PolyreluError as error:
                    text = str(error)
                    if len(text) > 1000 or not text.isprintable() or not text:
                        yield f"{name}({parameter.name}={what}): {len(text)} characters: {text[:80]!r}"
                except Exception as error:
                    if str(error) == "no entries":
                        continue  # the iterable's own exception, passed on
                    yield f"{name}({parameter.name}={what}): {type(error).__name__}: {str(error)[:80]}"


def _run(calls: Any, wrong: list[str], folder: Path) -> None:
    before = os.getcwd()
    os.chdir(folder)  # "x" is the name of a file
    try:
        faults = list(_faults(calls, wrong))
        assert not faults, "\n".join(faults)
    finally:
        os.chdir(before)


def test_the_commonest_wrong_arguments(calls: Any, tmp_path: Path) -> None:
    _run(calls, QUICK, tmp_path)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_all_wrong_arguments(calls: Any, tmp_path: Path) -> None:
    _run(calls, list(WRONG), tmp_path)
