"""The parts of a TikZ picture: named coordinates, styles, paths, legend; and the text that they make."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from polyrelu.export.latex_text import decimal
from polyrelu.plotting.tikz_numbers import Writer

Point = Sequence[Fraction]

PREFIX = "polyrelu"
"""The first word of the names of styles."""
CHUNK = 100
"""Maximum number of pieces of one path: TeX keeps a path in memory."""
ROW = Fraction(42, 100)
"""The height of a line of the legend in centimetres."""

SHAPES = (
    "circle[radius=2pt]",
    "+(-1.7pt,-1.7pt) rectangle +(1.7pt,1.7pt)",
    "+(90:2.5pt) -- +(210:2.5pt) -- +(330:2.5pt) -- cycle",
    "+(0:2.5pt) -- +(90:2.5pt) -- +(180:2.5pt) -- +(270:2.5pt) -- cycle",
    "+(270:2.5pt) -- +(30:2.5pt) -- +(150:2.5pt) -- cycle",
    "+(0:2.2pt) -- +(60:2.2pt) -- +(120:2.2pt) -- +(180:2.2pt) -- +(240:2.2pt) -- +(300:2.2pt) -- cycle",
)
"""The marks of data, by the number of their label."""


class Picture:
    """A TikZ picture that is being written."""

    def __init__(self, writer: Writer, units: Sequence[str]) -> None:
        """`units` are the keys x, y (and z) with their values."""
        self.writer = writer
        self._units = list(units)
        self._styles: dict[str, str] = {}
        self._colours: dict[str, str] = {}
        self._lines: list[str] = []
        self._legend: list[tuple[str, str]] = []

    def colour(self, name: str, value: str) -> str:
        """The name of a colour "#rrggbb"."""
        self._colours[f"{PREFIX}-{name}"] = value.lstrip("#")
        return f"{PREFIX}-{name}"

    def style(self, name: str, value: str) -> str:
        """The name of a style with a value, in which #1 is its argument."""
        self._styles[f"{PREFIX} {name}/.style"] = value
        return f"{PREFIX} {name}"

    def comment(self, text: str) -> None:
        """A line for the reader of the file."""
        self._lines.append(f"% {text}")

    def add(self, line: str) -> None:
        """A line."""
        self._lines.append(line)

    def coordinate(self, name: str, point: Point) -> str:
        """A named point; what stands for it in paths."""
        text, exact = self.writer.point(point)
        self._lines.append(f"\\coordinate ({name}) at {text};{exact}")
        return f"({name})"

    def fill(self, style: str, corners: Sequence[str], note: str = "") -> None:
        """A polygon."""
        comment = f" % {note}" if note else ""
        self._lines.append(f"\\path[{style}] {' -- '.join(corners)} -- cycle;{comment}")

    def paths(self, style: str, pieces: Iterable[str]) -> None:
        """Pieces of one path, a few to each command: those of one command are drawn at once."""
        pieces = list(pieces)
        for start in range(0, len(pieces), CHUNK):
            chunk = pieces[start : start + CHUNK]
            self._lines.append(f"\\path[{style}]\n  " + "\n  ".join(chunk) + ";")

    def entry(self, sample: str, label: str) -> None:
        """An entry of the legend: a command that draws around (0.2, 0), in centimetres, and LaTeX text."""
        self._legend.append((sample, label))

    def legend(self, right: Fraction, top: Fraction) -> None:
        """Draw the legend with its upper left corner there, in centimetres from the origin."""
        if not self._legend:
            return
        label = self.style("legend", "anchor=west, font=\\footnotesize")
        self.comment("legend")
        place = f"({decimal(right, 3)}cm,{decimal(top, 3)}cm)"
        self.add(f"\\begin{{scope}}[shift={{{place}}}, x=1cm, y=1cm]")
        for i, (sample, text) in enumerate(self._legend):
            y = decimal(-ROW * i - ROW / 2, 2)
            self.add(f"\\begin{{scope}}[yshift={y}cm] {sample} \\node[{label}] at (0.4,0) {{{text}}}; \\end{{scope}}")
        self.add("\\end{scope}")

    def text(self, head: Iterable[str]) -> str:
        """The whole picture, after the comments `head`."""
        styles = [f"  {name}={{{value}}}," for name, value in self._styles.items()]
        colours = [f"\\definecolor{{{name}}}{{HTML}}{{{value}}}" for name, value in self._colours.items()]
        return "\n".join(
            [
                *(f"% {line}".rstrip() for line in head),
                "\\begin{tikzpicture}[",
                *(f"  {unit}," for unit in self._units),
                *styles,
                f"  every {PREFIX} picture/.try]",
                *colours,
                *self._lines,
                "\\end{tikzpicture}",
                "",
            ]
        )
