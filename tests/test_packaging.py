"""What is installed: its metadata and files, its extras, and that it works where optional packages are missing."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest

import polyrelu

PACKAGE = Path(polyrelu.__file__).parent
ROOT = Path(__file__).parent.parent
OPTIONAL = ("cdd", "matplotlib", "meshio", "onnx", "pandas", "plotly", "scipy", "shtab", "sklearn", "torch")
# For developers, and for what is no feature of the package.
NOT_FOR_USERS = {"all", "test", "dev", "bench", "docs", "examples"}


def extras() -> dict[str, set[str]]:
    """The extras with the names of the packages in them, those of inner extras included.

    From pyproject.toml if it is there (an editable installation may be older), else from what is installed.
    """
    direct: dict[str, set[str]] = {}
    if (ROOT / "pyproject.toml").exists():
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        direct = {name: set(packages) for name, packages in project["optional-dependencies"].items()}
    else:
        for requirement in distribution("polyrelu").requires or []:
            name, _, marker = requirement.partition(";")
            if extra := re.search(r"extra == ['\"]([^'\"]+)['\"]", marker):
                direct.setdefault(extra[1], set()).add(name.strip())

    def packages(extra: str) -> set[str]:
        result: set[str] = set()
        for name in direct[extra]:
            if inner := re.match(r"polyrelu\[(.*)\]", name):
                result.update(*(packages(each.strip()) for each in inner[1].split(",")))
            else:
                result.add(re.match(r"[A-Za-z0-9_.-]+", name)[0].lower())
        return result

    return {name: packages(name) for name in direct}


def test_all_gathers_what_is_for_users():
    known = extras()
    wanted = {name for name in known if name not in NOT_FOR_USERS}
    assert {"cdd", "plot", "torch", "onnx", "sklearn", "mesh", "data", "shell"} <= wanted
    assert known["all"] == set().union(*(known[name] for name in wanted))


def test_errors_name_extras_that_exist():
    """Every MissingDependencyError names its extra, in the message and as its attribute."""
    found = 0
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if "MissingDependencyError" in text else ():
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "MissingDependencyError":
                found += 1
                message = ast.unparse(node.args[0])
                names = re.findall(r"polyrelu\[(\w+)\]", message)
                where = f"{path.name}:{node.lineno}"
                assert len(node.args) == 2, where
                if isinstance(node.args[1], ast.Constant):
                    assert names == [node.args[1].value] and names[0] in extras(), where
    assert found >= 5


def test_metadata_and_files():
    assert (PACKAGE / "py.typed").exists() and (PACKAGE / "_core.pyi").exists()
    found = distribution("polyrelu")
    installed = [str(path) for path in found.files or []]
    if "polyrelu/__init__.py" not in installed or found.read_text("RECORD") is None:
        pytest.skip("polyrelu runs from its source tree")
    assert found.version == polyrelu.__version__
    assert {entry.name for entry in found.entry_points} == {"polyrelu", "polyrelu-check"}
    assert not [name for name in installed if name.endswith((".pyx", ".pxd", ".pxi", ".hpp", ".cpp"))]
    assert {name.split("/")[0] for name in installed if not name.startswith("..")} <= {
        "polyrelu", "polyrelu.libs", "polyrelu_check", f"polyrelu-{found.version}.dist-info",
    }  # fmt: skip
    for path in PACKAGE.rglob("*.py"):
        assert f"polyrelu/{path.relative_to(PACKAGE).as_posix()}" in installed


def alone(code: str) -> str:
    """What a fresh interpreter without the optional packages prints."""
    hide = f"import sys\nfor name in {OPTIONAL!r}: sys.modules[name] = None\n"
    done = subprocess.run([sys.executable, "-c", hide + code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_core_works_without_any_optional_package():
    out = alone(
        """
import polyrelu as pr
net = pr.shells((2, 8, 6, 1), {1: 2})
cx = pr.subdivide(net, 0)
print(pr.betti_numbers(net), cx.f_vector, cx.n_linear_pieces, cx.locate([0, 0]) is not None)
print(pr.estimate(net).exact, pr.separation(2, 8).neurons, bool(pr.identical(net, net)))
print(len(pr.homology(cx.region("=")).cycles(0)))
"""
    )
    assert out.splitlines()[0].startswith("(6, 2)") and out.splitlines()[1] == "True 8 True"


def test_check_regions_says_that_pycddlib_is_missing():
    out = alone(
        """
import polyrelu as pr
try:
    pr.check_regions(pr.subdivide(pr.maximum(2)))
except pr.MissingDependencyError as error:
    print(error.extra, "|", error)
"""
    )
    extra, _, message = out.partition(" | ")
    assert extra == "cdd" and "pip install 'polyrelu[cdd]'" in message and message.count("\n") == 1


def test_every_command_tells_in_one_line_what_is_missing():
    out = alone(
        """
import contextlib, io, os, tempfile, polyrelu.cli
os.chdir(tempfile.mkdtemp())
open("x.onnx", "wb").close()
for argv in (["completion", "bash"], ["separation", "--input-dim", "2", "--neurons", "4", "--figure", "x.png"],
             ["regions", "x.onnx"]):
    err = io.StringIO()
    with contextlib.redirect_stderr(err):
        status = polyrelu.cli.main(argv)
    print(status, err.getvalue(), end="")
"""
    )
    lines = out.splitlines()
    for line, extra in zip(lines, ("shell", "plot", "onnx"), strict=True):
        assert line.startswith(("1 ", "2 ")) and f"polyrelu[{extra}]" in line


@pytest.mark.skipif(not (ROOT / "pyproject.toml").exists(), reason="the tests were copied without the source tree")
def test_wheels_are_tested_and_carry_gmp():
    """The configuration of cibuildwheel names GMP for every system, and runs these tests out of the tree."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    settings = project["tool"]["cibuildwheel"]
    for system in ("linux", "macos"):
        assert "gmp" in settings[system]["before-all"]
    assert {"tests", "examples", "README.md"} <= set(settings["test-sources"]) and "pytest" in settings["test-command"]
    pythons = {re.search(r":: (3\.\d+)$", line) for line in project["project"]["classifiers"]}
    versions = {match[1] for match in pythons if match}
    assert {f"cp{version.replace('.', '')}-*" for version in versions} == set(settings["build"])


def test_only_check_regions_imports_pycddlib():
    """pycddlib is under the GPL: whoever does not ask for it does not load it."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        if "cdd" not in (text := path.read_text(encoding="utf-8")):
            continue
        tree = ast.parse(text)
        for function in [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))]:
            for node in ast.iter_child_nodes(function) if function is tree else ast.walk(function):
                names = [alias.name for alias in getattr(node, "names", [])] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                if any(name.split(".")[0] == "cdd" for name in names):
                    found.add((path.name, getattr(function, "name", None)))
    assert found == {("double_description.py", "check_regions")}
    code = """
import pkgutil, sys, polyrelu
for module in pkgutil.walk_packages(polyrelu.__path__, "polyrelu."):
    if not module.name.endswith("__main__"):
        try:
            __import__(module.name)
        except ModuleNotFoundError as error:  # a module that is imported where its package is there
            if error.name.split(".")[0] != "matplotlib":
                raise
net = polyrelu.shells((2, 8, 6, 1), {1: 2})
polyrelu.betti_numbers(net), polyrelu.verify(net, regions=polyrelu.subdivide(net).n_regions)
print([name for name in sys.modules if name.split(".")[0] == "cdd"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


@pytest.mark.skipif(not (ROOT / "tools").exists(), reason="the tests were copied without the source tree")
def test_oldest_versions_are_those_declared():
    """What runs in continuous integration with the oldest dependencies is what pyproject.toml allows."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared: dict[str, set[str]] = {}
    extra = project["optional-dependencies"]
    lists = [project["dependencies"], *(extra[name] for name in extra if name not in NOT_FOR_USERS - {"test"})]
    for line in [line for lines in lists for line in lines]:
        if bound := re.fullmatch(r"([\w.-]+)>=([\d.]+)", line):
            declared.setdefault(bound[1], set()).add(bound[2])
    lines = (ROOT / "tools" / "oldest.txt").read_text(encoding="utf-8").splitlines()
    oldest = dict(line.split("==") for line in lines if not line.startswith("#"))

    def version(text: str) -> tuple[int, ...]:
        numbers = [int(number) for number in text.split(".")]
        return (*numbers, *[0] * (3 - len(numbers)))

    assert {name: version(text) for name, text in oldest.items()} == {
        name: max(map(version, texts)) for name, texts in declared.items() if name != "torch"
    }


@pytest.mark.skipif(not (ROOT / ".github").exists(), reason="the tests were copied without the source tree")
def test_actions_are_pinned_by_commit():
    found = 0
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if "uses:" in line:
                found += 1
                assert re.search(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line
    assert found >= 10


def bibtex(citation: str) -> str:
    """What CITATION.cff says of the software and the paper, as BibTeX."""
    source = pytest.importorskip("yaml").safe_load(citation)
    (paper,) = source["references"]
    names = " and ".join(f"{{{author['name']}}}" for author in source["authors"])
    software = {"author": names, "title": source["title"], "note": f"Version {source['version']}"}
    conference = {
        "author": " and ".join(f"{author['family-names']}, {author['given-names']}" for author in paper["authors"]),
        "title": paper["title"],
        "booktitle": paper["collection-title"],
        "series": paper["publisher"]["name"],
        "volume": paper["volume"],
        "pages": f"{paper['start']}--{paper['end']}",
        "publisher": "PMLR",
        "year": paper["year"],
        "url": paper["url"],
    }
    entries = []
    for kind, key, fields in (("misc", "polyrelu", software), ("inproceedings", "ergen2024topological", conference)):
        fields["title"] = fields["title"].replace("ReLU", "{ReLU}")  # styles change capitals
        lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
        entries.append("\n".join([f"@{kind}{{{key},", *lines, "}"]))
    return "```bibtex\n" + "\n\n".join(entries) + "\n```\n"


def test_the_citation_is_of_this_version():
    file = Path(polyrelu.__file__).parent.parent / "CITATION.cff"
    if not file.exists():
        pytest.skip("the tests were copied without CITATION.cff")
    text = file.read_text(encoding="utf-8")
    assert f"\nversion: {polyrelu.__version__}\n" in text and "\nlicense: BSD-3-Clause\n" in text
    entries = bibtex(text)
    for page in ("README.md", "docs/latex.md"):
        assert entries in (file.parent / page).read_text(encoding="utf-8"), entries
    for page in ("README.md", "docs/index.md"):
        shown = (file.parent / page).read_text(encoding="utf-8")
        assert f"version {polyrelu.__version__}, the polyrelu developers" in shown and "PMLR 247:1599–1642" in shown
