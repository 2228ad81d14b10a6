"""Tables of Betti numbers and f-vectors for papers, in LaTeX with the rules of the package booktabs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from polyrelu.analysis.class_homology import ClassesReport
from polyrelu.analysis.counting import CellCounts
from polyrelu.analysis.formula_homology import FormulasReport
from polyrelu.analysis.layers import LayerwiseHomology
from polyrelu.analysis.pipeline import RegionReport
from polyrelu.errors import InputError, PolyreluError, visible
from polyrelu.exact.limits import memory_is_a_limit
from polyrelu.exact.rational import describe, show
from polyrelu.export.latex_text import escape
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.region import CellSet
from polyrelu.topology.groups import Homology

BETTI, CELLS = r"\beta", "f"
UNKNOWN = "--"


class Series(NamedTuple):
    """Numbers by dimension: their symbol, and p for Betti numbers over the field of p elements, otherwise 0."""

    symbol: str
    field: int = 0

    def heading(self, k: int) -> str:
        """Such as β_0 or β_0(F_2)."""
        field = rf"(\mathbb{{F}}_{_index(self.field)})" if self.field else ""
        return f"${self.symbol}_{_index(k)}{field}$"


class Entries(NamedTuple):
    """What a row has: numbers by dimension, which are 0 in higher ones, and the torsion; None if it is not known."""

    numbers: dict[Series, tuple[int, ...]]
    torsion: str | None = None


class Parts(NamedTuple):
    """Rows with their names, which are LaTeX, and the heading of the names."""

    heading: str
    rows: list[tuple[str, Any]]


class Row(NamedTuple):
    """A row with one or two names, or with none."""

    names: tuple[str, ...]
    entries: Entries


class Column(NamedTuple):
    """A column, as LaTeX."""

    alignment: str
    heading: str
    entries: list[str]


@memory_is_a_limit
def latex_table(source: Any, *, heading: str = "", caption: str | None = None, label: str | None = None) -> str:
    r"""A table of Betti numbers, torsion and f-vectors as LaTeX code.

    Parameters
    ----------
    source : mapping, or an object with such numbers
        A mapping from names to rows, such as ``{"annulus": homology}``. A row is a Homology, Betti numbers as
        `betti_numbers` returns them, a PolyhedralComplex, set of cells or CellCounts for its f-vector, a RegionReport,
        or a list of these for columns beside one another; None, or a PolyreluError, is a row without numbers. What has
        several regions has a row for each, in a mapping or alone: LayerwiseHomology, ClassesReport, FormulasReport, a
        list of Betti numbers such as that of `class_betti_numbers` or `betti_numbers_of`, and a mapping itself.
    heading : str, optional
        The heading of the first column.
    caption, label : str, optional
        With a caption, the table is a ``table`` environment with it, and with the label for ``\ref``.

    Returns
    -------
    str
        A ``tabular`` environment, which needs the packages booktabs and amssymb. Names, heading and caption
        are escaped.

    Raises
    ------
    InputError
        If `source` is nothing of this kind or has no numbers, a row has two entries for one column, there is a heading
        without names, or a label without a caption, or one that LaTeX would not take.
    CoarseComplexError
        If a row is a coarse complex, whose cells are not those of C(F, t).

    Notes
    -----
    The columns are β_k, the torsion if some group has any, and f_k, up to the largest k of any row. A row that ends
    earlier has 0 there, which is its Betti number or number of cells; one that has no such numbers at all has "--".
    Betti numbers over the field of p elements are headed β_k(F_p); those over Q are those over Z.

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.from_expression("1 - |x| - |y|")
    >>> cx = pr.subdivide(net, level=0)
    >>> print(pr.latex_table({"F > 0": [pr.homology(cx.region(">")), cx], "F < 0": pr.betti_numbers(net, "<")}))
    % \usepackage{amssymb,booktabs}
    \begin{tabular}{lrrrrr}
    \toprule
     & $\beta_0$ & $\beta_1$ & $f_0$ & $f_1$ & $f_2$ \\
    \midrule
    F \textgreater{} 0 & 1 & 0 & 5 & 12 & 8 \\
    F \textless{} 0 & 1 & 1 & -- & -- & -- \\
    \bottomrule
    \end{tabular}

    With a row for each epoch of a training: ``latex_table({row.epoch: row.betti for row in recorder.rows})``.
    """
    begin, end = _environment(caption, label)
    rows, headings = _rows(source)
    headings[0] = _text(heading, "heading") or headings[0]
    names = [Column("l", text, column) for text, column in zip(headings, _names(rows), strict=False)]
    if heading and not names:
        raise InputError("heading: this table has no column of names; give a mapping from names to rows")
    numbers = _columns([row.entries for row in rows])
    if not numbers:
        raise InputError("latex_table: expected at least one row with numbers")
    columns = [*names, *numbers]
    lines = [" & ".join(line) + r" \\" for line in zip(*(column.entries for column in columns), strict=True)]
    if len(names) == 2:
        for i in range(len(rows) - 1, 0, -1):
            if names[0].entries[i]:
                lines.insert(i, r"\addlinespace")
    return "\n".join([
        r"% \usepackage{amssymb,booktabs}",
        *begin,
        rf"\begin{{tabular}}{{{''.join(column.alignment for column in columns)}}}",
        r"\toprule",
        " & ".join(column.heading for column in columns) + r" \\",
        r"\midrule",
        *lines,
        r"\bottomrule",
        r"\end{tabular}",
        *end,
    ])  # fmt: skip


def _environment(caption: str | None, label: str | None) -> tuple[list[str], list[str]]:
    """What stands before and after the tabular environment."""
    if caption is None:
        if label is not None:
            raise InputError("label: a table has its number from a caption; give both")
        return [], []
    begin = [r"\begin{table}", r"\centering", rf"\caption{{{_text(caption, 'caption')}}}"]
    if label is not None:
        if not isinstance(label, str) or not re.fullmatch(r"[A-Za-z0-9:.+/*_-]+", label):
            raise InputError(f"label: expected letters, digits and any of : . + / * _ -, got {describe(label)}")
        begin.append(rf"\label{{{label}}}")
    return begin, [r"\end{table}"]


# ---- rows ----------------------------------------------------------------------------------------------------------


def _rows(source: Any) -> tuple[list[Row], list[str]]:
    """The rows, and the headings of their names."""
    parts = _parts(source)
    if parts is None:
        return [Row((), _entries(source))], [""]
    rows, below = [], ""
    for name, value in parts.rows:
        inner = _parts(value)
        if inner is None:
            rows.append(Row((name,), _entries(value)))
        else:
            below = below or inner.heading
            rows += [Row((name, part), _entries(x)) for part, x in inner.rows]
    return rows, [parts.heading, below]


def _names(rows: list[Row]) -> list[list[str]]:
    """The names by columns, the first of two only where it begins."""
    width = max((len(row.names) for row in rows), default=0)
    columns = [[*names] for names in zip(*((*row.names, "")[:width] for row in rows), strict=True)]
    if width == 2:
        for i in range(len(rows) - 1, 0, -1):
            if len(rows[i].names) == 2 and rows[i].names[0] == rows[i - 1].names[0]:
                columns[0][i] = ""
    return columns


def _parts(value: Any) -> Parts | None:
    """The rows of a value with several, or None if it is a row."""
    if isinstance(value, LayerwiseHomology):
        sets = ("$X$" if i == 0 else rf"$\varphi_{_index(i)}(X)$" for i in range(len(value)))
        return Parts("set", list(zip(sets, value, strict=True)))
    if isinstance(value, ClassesReport):
        return Parts("class", [*((str(i), x) for i, x in enumerate(value.classes)), ("boundary", value.boundary)])
    if isinstance(value, FormulasReport):
        texts = (_text(str(f).replace("<=", "≤").replace(">=", "≥"), "") for f in value.formulas)
        return Parts("formula", list(zip(texts, value.homology, strict=True)))
    if isinstance(value, Mapping):
        return Parts("", [(_name(name), x) for name, x in value.items()])
    if isinstance(value, (list, tuple)) and value and all(_is_unknown(x) or _is_betti(x) for x in value):
        return Parts("", [(str(i), x) for i, x in enumerate(value)])
    return None


def _entries(value: Any) -> Entries:
    """What a row has."""
    if _is_unknown(value):
        return Entries({})
    if isinstance(value, Homology):
        field = value.coefficients if isinstance(value.coefficients, int) else 0
        return Entries({Series(BETTI, field): value.betti}, _torsion(value) if value.coefficients == "Z" else None)
    if isinstance(value, RegionReport):
        cells = {} if value.f_vector is None else {Series(CELLS): value.f_vector}
        numbers, torsion = _entries(value.homology)
        return Entries({**numbers, **cells}, torsion)
    if isinstance(value, (PolyhedralComplex, CellSet)):
        cx = value.complex if isinstance(value, CellSet) else value
        if isinstance(cx, PolyhedralComplex):
            cx.require_complete("latex_table")
        return Entries({Series(CELLS): value.f_vector})
    if isinstance(value, CellCounts):
        return Entries({Series(CELLS): value.f_vector})
    if _is_betti(value):
        return Entries({Series(BETTI): tuple(int(x) for x in value)})
    if isinstance(value, (list, tuple)) and value and not any(_is_nested(x) for x in value):
        return _joined([_entries(x) for x in value])
    raise InputError(
        "latex_table: expected Homology, Betti numbers, a complex or set of cells, CellCounts, a report, a list of "
        f"these, or a mapping from names to these, got {describe(value)}"
    )


def _joined(several: list[Entries]) -> Entries:
    """The entries of one row."""
    numbers: dict[Series, tuple[int, ...]] = {}
    for entries in several:
        for series, values in entries.numbers.items():
            if series in numbers:
                raise InputError(
                    f"latex_table: a row has {series.heading(0)} twice; give each object a row of its own, by a "
                    "mapping from names"
                )
            numbers[series] = values
    return Entries(numbers, next((entries.torsion for entries in several if entries.torsion is not None), None))


def _index(k: int) -> str:
    """A number as a subscript."""
    return str(k) if k < 10 else f"{{{k}}}"


def _is_unknown(value: Any) -> bool:
    return value is None or isinstance(value, PolyreluError)


def _is_betti(value: Any) -> bool:
    return (
        isinstance(value, (list, tuple))
        and len(value) > 0
        and all(isinstance(x, (int, np.integer)) and not isinstance(x, bool) and x >= 0 for x in value)
    )


def _is_nested(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and not _is_betti(value)


def _torsion(groups: Homology) -> str:
    found = []
    for k, factors in enumerate(groups.torsion):
        if factors:
            sum_ = r" \oplus ".join(rf"\mathbb{{Z}}/{show(m)}" for m in factors)
            found.append(f"$H_{_index(k)}$: ${sum_}$")
    return ", ".join(found)


def _name(name: Any) -> str:
    if isinstance(name, (int, np.integer, Fraction)) and not isinstance(name, bool):
        return f"${show(name if isinstance(name, Fraction) else int(name))}$"
    if not isinstance(name, str):
        raise InputError(f"latex_table: expected a string or a number as the name of a row, got {describe(name)}")
    return _text(name, "name")


def _text(text: Any, where: str) -> str:
    if not isinstance(text, str):
        raise InputError(f"{where}: expected a string, got {describe(text)}")
    return escape(visible(text))


# ---- columns -------------------------------------------------------------------------------------------------------


def _columns(rows: list[Entries]) -> list[Column]:
    """The columns of numbers: Betti numbers, torsion, cells."""
    series = sorted({series for row in rows for series in row.numbers})
    by_symbol = {
        symbol: [column for s in series if s.symbol == symbol for column in _numbers(s, rows)]
        for symbol in (BETTI, CELLS)
    }
    torsion = []
    if any(row.torsion for row in rows):
        entries = [UNKNOWN if row.torsion is None else row.torsion or "$0$" for row in rows]
        torsion = [Column("l", "torsion", entries)]
    return [*by_symbol[BETTI], *torsion, *by_symbol[CELLS]]


def _numbers(series: Series, rows: list[Entries]) -> Iterator[Column]:
    values = [row.numbers.get(series) for row in rows]
    for k in range(max(len(row) for row in values if row is not None)):
        entries = [UNKNOWN if row is None else show(row[k]) if k < len(row) else "0" for row in values]
        yield Column("r", series.heading(k), entries)
