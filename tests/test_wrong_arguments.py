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
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polyrelu as pr
from polyrelu.export.npz import read_arrays
from polyrelu.geometry.subdivision import Options


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
QUICK = ["None", "object", "control", "surrogate", "nan", "array of shape (2, 3)", "digits"]

Calls = dict[str, tuple[Callable[..., Any], dict[str, Any]]]


# Called by a slow test: their right arguments take the longest to import.
FOREIGN = {"from_onnx", "from_sklearn", "from_sympy", "from_torch"}

# The public names that nobody calls with arguments of his own: what functions return, or errors.
NOT_CALLED = {
    "records that functions fill in and return; their methods are called": {
        "Bar", "Bound", "BoundTable", "BoundaryDistance", "CertificateCheck", "Check", "ClassesReport",
        "Comparison", "CriticalPoint", "CupProduct",
        "Cycle", "Difference", "Estimate", "Extremum", "FormulasReport", "FrontPoint", "HRepresentation", "Homology",
        "HomologyBasis", "LayerwiseHomology", "Levels", "Neighbourhood", "Persistence", "Range", "RegionReport",
        "AbelianGroup", "InducedMap", "Report", "Separation",
        "SmithForm", "Stability", "TrainingRow", "VRepresentation", "Verdict",
    },
    "made by subdivide, classify and refine out of arrays of the core; their methods are called": {
        "Partition", "PolyhedralComplex", "Refinement",
    },
    "errors": {name for name in pr.__all__ if name.endswith("Error")},
}  # fmt: skip


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Calls:
    """The functions by name, with right values of the parameters that have to be given."""
    net = pr.Network([[[1, 0], [0, 1], [1, 1]], [[1, -1, 1]]], [[0, 0, 1], [Fraction(-1, 2)]])
    classifier = pr.Network([[[1, 0], [0, 1], [1, 1]], [[1, -1, 1], [0, 1, 0], [1, 0, 0]]], [[0, 0, 1], [0, 1, 2]])
    cx = pr.subdivide(net, level=0)
    region = cx.region(">=")
    cells = pr.chain_complex(region)
    partition = pr.classify(classifier)
    refinement = pr.refine(net, "F > 0")
    domain = pr.Domain.box([-1, -1], [1, 1])
    homology = pr.homology(region)
    folder = tmp_path_factory.mktemp("written")
    pr.save(net, folder / "net.json")
    pr.save_complex(cx, folder / "cx.npz")
    pr.certify(net, path=folder / "net.cert")
    recorder = pr.TrainingRecorder(path=folder / "run.jsonl")
    recorder(net)
    right: dict[str, Any] = {
        "network": net, "net": net, "f": net, "g": net, "other": net, "cx": cx, "complex": cx, "source": cx,
        "obj": region, "region": region, "level": 0, "relation": ">", "domain": domain,
        "box": [(-1, 1), (-1, 1)], "lower": [-1, -1], "upper": [1, 1], "a": [[1, 0]], "b": [1], "x": [0, 0],
        "point": [0, 0], "points": [[0, 0], [1, 0]], "i": 0, "j": 0, "k": 1, "degree": 0, "ranks": [2, 1],
        "boundaries": [[[1], [-1]]], "columns": [(np.array([0, 2]), np.array([0, 1]), np.array([1, -1]))],
        "architecture": (2, 3, 1), "weights": [[[1, 0]], [[1]]], "biases": [[0], [1]], "factor": 2, "v": 0,
        "origin": [0, 0], "directions": [[1, 0]], "cuts": (1,), "pieces": 2, "depth": 1, "n": 2, "d": 2,
        "betti": (1, 0), "masks": np.zeros((cx.n_finite_vertices + cx.n_rays, 1), np.uint8), "first": 0,
        "closed": False, "claims": {"betti": [1, 0]}, "table": {"region": [0]}, "quantity": "regions", "values": [0, 0],
        "partition": partition, "refinement": refinement, "formula": "F > 0", "formulas": "F > 0", "text": "F > 0",
        "classes": 2, "levels": [0, 1], "block": pr.sawtooth(1), "steps": 2, "input_dim": 2, "folds": (2,),
        "neurons": 4, "cells": cx, "matrix": [[2, 4], [6, 8]], "cycle": homology.cycles(0)[0],
    }  # fmt: skip
    right |= {"expression": "max(x, y)", "variables": ["x", "y"], "coefficients": 2}
    deep = {"architecture": (2, 4, 4, 1)}
    folded = {"folds": (2,), "w": (1, 1)}
    right_for: dict[str, dict[str, Any]] = {
        "band_formulas": {"classes": 2},
        "bands": deep,
        "betti_numbers_of": {"networks": [net]},
        "analyse_classes": {"network": classifier},
        "class_betti_numbers": {"network": classifier},
        "check_certificate": {"path": folder / "net.cert"},
        "classify": {"network": classifier},
        "load": {"path": folder / "net.json"},
        "load_complex": {"path": folder / "cx.npz"},
        "lower_bound_network": deep,
        "neighbourhood": {"center": (0, 0), "radius": 1, "scales": (1, 2)},
        "paper_network": folded,
        "pareto_front": deep,
        "predicted_band_betti": deep,
        "predicted_betti": deep,
        "plot_grid": {"objects": [net]},
        "plot_slices": {"network": net, "axis": 0, "positions": 2, "between": (0, 1)},
        "plot_persistence": {"found": pr.persistence(net)},
        "predicted_paper_betti": {**folded, "w": (1,)},
        "predicted_recurrent_betti": {"folds": 2},
        "recurrent": {"folds": 2},
        "separation": {"seconds": 0},
        "unchanged_radius": {"center": (0, 0), "of": "pattern", "scales": (1, 2)},
        "shells": deep,
        "verify": {"betti": [1, 0]},
        "<net>.affine_map_at": {"signs": [[1, 1, 1]]},
        "<net>.followed_by": {"other": pr.sawtooth(1)},
        "<net>.compose": {"other": pr.Network([[[1], [1]]], [[0, 1]])},
        "<cx>.ray": {"v": cx.n_finite_vertices},
        "<basis>.representative": {"coordinates": ((1,), ())},
        "<chain>.boundary": {"degree": 1},
        "<chain>.boundary_arrays": {"degree": 1},
        "<chain>.boundary_matrix": {"degree": 1},
        "<formula>.check_outputs": {"outputs": 1},
        "<formula>.holds": {"signs": [np.array([1], np.int8)], "size": 1},
        "<formula>.holds_at": {"values": [1]},
        "<smith form>.sparse_rows": {"name": "U"},
        "inclusion": {"inner": "F > 0", "outer": "F > 0"},
        "induced_map": {"inner": region, "outer": region},
        "CellUnion": {"masks": [region.mask(k) for k in range(3)]},
        "<induced map>.after": {"first": pr.induced_map(region, region)},
        "<cup product>.__call__": {"a": [1], "b": [1]},
        "<cup product>.form": {"k": 0},
        "<recorder>.from_json": {"path": folder / "run.jsonl"},
        "<recorder>.plot": {"path": folder / "run.svg"},
        "<recorder>.record": {"model": net},
        "<recorder>.__call__": {"model": net},
        "<recorder>.to_csv": {"path": folder / "run.csv"},
        "<recorder>.to_json": {"path": folder / "copy.jsonl"},
    }
    suffixes = {
        "save": "json", "save_complex": "npz", "write_cells": "json", "write_polymake": "pcom", "write_mesh": "vtu",
        "write_table": "csv", "write_sage": "sage", "write_macaulay2": "m2", "plot_html": "html", "plot_tikz": "tex",
        "certify": "cert", "certify_cells": "cert", "certify_identical": "cert", "certify_persistence": "cert",
    }  # fmt: skip
    found: Calls = {}

    def add(name: str, function: Callable[..., Any], **more: Any) -> None:
        more |= right_for.get(name, {})
        needed = inspect.signature(function).parameters.values()
        given = {
            p.name: {**right, **more}.get(p.name, 0) for p in needed if p.default is p.empty and p.kind not in (2, 4)
        }
        found[name] = function, {**given, **{key: value for key, value in more.items() if key not in given}}

    for name in sorted(set(pr.__all__).difference(*NOT_CALLED.values())):
        if name not in FOREIGN:
            path = {"path": folder / f"{name}.{suffixes[name]}"} if name in suffixes else {}
            add(name, getattr(pr, name), **path)
    add("Domain.box", pr.Domain.box)
    add("ChainComplex.from_arrays", pr.ChainComplex.from_arrays)
    add("read_arrays", read_arrays, path=folder / "cx.npz")
    # Further kinds of first arguments, which only the slow test has
    add("homology (chain complex)", pr.homology, obj=cells)
    add("clipped (region)", pr.clipped, source=region)
    add("write_mesh (region)", pr.write_mesh, cells=pr.clipped(region, domain), path=folder / "region.obj")
    for label, drawn in {"network": net, "classes": classifier, "complex": cx, "partition": partition}.items():
        add(f"plot ({label})", pr.plot, obj=drawn)
        add(f"plot_html ({label})", pr.plot_html, obj=drawn, path=folder / f"{label}.html")
    instances = {
        "net": net, "cx": cx, "region": region, "homology": homology, "chain": cells, "partition": partition,
        "class": partition.region(0), "boundary": partition.boundary(), "bounds": pr.upper_bounds((2, 3, 1)),
        "domain": domain, "slice": pr.Slice([[0, 0], [1, 0]]), "refinement": refinement,
        "formula region": refinement.region("F > 0"), "formula": pr.Formula("F > 0"), "cycle": homology.cycles(0)[0],
        "comparison": pr.identical(net, net), "estimate": pr.estimate(net, samples=2),
        "report": pr.verify(net, betti=[1, 0]), "stability": pr.stability(net, domain),
        "region report": pr.analyse_region(net), "classes report": pr.analyse_classes(classifier),
        "formulas report": pr.analyse_formulas(net, "F > 0"), "front point": pr.pareto_front((2, 4, 4, 1))[0],
        "separation": pr.separation(2, 4, seconds=0), "bound": pr.upper_bounds((2, 3, 1)).bounds[0],
        "vertices": cx.v_representation(2, 0), "inequalities": cx.h_representation(2, 0),
        "check": pr.verify(net, betti=[1, 0]).claims[0], "persistence": pr.persistence(net),
        "all levels": pr.levels(net), "smith form": pr.smith_normal_form([[2, 4], [6, 8]]),
        "basis": pr.homology_basis(region), "layers": pr.layerwise_homology(net),
        "cup product": pr.cup_product(region, 0, 0), "recorder": recorder,
        "induced map": pr.induced_map(region, region), "union": pr.CellUnion.of(region),
    }  # fmt: skip
    for label, instance in instances.items():
        for name in dir(type(instance)):
            is_method = inspect.isfunction(inspect.getattr_static(type(instance), name))
            if is_method and (name[0] != "_" or name == "__call__") and name != "united_masks":
                add(f"<{label}>.{name}", getattr(instance, name))
    add("<net>.difference", classifier.difference, j=1)  # of two outputs
    return found


@pytest.fixture(scope="module")
def foreign_calls(tmp_path_factory: pytest.TempPathFactory) -> Calls:
    """The functions that read objects and files of PyTorch, ONNX and scikit-learn, as far as these are installed."""
    folder = tmp_path_factory.mktemp("foreign")
    found: Calls = {"from_torch": (pr.from_torch, {"module": None}), "from_onnx": (pr.from_onnx, {"model": None})}
    found["from_sklearn"] = pr.from_sklearn, {"estimator": None}
    with suppress(ImportError):
        import torch

        layers = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
        state = layers.state_dict()
        torch.save(state, folder / "state.pt")
        found["from_torch"] = pr.from_torch, {"module": layers}
        found["from_torch (state dict)"] = pr.from_torch, {"module": state, "activation": "relu"}
        found["load (state dict)"] = pr.load, {"path": folder / "state.pt", "activation": "relu"}
    with suppress(ImportError):
        from onnx import TensorProto, helper, numpy_helper

        model = helper.make_model(
            helper.make_graph(
                [helper.make_node("Gemm", ["x", "w", "b"], ["z"]), helper.make_node("Relu", ["z"], ["y"])],
                "net",
                [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 2])],
                [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 3])],
                [
                    numpy_helper.from_array(np.ones((2, 3), np.float32), "w"),
                    numpy_helper.from_array(np.ones(3, np.float32), "b"),
                ],
            )
        )
        (folder / "net.onnx").write_bytes(model.SerializeToString())
        found["from_onnx"] = pr.from_onnx, {"model": model}
        found["load (ONNX)"] = pr.load, {"path": folder / "net.onnx"}
    with suppress(ImportError):
        import sympy

        symbols = sympy.symbols("x y")
        found["from_sympy"] = pr.from_sympy, {"expression": sympy.Max(*symbols), "variables": symbols}
    with suppress(ImportError):
        from sklearn.neural_network import MLPRegressor

        fitted = MLPRegressor(hidden_layer_sizes=(3,), max_iter=1).fit(np.eye(2), [0, 1])
        found["from_sklearn"] = pr.from_sklearn, {"estimator": fitted}
    return found


def _parameters(function: Callable[..., Any]) -> Iterator[str]:
    """The names of the parameters; for `**options`, those of the options of `subdivide`."""
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind == parameter.VAR_KEYWORD:
            yield from Options.__annotations__
        elif parameter.kind != parameter.VAR_POSITIONAL:
            yield parameter.name


def _faults(calls: Calls, wrong: list[str], share: int = 1) -> Iterator[str]:
    """What is no error of ours. With a share of n, a parameter gets each n-th of the values, the next one others."""
    count = 0
    for name, (function, given) in calls.items():
        for parameter in _parameters(function):
            count += 1
            for what in wrong[count % share :: share]:
                if parameter == "progress" and what == "class":
                    continue  # it can be called, and what it raises is passed on
                try:
                    function(**{**given, parameter: WRONG[what]()})
                except pr.PolyreluError as error:
                    text = str(error)
                    if len(text) > 1000 or not text.isprintable() or not text:
                        yield f"{name}({parameter}={what}): {len(text)} characters: {text[:80]!r}"
                except Exception as error:
                    if str(error) == "no entries":
                        continue  # the iterable's own exception, passed on
                    yield f"{name}({parameter}={what}): {type(error).__name__}: {str(error)[:80]}"


def _run(calls: Calls, wrong: list[str], folder: Path, share: int = 1) -> None:
    before = os.getcwd()
    os.chdir(folder)  # "x" is the name of a file
    try:
        faults = list(_faults(calls, wrong, share))
        assert not faults, "\n".join(faults)
    finally:
        os.chdir(before)


def test_every_public_name_is_called(calls: Calls) -> None:
    exempt = set().union(*NOT_CALLED.values(), FOREIGN)
    assert set(pr.__all__) == (set(calls) & set(pr.__all__)) | exempt
    assert not exempt & set(calls)
    for name in ("Partition", "PolyhedralComplex", "Refinement", "Cycle", "Homology"):
        kind = getattr(pr, name)
        methods = [x for x in dir(kind) if x[0] != "_" and inspect.isfunction(getattr(kind, x))]
        missing = [x for x in methods if not any(call.endswith(f">.{x}") for call in calls)]
        assert methods and missing in ([], ["united_masks"])


def test_the_right_arguments_are_right(calls: Calls) -> None:
    """Otherwise another argument than the wrong one would be refused."""
    for name, (function, given) in calls.items():
        try:
            function(**given)
        except pr.MissingDependencyError:
            continue
        except Exception as error:
            raise AssertionError(name) from error


def test_unknown_keywords_are_refused(calls: Calls) -> None:
    """As Python does it where there is no `**options`: a misspelt domain is not taken for none."""
    checked = 0
    for name, (function, given) in calls.items():
        if "options" in inspect.signature(function).parameters:
            with suppress(pr.MissingDependencyError), pytest.raises(TypeError, match=r"unexpected keyword.*'domian'"):
                pytest.fail(f"{name}: {function(**given, domian=[(-1, 1), (-1, 1)])}")
            checked += 1
    assert checked > 30
    with pytest.raises(TypeError, match=r"unexpected keyword.*'domian'"):
        pr.betti_numbers(pr.Network([[[1, 0]]], [[0]]), parts=2, domian=[(-1, 1), (-1, 1)])


@pytest.mark.filterwarnings("ignore")  # matplotlib has no glyph for a control character
def test_the_commonest_wrong_arguments(calls: Calls, tmp_path: Path) -> None:
    _run({name: call for name, call in calls.items() if " (" not in name}, QUICK, tmp_path, 2)


def test_wrong_arguments_beside_others() -> None:
    """Those that were read only if another argument was given."""
    net = pr.sawtooth(1)
    for wrong in (np.ones((2, 3)), np.empty((0, 3)), Unequal(), np.zeros(2, dtype=[("a", int)])):
        for given in ({"relation": wrong}, {"level": wrong}):
            with pytest.raises(pr.PolyreluError, match=r"^(where|level): "):
                pr.betti_numbers(net, where="F > 0", **given)
        with pytest.raises(pr.InputError, match=r"^mixed: expected True or False"):
            pr.folding((2, 4, 4, 1), wrong)
    many = 10**9
    for degrees in (None, [0], range(many)):
        for bounds in (pr.lower_bounds, pr.upper_bounds):
            with pytest.raises(pr.LimitError, match="1000000"):
                bounds((many, many, many, 1), degrees=degrees)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_wrong_arguments_of_readers_of_other_libraries(foreign_calls: Calls, tmp_path: Path) -> None:
    assert {name.split(" ")[0] for name in foreign_calls} >= FOREIGN
    for function, given in foreign_calls.values():
        if None not in given.values():
            function(**given)
    _run(foreign_calls, list(WRONG), tmp_path)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_all_wrong_arguments(calls: Calls, tmp_path: Path) -> None:
    """A third of the kinds for a parameter: each kind for hundreds of them."""
    _run(calls, list(WRONG), tmp_path, 3)
