"""Colours that also the colour-blind tell apart: Okabe & Ito, Color Universal Design (2008)."""

from __future__ import annotations

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P")
GREY = "#555555"
INK = "#1A1A1A"

SIGN_COLOURS = {1: "#79BDE8", 0: "#D55E00", -1: "#FBEFD5"}
"""Of F > t, F = t and F < t: blue, vermilion and sand, which in grey are middle, dark and light."""

TIE_COLOUR = "#555555"

CYCLE_COLOURS = ("#B5197E", "#007A5A", "#D55E00", "#0072B2")
"""Of cycles, drawn over all the others."""

_TINTED = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#F0E442", "#0072B2", "#D55E00", "#999999")
_TINTS = (0.42, 0.7, 0.15)


def tints(count: int) -> list[str]:
    """Colours for areas, `count` of them, distinct up to 24 and then from the start again."""
    return [_tint(_TINTED[i % len(_TINTED)], _TINTS[i // len(_TINTED) % len(_TINTS)]) for i in range(count)]


def cycle_colour(i: int) -> str:
    """The colour of cycle number i."""
    return CYCLE_COLOURS[i % len(CYCLE_COLOURS)]


def rgb(colour: str) -> tuple[float, float, float]:
    """A colour "#rrggbb" as three numbers from 0 to 1."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def _tint(colour: str, white: float) -> str:
    mixed = (round(255 * (white + (1 - white) * part)) for part in rgb(colour))
    return "#" + "".join(f"{part:02X}" for part in mixed)
