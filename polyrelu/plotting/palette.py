"""Colours made from those of Okabe & Ito, Color Universal Design (2008), which the colour-blind distinguish as well."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from itertools import cycle, islice
from typing import Any

from polyrelu.errors import InputError, MissingDependencyError
from polyrelu.exact.rational import describe, entries

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P")
GREY = "#555555"
INK = "#1A1A1A"

SIGN_COLOURS = {1: "#79BDE8", 0: "#D55E00", -1: "#FBEFD5"}
"""The colours of F > t, F = t and F < t: blue, vermilion and sand, which in grey are middle, dark and light."""

POINT_COLOURS = {1: "#005A8F", -1: "#A65E00"}
"""The colours of data points of the classes F > t and F < t: dark ones of the hues of SIGN_COLOURS."""

TIE_COLOUR = "#555555"

CYCLE_COLOURS = ("#B5197E", "#007A5A", "#D55E00", "#0072B2")
"""The colours of cycles, which are drawn over all others."""

_HUES = (
    ("#56B4E9", 0.42), ("#E69F00", 0.42), ("#009E73", 0.2), ("#CC79A7", 0.25),
    ("#F0E442", 0.8), ("#0072B2", 0.2), ("#D55E00", 0.45), ("#999999", 0.55),
)  # fmt: skip
"""The hues of areas, and the amounts of white that are added: not everybody distinguishes hue or lightness alone."""
_DARK = 0.2
"""The amounts of black that are added to the hues for lines."""


def tints(count: int) -> list[str]:
    """`count` colours for areas, the first 24 of them distinct, after which they repeat.

    Any two of the first eight, and TIE_COLOUR, are farther apart than 12 in CIELAB, also as protanopes, deuteranopes
    and tritanopes see them. Later ones have the same hues with more or less white.
    """
    return [_mixed(hue, 1, _amount(white, i)) for i, (hue, white) in enumerate(islice(cycle(_HUES), count))]


def strokes(count: int) -> list[str]:
    """`count` colours for lines on white: the hues of `tints`, darker."""
    return [_mixed(hue, 0, _amount(_DARK, i)) for i, (hue, _) in enumerate(islice(cycle(_HUES), count))]


def mean_colour(one: str, two: str) -> str:
    """The colour in the middle of two."""
    parts = (round(255 * (a + b) / 2) for a, b in zip(rgb(one), rgb(two), strict=True))
    return "#" + "".join(f"{part:02X}" for part in parts)


def darker(colour: str) -> str:
    """A darker colour of the same hue, for points on an area of this colour."""
    return _mixed(colour, 0, 0.45)


def read_palette(palette: Any, keys: Sequence[Hashable], least: int) -> list[str | None]:
    """The chosen colours in the order of the keys, None where none was chosen; without keys all that were given.

    A mapping has colours of some keys; a sequence has at least `least` colours, for the keys from the first on; a
    string is the name of a colour map of matplotlib. A colour is "#rrggbb", "#rgb" or a name that matplotlib knows.
    InputError for anything else.
    """
    count = max(len(keys), least)
    if isinstance(palette, str):
        return [*_colour_map(palette, least), *[None] * (count - least)]
    if isinstance(palette, Mapping):
        if not keys:
            raise InputError("palette: colours of patterns and maps have no names; give a list of colours")
        given = dict(palette.items())
        for key in given:
            if key not in keys:
                expected = ", ".join(map(repr, keys))
                raise InputError(f"palette: expected colours of {expected}, got one of {describe(key)}")
        return [read_colour(given[key]) if key in given else None for key in keys]
    items = entries(palette, "palette")
    if items is None or len(items) < least or (keys and len(items) > len(keys)):
        got = describe(palette) if items is None else f"{len(items)}"
        raise InputError(f"palette: expected {least} colours or the name of a colour map, got {got}")
    colours: list[str | None] = [read_colour(x) for x in items]
    return [*colours, *[None] * (count - len(colours))]


def read_colour(colour: Any, where: str = "palette") -> str:
    """A colour as "#RRGGBB". InputError for anything else."""
    if isinstance(colour, str):
        if re.fullmatch("#[0-9A-Fa-f]{6}", colour):
            return colour.upper()
        if re.fullmatch("#[0-9A-Fa-f]{3}", colour):
            return "#" + "".join(2 * digit for digit in colour[1:]).upper()
    if isinstance(colour, (str, tuple)):
        colors = _matplotlib("colors")
        try:
            return str(colors.to_hex(colour)).upper()
        except Exception:
            pass  # whatever is wrong with it, it is no colour
    raise InputError(f"{where}: expected a colour such as '#0072B2' or 'orange', got {describe(colour)}")


def _colour_map(name: str, count: int) -> list[str]:
    """`count` colours of a colour map: the first ones of a list of colours, else evenly spaced ones."""
    colors = _matplotlib("colors")
    try:
        chosen = _matplotlib("colormaps")[name]
    except KeyError:
        raise InputError(f"palette: matplotlib has no colour map {describe(name)}") from None
    if isinstance(chosen, colors.ListedColormap) and count <= chosen.N <= 20:
        places: list[Any] = list(range(count))
    else:
        places = [i / max(count - 1, 1) for i in range(count)]
    return [str(colors.to_hex(chosen(place))).upper() for place in places]


def _matplotlib(part: str) -> Any:
    try:
        import matplotlib
        import matplotlib.colors
    except ImportError:
        raise MissingDependencyError(
            "names of colours need matplotlib: pip install 'polyrelu[plot]'", "plot"
        ) from None
    return getattr(matplotlib, part)


def cycle_colour(i: int) -> str:
    """The colour of cycle number i."""
    return CYCLE_COLOURS[i % len(CYCLE_COLOURS)]


def rgb(colour: str) -> tuple[float, float, float]:
    """A colour "#rrggbb" as three numbers from 0 to 1."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def _amount(first: float, i: int) -> float:
    """The amount of white or black in colour number i, a different one in each of three rounds of the hues."""
    return (first + 0.3 * (i // len(_HUES))) % 0.9


def _mixed(colour: str, grey: int, amount: float) -> str:
    """A colour mixed with an amount of white (1) or black (0)."""
    mixed = (round(255 * (amount * grey + (1 - amount) * part)) for part in rgb(colour))
    return "#" + "".join(f"{part:02X}" for part in mixed)
