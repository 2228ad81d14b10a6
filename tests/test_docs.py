"""The pages of docs/ show what really comes out, and their figures exist. docs/paper.md has a test of its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import polyrelu
from support.pages import ROOT, figures, prepare, run_page

DOCS = ROOT / "docs"
if not DOCS.is_dir():
    pytest.skip("the tests were copied without docs/", allow_module_level=True)
PAGES = sorted(DOCS.glob("*.md"))
SLOW = {"training.md", "tutorial_researcher.md"}
NEEDS = {
    "cli.md": ["matplotlib", "plotly", "meshio"],
    "layers.md": ["matplotlib"],
    "persistence.md": ["matplotlib"],
    "files.md": ["onnx"],
    "quickstart.md": ["matplotlib"],
    "training.md": ["torch", "sklearn", "matplotlib", "pandas"],
    "tutorial_researcher.md": ["torch", "onnx", "sklearn", "matplotlib", "plotly"],
    "tutorial_theorist.md": ["torch", "matplotlib", "plotly", "cdd"],
    "tutorial_tool_author.md": ["scipy", "pandas", "meshio"],
}
"""Optional packages that the code of a page needs."""
ELSEWHERE = {"index.md", "study.md"}
"""Pages that show pictures which their code does not make."""


CASES = [
    pytest.param(page, id=page.stem, marks=[pytest.mark.slow] if page.name in SLOW else [])
    for page in PAGES
    if page.name != "paper.md"
]


@pytest.mark.parametrize("page", CASES)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of PyTorch, for its older exporter to ONNX
def test_page(page, monkeypatch, tmp_path):
    for name in NEEDS.get(page.name, []):
        pytest.importorskip(name)
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    count = run_page(page)
    assert count == len(re.findall(r"^```(?:python|console)$", page.read_text(encoding="utf-8"), re.MULTILINE))
    if count:
        assert all(Path(name).exists() for name in figures(page) if page.name not in ELSEWHERE)
    if page.name == "tutorial_researcher.md":
        # The ten lines have drawn what was trained here just now; the figures on the page are of the stored weights.
        assert Path("rings.html").stat().st_size > 1_000_000 and Path("rings.npz").exists()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_figures_and_links(page):
    for name in figures(page):
        assert (DOCS / "figures" / name).stat().st_size < 200_000
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+\.md)[)#]", text):
        assert (DOCS / target).exists(), target
    assert not re.search(r"\[\]\(", text)  # a link without text is seen on built pages only


def test_a_researcher_needs_few_lines():
    """From a model to Betti numbers, picture and cycles: under ten lines."""
    text = (DOCS / "tutorial_researcher.md").read_text(encoding="utf-8")
    (path,) = (block for block in re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.M) if "plot_html" in block)
    assert all(call in path for call in ("from_torch(model)", "homology(", ".cycles(1)", "pr.plot("))
    assert len([line for line in path.splitlines() if line]) < 10


def test_every_command_is_on_the_page():
    from polyrelu.cli.program import COMMANDS

    headings = re.findall(r"^## (.+)$", (DOCS / "cli.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[1:] == list(COMMANDS)


@pytest.mark.parametrize(
    "block",
    [
        "```python\n>>> 1 + 1\n3\n```\n",
        "```python\nassert False\n```\n",
        "```console\n$ polyrelu bounds 1-1\nno\n```\n",
    ],
)
def test_what_is_wrong_is_noticed(block, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(block, encoding="utf-8")
    with pytest.raises(AssertionError):
        run_page(page)


def test_a_status_must_be_told(tmp_path):
    page = tmp_path / "page.md"
    command = "$ polyrelu betti none.json\npolyrelu: error: none.json: cannot be read: No such file or directory\n"
    page.write_text(f"```console\n{command}$ echo $?\n2\n```\n", encoding="utf-8")
    assert run_page(page) == 1
    page.write_text(f"```console\n{command}```\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="exit status 2"):
        run_page(page)


def test_the_page_on_the_architecture_names_what_is_there() -> None:
    """Every path on it, which may stand in the folder of the one before, and in every row of its table at least one."""
    package, rows = Path(polyrelu.__file__).parent, 0
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    for part in re.split(r"\n\n|\n(?=\|)", text):
        folder, found = package, 0
        for name in re.findall(r"[\w/]+\.(?:py|pyx|hpp)\b|(?<=`)[a-z_/]+/(?=`)", part):
            if name == "polyrelu/":
                continue
            path = next((p for p in (package / name, folder / name, ROOT / name) if p.exists()), None)
            assert path, f"{name} in: {part}"
            folder, found = path if path.is_dir() else path.parent, found + 1
        if part.startswith("| ") and part != "| what | where |":
            assert found, part
            rows += 1
    assert rows >= 10
