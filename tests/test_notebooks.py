"""The tutorials as notebooks: made from the pages, valid, and run from the first cell to the last."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

import pytest

import polyrelu

TOOL = Path(__file__).parents[1] / "tools" / "notebooks.py"
if not TOOL.exists():
    pytest.skip("the tests were copied without the source tree", allow_module_level=True)
spec = importlib.util.spec_from_file_location("notebooks", TOOL)
assert spec and spec.loader
notebooks: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(notebooks)

PAGE = """# Title

```python
>>> for i in range(2):
...     print(i)
0
1
>>> x = 3
>>> x / 0
Traceback (most recent call last):
ZeroDivisionError: division by zero
```
Text
```console
$ polyrelu --version
polyrelu
```
```python
figure = draw()
```
"""


def test_blocks_become_cells():
    cells = notebooks.notebook(PAGE)["cells"]
    sources = ["".join(cell["source"]) for cell in cells]
    expected = ["# Title", "for i in range(2):\n    print(i)", "x = 3\nx / 0", "Text", "!polyrelu --version"]
    assert sources == [*expected, "figure = draw()\nfigure"]
    assert [cell["metadata"] for cell in cells if cell["metadata"]] == [{"tags": ["raises-exception"]}]
    assert len({cell["id"] for cell in cells}) == len(cells)


def test_links_lead_to_notebooks_or_name_a_page():
    text = "See [one](one.md), [two](two.md#part) and ![a picture](figures/a.png).\n"
    (cell,) = notebooks.notebook(text, ("one.md",))["cells"]
    expected = "See [one](one.ipynb), *two* (`docs/two.md`) and ![a picture](figures/a.png)."
    assert "".join(cell["source"]) == expected


@pytest.mark.slow
@pytest.mark.parametrize("page", notebooks.TUTORIALS)
def test_the_tutorials_run_as_notebooks(page, tmp_path, monkeypatch):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    for name in ("ipykernel", "torch", "onnx", "sklearn", "matplotlib", "plotly", "pandas", "meshio", "cdd"):
        pytest.importorskip(name)
    root = str(Path(polyrelu.__file__).parents[1])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([root, os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    (path,) = notebooks.write_notebooks(tmp_path, (page,))
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(book, timeout=300, kernel_name="python3", resources=resources).execute()
    outputs = [out for cell in book.cells if cell.cell_type == "code" for out in cell.outputs]
    shown = {kind for out in outputs for kind in out.get("data", ())}
    assert "text/plain" in shown and ("image/png" in shown or page == "tutorial_tool_author.md")
