"""Colours made from those of Okabe & Ito, Color Universal Design (2008), which the colour-blind distinguish as well."""

from __future__ import annotations

from itertools import cycle, islice

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P")
GREY = "#555555"
INK = "#1A1A1A"

SIGN_COLOURS = {1: "#79BDE8", 0: "#D55E00", -1: "#FBEFD5"}
"""The colours of F > t, F = t and F < t: blue, vermilion and sand, which in grey are middle, dark and light."""

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
