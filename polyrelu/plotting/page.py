"""Interactive pages: HTML that contains its picture, and plotly to show it or a reference to a file with it."""

from __future__ import annotations

import html
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

from polyrelu.errors import FileError, InputError, MissingDependencyError
from polyrelu.exact.rational import describe
from polyrelu.files import checked_path, replacing
from polyrelu.plotting.packing import ALPHABET, packed, packed_library, unpacker

SUFFIX = ".html"
SCRIPT = ".js"
SHARED = "shared"
CONFIG = {"displaylogo": False, "responsive": True, "showSendToCloud": False, "scrollZoom": True}
PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' \
blob:$sources; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; worker-src blob:">
<link rel="icon" href="data:,">
<title>$title</title>
<style>
html, body { height: 100%; margin: 0; }
body { display: flex; flex-direction: column; }
#polyrelu { flex: 1; min-height: 0; }
$style</style>
</head>
<body>
<div id="polyrelu"></div>
$controls<script type="text/plain" id="library" data-size="$library_size">$library</script>
<script type="text/plain" id="figure" data-size="$figure_size">$figure</script>
<script>
$unpacker
function content(name) {
  const element = document.getElementById(name);
  return unpacked(element.textContent, $alphabet, Number(element.dataset.size));
}
function loaded() {
  const script = document.createElement("script"), source = $source;
  if (source === null) {
    script.textContent = content("library");
    document.head.append(script);
    return Promise.resolve();
  }
  return new Promise((done, fail) => {
    script.onload = done;
    script.onerror = () => fail(new Error("The file " + source + " is missing, which this page needs."));
    script.src = source;
    document.head.append(script);
  });
}
const config = $config;
$draw
loaded().then(() => draw(JSON.parse(content("figure")))).catch(error => {
  document.getElementById("polyrelu").textContent = "This picture cannot be shown. " + error;
});
</script>
<noscript>This picture needs JavaScript.</noscript>
</body>
</html>
""")
"""The policy forbids the browser every load, but for the one file that is named, so that nothing in the page can ask
for anything. The library and the figure are packed, as the library alone has nearly 5 MB.
"""
DRAW = """function draw(figure) {
  return Plotly.newPlot("polyrelu", figure.data, figure.layout, config);
}"""
"""How a figure, {"data": …, "layout": …}, is shown."""


@dataclass(frozen=True)
class Content:
    """What a page shows: its title, a figure in JSON, the JavaScript of a function draw(figure), and for controls below
    the picture their HTML and style.
    """

    title: str
    figure: str
    draw: str = DRAW
    controls: str = ""
    style: str = ""

    @cached_property
    def packed(self) -> str:
        """The figure, packed."""
        return packed(self.figure)

    def text(self, source: str | None) -> str:
        """The page: with all of plotly, or one that loads it from a file."""
        library = plotly_library() if source is None else ""
        return PAGE.substitute(
            title=html.escape(self.title), library=packed_library(library) if library else "",
            library_size=len(library.encode()), figure=self.packed, figure_size=len(self.figure.encode()),
            sources=" 'self' file:" if source else "", source=_script(source), config=_script(CONFIG), draw=self.draw,
            controls=self.controls, style=self.style, unpacker=unpacker(), alphabet=_script(ALPHABET),
        )  # fmt: skip


def _script(value: Any) -> str:
    """A value in JavaScript, with nothing that ends the script."""
    return json.dumps(value).replace("<", "\\u003c")


class Page:
    """An interactive picture, the text of an HTML page, which Jupyter displays as the last line of a cell."""

    def __init__(self, text: str, shown: Callable[[], str] | None = None) -> None:
        self.text = text
        """The page."""
        self._shown = shown

    def __repr__(self) -> str:
        return f"Page({len(self.text):,} characters of HTML)"

    def _repr_html_(self) -> str:
        text = self.text if self._shown is None else self._shown()
        style = "width: 100%; height: 620px; border: 0"
        return f'<iframe srcdoc="{html.escape(text)}" style="{style}"></iframe>'


class Output:
    """Where a page goes, and where it has its library; errors as for `plot_html`, before any work."""

    def __init__(self, path: str | os.PathLike[str] | None, library: str | os.PathLike[str] | None) -> None:
        _require_plotly()
        self.path = path
        self._file: Path | None = None
        if path is not None:
            check_html(path)
        if library is None:
            return
        if path is None:
            raise InputError("library: a page that loads plotly from a file needs a path of its own")
        folder = Path(checked_path(path)[1]).parent
        if isinstance(library, str) and library == SHARED:
            import plotly.offline

            self._file = folder / f"plotly-{plotly.offline.get_plotlyjs_version()}.min{SCRIPT}"
            self._source = quote(self._file.name)
            return
        try:
            given = checked_path(library)[1]
        except FileError:
            given = ""
        if Path(given).suffix.lower() != SCRIPT:
            raise InputError(f"library: expected {SHARED!r} or the path of a {SCRIPT} file, got {describe(library)}")
        self._file = Path(given)
        relative = Path(os.path.relpath(self._file, folder)).as_posix()
        self._source = self._file.as_uri() if self._file.is_absolute() else quote(relative)

    def page(self, content: Content) -> Page:
        """The page, which is written if there is a path, and the library if it is not there."""
        if self._file is None:
            page = Page(content.text(None))
        else:
            if not self._file.exists():
                with replacing(self._file) as draft:
                    draft.write_text(plotly_library(), encoding="utf-8")
            page = Page(content.text(self._source), lambda: content.text(None))
        if self.path is not None:
            with replacing(self.path) as draft:
                draft.write_text(page.text, encoding="utf-8")
        return page


def plotly_library() -> str:
    """The JavaScript of plotly."""
    import plotly.offline

    return str(plotly.offline.get_plotlyjs())


def check_html(path: str | os.PathLike[str]) -> None:
    """FileError unless the path ends in .html."""
    shown, target = checked_path(path)
    if Path(target).suffix.lower() != SUFFIX:
        raise FileError(f"{shown}: an interactive picture is {SUFFIX}", shown)


def _require_plotly() -> None:
    try:
        import plotly.offline  # noqa: F401
    except ImportError:
        raise MissingDependencyError(
            "interactive pictures need plotly: pip install 'polyrelu[plot]'", "plot"
        ) from None
