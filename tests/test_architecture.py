"""The shape of the package: imports go one way, importing it is light, and everything public says what it is."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import types
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import networkx as nx
import pytest

import polyrelu
from polyrelu._moved import MOVED

PACKAGE = Path(polyrelu.__file__).parent

# A room imports only rooms that stand before it here; polyrelu/__init__.py gathers names and stands outside.
ROOMS = (
    "interruption",
    "_moved",
    "errors",
    "immutable",
    "markup",
    "phases",
    "exact",
    "files",
    "network",
    "constructions",
    "_core",
    "geometry",
    "topology",
    "paper",
    "analysis",
    "readers",
    "export",
    "plotting",
    "training",
    "cli",
    "__main__",
)
PLAIN_MODULES = 8  # at most, beside the rooms
SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(source: str, package: tuple[str, ...] = ("polyrelu",)) -> Iterator[tuple[int, str]]:
    """Line and name, within polyrelu, of all imports in the source of a module of `package`; also lazy ones."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            targets = [tuple(alias.name.split(".")) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else ()
            base += tuple(node.module.split(".")) if node.module else ()
            # "from package import module" names the module only in its second half
            targets = [(*base, alias.name) if is_package(base) else base for alias in node.names]
        else:
            continue
        for target in targets:
            if target[0] == "polyrelu":
                yield node.lineno, ".".join(target[1:])


@cache
def imports_of(path: Path) -> list[tuple[int, str]]:
    package = ("polyrelu", *path.relative_to(PACKAGE).parts[:-1])
    return list(imported_modules(path.read_text(encoding="utf-8"), package))


def is_package(dotted: tuple[str, ...]) -> bool:
    return dotted[:1] == ("polyrelu",) and PACKAGE.joinpath(*dotted[1:]).is_dir()


def room(module: str) -> str:
    return module.split(".")[0]


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_rooms_import_only_rooms_above_them(path: Path) -> None:
    module = module_name(path)
    assert room(module) in ROOMS, f"{module} stands in no room"
    for line, target in imports_of(path):
        assert room(target) in ROOMS, f"{path.name}:{line} imports polyrelu.{target}, which is no module"
        upward = ROOMS.index(room(target)) >= ROOMS.index(room(module))
        assert room(target) == room(module) or not upward, f"{path.name}:{line}: {module} must not import {target}"


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = nx.DiGraph((module_name(path), target) for path in SOURCES for _, target in imports_of(path))
    assert not [c for c in nx.strongly_connected_components(graph) if len(c) > 1]


def test_rooms_are_few_and_say_what_lives_there() -> None:
    assert len([path for path in PACKAGE.glob("*.py") if path.name != "__init__.py"]) <= PLAIN_MODULES
    for path in PACKAGE.glob("*/__init__.py"):
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        assert text.count(".") >= 2, f"{path.parent.name}: a paragraph should say what lives there and what does not"


def test_no_module_has_the_name_of_a_public_function_of_its_parent() -> None:
    for path in SOURCES:
        module = module_name(path)
        parent = importlib.import_module(".".join(["polyrelu", *module.split(".")[:-1]]))
        found = getattr(parent, module.split(".")[-1], None)
        assert found is None or isinstance(found, types.ModuleType), f"{module} is hidden by {found!r}"
    for name in polyrelu.__all__:
        assert not (PACKAGE / f"{name}.py").exists() and not (PACKAGE / name).is_dir(), name


def test_modules_of_a_subpackage_do_not_import_their_facade() -> None:
    for path in PACKAGE.glob("*/[!_]*.py"):
        assert path.parent.name not in {target for _, target in imports_of(path)}, path


def test_former_paths_of_modules_give_what_is_in_the_modules_of_now() -> None:
    for old, new in MOVED.items():
        former, now = (importlib.import_module(f"polyrelu.{name}") for name in (old, new))
        name = next(name for name, value in vars(now).items() if getattr(value, "__module__", "") == now.__name__)
        with pytest.warns(DeprecationWarning, match=f"polyrelu.{new};"):
            assert getattr(former, name) is getattr(now, name)
    with pytest.warns(DeprecationWarning, match="cell_counts"):
        from polyrelu.bounds import cells_upper
    assert cells_upper((2, 3, 1), 2) == 7
    assert polyrelu.rational is importlib.import_module("polyrelu.rational")
    assert callable(polyrelu.constructions.shells)


def test_no_import_escapes_the_check() -> None:
    source = """
import numpy, polyrelu.topology.smith
from polyrelu import geometry
from . import network
from .errors import InputError
def lazily():
    import polyrelu
    from polyrelu.readers.json import read
"""
    expected = [(2, "topology.smith"), (3, "geometry"), (4, "network"), (5, "errors"), (7, ""), (8, "readers.json")]
    assert sorted(imported_modules(source)) == expected


def test_the_core_imports_no_module_of_the_package() -> None:
    for path in [*PACKAGE.glob("*.pyx"), *PACKAGE.glob("*.pxd"), *PACKAGE.glob("_cpp/*.pxi")]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^\s*(from|c?import)\s+(polyrelu|\.)", text, flags=re.MULTILINE), path


def test_import_is_light() -> None:
    code = "import sys, polyrelu; print(*sorted(name for name in sys.modules if '.' not in name))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"sympy", "scipy", "matplotlib", "plotly", "meshio", "networkx", "torch", "onnx", "cdd", "sklearn"}
    heavy |= {"pandas", "tqdm", "numpy", "flint"}
    assert not heavy.intersection(loaded)


def test_public_names_are_imported_when_they_are_used() -> None:
    code = (
        "import sys, polyrelu; assert {*polyrelu.__all__, 'geometry'} <= {*dir(polyrelu)}; polyrelu.Network;"
        "print(*sorted(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"polyrelu.network.network"} <= {*run.stdout.split()}
    assert not {"polyrelu.geometry", "polyrelu.constructions", "polyrelu.export"}.intersection(run.stdout.split())


def test_public_names_are_the_same_for_python_and_for_type_checkers() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == 0]
    declared = {alias.name: node.module for node in imports for alias in node.names if alias.name in polyrelu.__all__}
    assert declared == polyrelu._MODULES
    assert sorted(declared) == polyrelu.__all__
    for name in polyrelu.__all__:
        assert getattr(polyrelu, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        polyrelu.nothing  # noqa: B018


@pytest.mark.parametrize("path", [PACKAGE / "__init__.py", *SOURCES], ids=module_name)
def test_everything_public_has_a_docstring(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), f"{path.name} has no docstring"

    def missing(body: list[ast.stmt]) -> Iterator[str]:
        for node in body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
                if not ast.get_docstring(node) and not only_declares(node):
                    yield f"{path.name}:{node.lineno} {node.name}"
                if isinstance(node, ast.ClassDef):
                    yield from missing(node.body)

    assert not list(missing(tree.body))


def only_declares(node: ast.ClassDef | ast.FunctionDef) -> bool:
    """Members of a Protocol and overloads: their body is an ellipsis."""
    return ast.unparse(node.body[0]) == "..."
