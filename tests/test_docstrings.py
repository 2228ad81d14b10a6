"""Docstrings: their examples run, and those of public names have the sections of numpydoc."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import pydoc
import re
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

import polyrelu
from polyrelu._moved import MOVED
from polyrelu.errors import MissingDependencyError

MODULES = [
    module.name
    for module in pkgutil.walk_packages(polyrelu.__path__, "polyrelu.")
    if not module.name.endswith("__main__") and module.name.removeprefix("polyrelu.") not in MOVED
]

# Classes that users construct; the others are made by functions, and have Attributes in place of Parameters.
CONSTRUCTED = {"ChainComplex", "Domain", "Formula", "Network", "Slice"}

NOT_OF_METHODS = {"EX01", "PR01", "RT01", "RT03", "YD01"}
"""Checks that short methods need not pass."""

NEEDS = {
    "polyrelu.export.meshes.mesh": ["meshio"],
    "polyrelu.export.meshes.write_mesh": ["meshio"],
    "polyrelu.geometry.double_description.check_regions": ["cdd"],
    "polyrelu.plotting.draw.plot": ["matplotlib"],
    "polyrelu.plotting.draw.plot_html": ["plotly"],
    "polyrelu.plotting.separation.plot_separation": ["matplotlib"],
    "polyrelu.plotting.bars.plot_persistence": ["matplotlib"],
    "polyrelu.plotting.slider.plot_slices": ["plotly"],
    "polyrelu.plotting.grid.plot_grid": ["matplotlib"],
    "polyrelu.plotting.layers.plot_layers": ["matplotlib"],
    "polyrelu.readers.from_onnx": ["onnx"],
    "polyrelu.readers.from_sklearn": ["sklearn"],
    "polyrelu.readers.from_torch": ["torch"],
    "polyrelu.readers.torch.files.read_state_dict": ["torch"],
}
"""Optional packages that examples need."""


def load(name: str):
    try:
        return importlib.import_module(name)
    except (ImportError, MissingDependencyError) as error:
        pytest.skip(f"{name}: {error}")


@pytest.mark.parametrize("name", ["polyrelu", *MODULES])
def test_examples(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runner = doctest.DocTestRunner()
    for test in doctest.DocTestFinder().find(load(name)):
        if all(find_spec(package) for package in NEEDS.get(test.name, ())):
            runner.run(test)
    assert runner.failures == 0


def test_needs_name_examples():
    for name in NEEDS:
        module, _, function = name.rpartition(".")
        assert ">>>" in inspect.getdoc(getattr(importlib.import_module(module), function))


def public_members(cls: type) -> list[str]:
    """The methods and properties that a class of the package defines itself."""
    return [
        name
        for name, member in vars(cls).items()
        if not name.startswith("_")
        and (callable(member) or isinstance(member, (property, classmethod, staticmethod)))
        and (inspect.getdoc(getattr(cls, name)) or inspect.isroutine(member) or isinstance(member, property))
    ]


def checks() -> set[str]:
    """The checks that pyproject.toml selects."""
    path = Path(__file__).parent.parent / "pyproject.toml"
    if not path.is_file():
        pytest.skip("the tests were copied without pyproject.toml")
    return set(tomllib.loads(path.read_text(encoding="utf-8"))["tool"]["numpydoc_validation"]["checks"])


def faults(path: str, selected: set[str]) -> list[str]:
    """What numpydoc finds wrong with the docstring of an object."""
    from numpydoc.validate import validate

    return [f"{path}: {code} {text}" for code, text in validate(path)["errors"] if code in selected]


def documented() -> list[str]:
    """The public names, and those that docs/api.md documents or a page imports, with the modules that define them."""
    names = [f"{getattr(polyrelu, name).__module__}.{name}" for name in polyrelu.__all__]
    page = Path(__file__).parent.parent / "docs" / "api.md"
    if page.is_file():
        text = page.read_text(encoding="utf-8")
        names += re.findall(r"^\.\. auto(?:class|function):: (polyrelu\.[\w.]+)", text, flags=re.MULTILINE)
        names += imported([path.read_text(encoding="utf-8") for path in page.parent.glob("*.md")])
    return list(dict.fromkeys(names))


def imported(pages: list[str]) -> list[str]:
    """The functions and classes of the package that pages import, with the modules that define them."""
    pattern = r"^(?:>>> )?from (polyrelu[\w.]*) import ([\w, ]+)"
    found = [match for text in pages for match in re.findall(pattern, text, re.MULTILINE)]
    objects = [pydoc.locate(f"{module}.{name.strip()}") for module, names in found for name in names.split(",")]
    return [f"{x.__module__}.{x.__name__}" for x in objects if inspect.isfunction(x) or inspect.isclass(x)]


@pytest.mark.parametrize("path", documented())
def test_sections(path):
    pytest.importorskip("numpydoc")
    public = pydoc.locate(path)
    selected = checks()
    if not inspect.isclass(public):
        found = faults(path, selected)
    else:
        constructed = {"EX01", "PR01"} if public.__name__ in CONSTRUCTED else set()
        found = faults(path, selected - NOT_OF_METHODS | constructed)
        for member in public_members(public):
            found += faults(f"{path}.{member}", selected - NOT_OF_METHODS)
    assert not found, "\n".join(found)
