"""Network files in the NNet format, in which the ACAS Xu networks were published.

Text of comma-separated numbers: comment lines starting with //; the number of layers, inputs, outputs and the largest
width; the widths, inputs first; a line that is no longer used; the lower and the upper bounds of the inputs; the means
and the ranges of the inputs, with one more of each for the outputs; then for every layer its weights, a row to a line,
and its biases, one to a line. All hidden neurons are ReLUs.

A number is the decimal that is written, exactly: "0.1" is one tenth, and nothing is rounded to a double.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

from polyrelu.errors import DomainError, FileError, NetworkError, NumberError
from polyrelu.exact.memory import spend, spend_numbers
from polyrelu.exact.rational import MAX_ENTRIES, describe, exact, show
from polyrelu.files import checked_path
from polyrelu.geometry.domain import Domain
from polyrelu.network.network import Network
from polyrelu.readers.assembly import Assembly
from polyrelu.readers.files import read_bytes, reading


def read_nnet(path: str | os.PathLike[str], normalise: bool = False) -> Network:
    """The network in an NNet file.

    By default the network has the weights of the file and takes normalised inputs x' = (x − mean) / range. With
    `normalise` it is in the units of the file's bounds: its first layer maps x to x', and the outputs y' become
    y' · range + mean, exactly. If the two differ, `Network.units` states the units, and without `normalise` so does
    `Network.assumptions`. The bounds of the inputs do not restrict the network; `read_nnet_domain` returns them.

    Raises FileError if the file is not of the format, NetworkError if widths do not fit, and NumberError if an entry is
    not a number. Every message starts with the path, and messages about the content name the line.
    """
    shown, target = checked_path(path)
    with reading(shown):
        return _network(_lines(target), normalise)


def read_nnet_domain(path: str | os.PathLike[str], normalise: bool = False) -> Domain:
    """The box of inputs in an NNet file, exactly: a domain for the network `read_nnet(path, normalise)`.

    The box has units, and a network in other units is not subdivided over it. Errors are as for `read_nnet`; FileError
    is also raised if the bounds do not form a box.
    """
    shown, target = checked_path(path)
    with reading(shown):
        lines = _lines(target)
        inputs = _widths(lines)[0]
        lines.skip(UNUSED)
        low, high = (lines.numbers(inputs, what) for what in BOUNDS)
        try:
            box = Domain.box(low, high)
        except DomainError as error:
            raise FileError(f"bounds of the inputs: {error}") from None
        means, ranges = _scales(lines, inputs)
        units = _units(means, ranges, normalise)
        if normalise:
            return box.in_units(units)
        pairs = list(zip(means[:-1], ranges[:-1], strict=True))
        ends = [[(x - mean) / scale for x, (mean, scale) in zip(side, pairs, strict=True)] for side in (low, high)]
        sides = [[choose(pair) for pair in zip(*ends, strict=True)] for choose in (min, max)]
        return Domain.box(*sides).in_units(units)


def _lines(target: str) -> _Lines:
    data = read_bytes(target)
    if data.count(b"\n") > MAX_LINES:
        raise FileError(f"has more than {MAX_LINES} lines; expected a network in the NNet format")
    spend(len(data) if data.isascii() else 4 * len(data), "its text")
    try:
        return _Lines(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise FileError(f"not UTF-8 text (byte {error.start + 1}); expected a network in the NNet format") from None


FILE_UNITS = "the units of the file's bounds"
NORMALISED = "the normalised units (x − mean) / range"
NOTE = (
    "inputs and outputs are taken in the normalised units that the NNet file's weights are for, (x − mean) / range; "
    "polyrelu.readers.nnet.read_nnet(path, normalise=True) takes those of its bounds"
)

MAX_LINES = MAX_ENTRIES
"""Maximum number of lines, blank ones and comments included."""

_WORD = 60  # bytes of a short string in a list

UNUSED = "a line that is not used"
BOUNDS = ("lower bounds of the inputs", "upper bounds of the inputs")


class _Lines:
    """The lines of numbers of a file, in order; comments and blank lines are left out."""

    def __init__(self, text: str) -> None:
        self._lines: Iterator[tuple[int, str]] = (
            (number, line)
            for number, line in enumerate(_split(text), 1)
            if line.strip() and not line.lstrip().startswith("//")
        )

    def numbers(self, count: int, what: str) -> list[Fraction]:
        """The numbers of the next line, of which there must be `count`."""
        number, line = self._next(what)
        line = line.removesuffix(",")
        if (found := line.count(",") + 1) != count:
            raise FileError(f"line {number}: expected {count} numbers ({what}), got {found}")
        spend(_WORD * count, what)
        values = [exact(part, f"line {number} ({what}), number {k}") for k, part in enumerate(line.split(","), 1)]
        spend_numbers(values, what)
        return values

    def integers(self, count: int, what: str) -> list[int]:
        """The numbers of the next line, which must be positive integers."""
        values = self.numbers(count, what)
        if any(value.denominator != 1 or value < 1 for value in values):
            raise FileError(f"{what}: expected positive integers")
        return [value.numerator for value in values]

    def skip(self, what: str) -> None:
        """Pass one line over."""
        self._next(what)

    def end(self) -> None:
        """Check that no line is left."""
        for number, line in self._lines:
            raise FileError(f"line {number}: expected the end of the file, got {describe(line)}")

    def _next(self, what: str) -> tuple[int, str]:
        for number, line in self._lines:
            return number, line.strip()
        raise FileError(f"the file ends where {what} should be; expected a network in the NNet format")


def _split(text: str) -> Iterator[str]:
    """The lines, one at a time."""
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start:end]
        start = end + 1
    yield text[start:]


def _widths(lines: _Lines) -> list[int]:
    depth, inputs, outputs, _ = lines.integers(4, "number of layers, inputs, outputs and largest width")
    if depth > MAX_ENTRIES:
        raise FileError(f"expected at most {MAX_ENTRIES} layers, got {depth}")
    widths = lines.integers(depth + 1, "widths")
    if (widths[0], widths[-1]) != (inputs, outputs):
        raise NetworkError(f"the widths are {widths[0]} to {widths[-1]}, but inputs and outputs {inputs} and {outputs}")
    return widths


def _scales(lines: _Lines, inputs: int) -> tuple[list[Fraction], list[Fraction]]:
    """The means and the ranges of the inputs and, last, of the outputs."""
    means, ranges = lines.numbers(inputs + 1, "means"), lines.numbers(inputs + 1, "ranges")
    if not all(ranges):
        raise NumberError("ranges: expected numbers other than zero")
    return means, ranges


def _is_scaled(means: list[Fraction], ranges: list[Fraction]) -> bool:
    return any(means) or any(scale != 1 for scale in ranges)


def _units(means: list[Fraction], ranges: list[Fraction], normalise: bool) -> tuple[str, ...]:
    """The units of the inputs, as of `Network.units`; none where the file's two are the same."""
    if not _is_scaled(means[:-1], ranges[:-1]):
        return ()
    if normalise:
        return (FILE_UNITS,)
    return (NORMALISED, *map(show, means[:-1]), *map(show, ranges[:-1]))


def _network(lines: _Lines, normalise: bool) -> Network:
    widths = _widths(lines)
    depth, inputs = len(widths) - 1, widths[0]
    for what in (UNUSED, *BOUNDS):
        lines.skip(what)
    means, ranges = _scales(lines, inputs)
    assembly = Assembly(inputs)
    signal = assembly.input
    if normalise:
        factors = [1 / scale for scale in ranges[:-1]]
        signal = assembly.scale(signal, factors, [-m * f for m, f in zip(means[:-1], factors, strict=True)])
    for k, (before, width) in enumerate(pairwise(widths), 1):
        assembly.place = f"layer {k}"
        weight = [lines.numbers(before, f"weights of layer {k}, row {i}") for i in range(1, width + 1)]
        bias = [lines.numbers(1, f"bias {i} of layer {k}")[0] for i in range(1, width + 1)]
        signal = assembly.affine(signal, weight, bias)
        if k < depth:
            signal = assembly.activation(signal)
    lines.end()
    if normalise:
        signal = assembly.scale(signal, ranges[-1], means[-1])
    notes = [NOTE] if _is_scaled(means, ranges) and not normalise else []
    return assembly.finish(signal).noted(*notes, units=_units(means, ranges, normalise))
