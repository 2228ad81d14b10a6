"""The shape of the package: imports go one way, importing it is light, and everything public says what it is."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import polyrelu

PACKAGE = Path(polyrelu.__file__).parent

# A module imports only modules that stand before it here; polyrelu/__init__.py gathers names and stands outside.
ORDER = (
    "interruption",
    "errors",
    "markup",
    "printing",
    "floats",
    "memory",
    "rational",
    "formula",
    "limits",
    "bounded",
    "linear",
    "network",
    "slices",
    "intervals",
    "constructions",
    "bounds",
    "depth_bounds",
    "domain",
    "readers",
    "_core",
    "coordinates",
    "stages",
    "region",
    "complex",
    "crosscheck",
    "subdivide",
    "classes",
    "refinement",
    "estimate",
    "inspection",
    "identity",
    "order_complex",
    "chain",
    "smith",
    "reduction",
    "generators",
    "shortening",
    "realisation",
    "cycles",
    "homology",
    "pipeline",
    "verify",
    "separation",
    "paper",
    "export",
    "plotting",
    "cli",
    "__main__",
)
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


def imports_of(path: Path) -> list[tuple[int, str]]:
    package = ("polyrelu", *path.relative_to(PACKAGE).parts[:-1])
    return list(imported_modules(path.read_text(encoding="utf-8"), package))


def is_package(dotted: tuple[str, ...]) -> bool:
    return dotted[:1] == ("polyrelu",) and PACKAGE.joinpath(*dotted[1:]).is_dir()


def rank(module: str) -> int:
    return ORDER.index(module.split(".")[0])


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_imports_go_downward(path: Path) -> None:
    module = module_name(path)
    assert module.split(".")[0] in ORDER, f"{module} has no place in the order of modules"
    for line, target in imports_of(path):
        assert target.split(".")[0] in ORDER, f"{path.name}:{line} imports polyrelu.{target}, which is not a module"
        same_package = module.split(".")[0] == target.split(".")[0] and path.parent != PACKAGE
        assert same_package or rank(target) < rank(module), f"{path.name}:{line}: {module} must not import {target}"


def test_modules_of_a_subpackage_do_not_import_their_facade() -> None:
    for path in PACKAGE.glob("*/[!_]*.py"):
        assert path.parent.name not in {target for _, target in imports_of(path)}, path


def test_no_import_escapes_the_check() -> None:
    source = """
import numpy, polyrelu.smith
from polyrelu import chain
from . import region
from .errors import InputError
def lazily():
    import polyrelu
    from polyrelu.readers.json import read
"""
    expected = [(2, "smith"), (3, "chain"), (4, "region"), (5, "errors"), (7, ""), (8, "readers.json")]
    assert sorted(imported_modules(source)) == expected


def test_the_core_imports_no_module_of_the_package() -> None:
    for path in [*PACKAGE.glob("*.pyx"), *PACKAGE.glob("_cpp/*.pxi")]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^\s*(from|c?import)\s+(polyrelu|\.)", text, flags=re.MULTILINE), path


def test_import_is_light() -> None:
    code = "import sys, polyrelu; print(*sorted(name for name in sys.modules if '.' not in name))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"sympy", "scipy", "matplotlib", "plotly", "meshio", "networkx", "torch", "onnx", "cdd", "sklearn"}
    heavy |= {"pandas", "tqdm"}
    assert not heavy.intersection(loaded)


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
