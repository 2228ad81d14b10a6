"""The networks of the suite: seeded, each with what is known of its complex and how it is known."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from math import comb
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests"))  # known answers and the plain-Python reference

from polyrelu import Network, PolyhedralComplex  # noqa: E402
from support.known_answers import random_float32, shells  # noqa: E402

LEVELS = ("quick", "full", "large")
"""When a case runs: with --quick (and always), by default, or only with --large."""


@dataclass(frozen=True)
class Case:
    """A network, and what is known of C(F, 0) and of the homology of {F > 0}.

    group: the kind of network, or the family that grows.
    cuts: None for `random_float32(architecture)`, else for `shells(architecture, cuts)`.
    f_vector: of C(F, 0); canonical: of C(F); regions: of C(F); betti: of {F > 0}; None if not known.
    source: what is known without this library, and from where. Everything else was counted by it before.
    gmp: also measure the core with GMP throughout. reference: also compare with the plain-Python reference.
    """

    name: str
    group: str
    architecture: tuple[int, ...]
    cuts: tuple[int, ...] | None = None
    f_vector: tuple[int, ...] | None = None
    regions: int | None = None
    canonical: tuple[int, ...] | None = None
    betti: tuple[int, ...] | None = None
    source: str = "regression only"
    level: str = "full"
    gmp: bool = False
    reference: bool = False

    def network(self) -> Network:
        """The network."""
        if self.cuts is None:
            return random_float32(self.architecture)
        return shells(self.architecture, self.cuts)

    def check_complex(self, cx: PolyhedralComplex) -> None:
        """Compare C(F, 0) with what is known; AssertionError at a difference.

        The cells of R^d are relatively open cells that cover it, so that their alternating sum is (−1)^d.
        """
        d = cx.input_dim
        agree("alternating sum", sum((-1) ** k * n for k, n in enumerate(cx.f_vector)), (-1) ** d)
        if self.f_vector is not None:
            agree("f-vector", cx.f_vector, self.f_vector)
        if self.regions is not None:
            agree("regions of C(F)", cx.canonical_f_vector[-1], self.regions)
        if self.canonical is not None:
            agree("f-vector of C(F)", cx.canonical_f_vector, self.canonical)

    def check_betti(self, betti: tuple[int, ...]) -> None:
        """Compare the Betti numbers of {F > 0} with what is known."""
        if self.betti is not None:
            agree("Betti numbers", betti, self.betti)


def agree(what: str, found: object, expected: object) -> None:
    """AssertionError naming both unless they are equal."""
    if found != expected:
        raise AssertionError(f"{what}: found {found}, expected {expected}")


def simple_arrangement(n: int, d: int) -> tuple[int, ...]:
    """The f-vector of n ≥ d hyperplanes in general position in R^d (R. C. Buck, Partition of space, 1943)."""
    return tuple(comb(n, d - k) * sum(comb(n - d + k, i) for i in range(k + 1)) for k in range(d + 1))


def shell_betti(architecture: tuple[int, ...], cuts: tuple[int, ...]) -> tuple[int, ...]:
    """Betti numbers of {F > 0} for shells; the formula is in tests/support/known_answers.py."""
    d, *hidden, _ = architecture
    tips = 1
    for n in hidden[:-1]:
        tips *= 2 * (n // (2 * d))
    half = tips // 2
    first = sum((half + 1) ** k * half * ((c + 1) // 2) for k, c in enumerate(cuts, start=1))
    return (first, *((half - 1) ** k * half * (c // 2) for k, c in enumerate(cuts, start=1)))


def _name(architecture: tuple[int, ...], cuts: tuple[int, ...] | None = None) -> str:
    hidden = architecture[1:-1]
    same = len(hidden) > 4 and len(set(hidden)) == 1
    middle = f"{hidden[0]}×{len(hidden)}" if same else "-".join(map(str, hidden))
    name = f"{architecture[0]}-{middle}-{architecture[-1]}"
    return f"random {name}" if cuts is None else f"shells {name} c={','.join(map(str, cuts))}"


def _random(group: str, *architecture: int, **known: object) -> Case:
    return Case(_name(architecture), group, architecture, **known)  # type: ignore[arg-type]


def _shells(architecture: tuple[int, ...], cuts: tuple[int, ...], group: str = "shells", **known: object) -> Case:
    known |= {"betti": shell_betti(architecture, cuts), "source": "Betti: formula"}
    return Case(_name(architecture, cuts), group, architecture, cuts, **known)  # type: ignore[arg-type]


COUNT = "regions of C(F, 0): tests/support/known_answers.py"
PPL = "regions of C(F): PPL splitter"  # as sets; benchmarks/peers.py

CASES = (
    _random("random", 2, 16, 16, 1, f_vector=(486, 1003, 518), betti=(1, 0), source=COUNT, level="quick",
            gmp=True, reference=True),
    _random("random", 3, 16, 16, 1, f_vector=(4458, 13847, 14348, 4960), betti=(1, 2, 0), source=COUNT, level="quick",
            gmp=True),
    _random("random", 2, 64, 64, 64, 1, f_vector=(16734, 33642, 16909), regions=16513, betti=(1, 0),
            source=PPL, level="quick", gmp=True),
    _random("random", 3, 32, 32, 1, f_vector=(48316, 146986, 149093, 50424), betti=(1, 0, 0), source=COUNT,
            level="quick", gmp=True),
    _random("random", 3, 64, 64, 1, f_vector=(335170, 1013259, 1021139, 343051), betti=(1, 0, 0)),
    _random("random", 4, 24, 24, 1, f_vector=(203995, 834126, 1279394, 872438, 223176), betti=(2, 0, 0, 0)),
    _random("random", 5, 16, 16, 1, f_vector=(157138, 821303, 1719861, 1803680, 947329, 199346), betti=(1, 0, 0, 0, 0)),
    _shells((2, 8, 6, 1), (2,), f_vector=(115, 250, 136), level="quick", gmp=True, reference=True),
    _shells((3, 6, 6, 4, 1), (2, 2), f_vector=(861, 2978, 3484, 1368), level="quick", gmp=True),
    _shells((2, 16, 16, 6, 1), (5,), f_vector=(45825, 92420, 46596), level="quick", gmp=True),
    _shells((4, 8, 10, 1), (2, 2, 2), f_vector=(1364, 6566, 11805, 9404, 2802), level="quick", gmp=True),
    _shells((2, 32, 32, 8, 1), (8,), f_vector=(1118721, 2242052, 1123332)),
    _shells((4, 16, 16, 12, 1), (2, 2, 2), f_vector=(813825, 3425032, 5616664, 4230176, 1224720)),
    _shells((3, 24, 24, 12, 1), (4, 4), level="large"),
    _random("deep", 2, *(8,) * 10, 1, f_vector=(1898, 3825, 1928), regions=1928, betti=(0, 0), source=PPL,
            level="quick", gmp=True),
    _random("deep", 2, *(8,) * 16, 1, f_vector=(2852, 5733, 2882), regions=2882, betti=(1, 0), source=PPL,
            level="quick", gmp=True),
    _random("deep", 2, *(16,) * 8, 1, f_vector=(9133, 18410, 9278), regions=9101, betti=(2, 0), source=PPL,
            gmp=True),
    _random("wide", 2, 200, 1, canonical=simple_arrangement(200, 2), f_vector=(20048, 40297, 20250), betti=(1, 0),
            source="C(F): Buck 1943", level="quick", gmp=True),
    _random("wide", 3, 100, 1, canonical=simple_arrangement(100, 3), f_vector=(170129, 515506, 520725, 175349),
            betti=(1, 0, 0), source="C(F): Buck 1943"),
    _random("dimension", 6, 8, 4, 1, f_vector=(840, 6027, 18247, 29830, 27761, 13938, 2948), regions=1953,
            betti=(1, 0, 0, 0, 0, 0), source=PPL, level="quick", gmp=True),
    _random("dimension", 6, 12, 8, 1, f_vector=(49931, 315636, 835557, 1186043, 952389, 410304, 74107),
            betti=(1, 0, 0, 0, 0, 0)),
    _random("dimension", 7, 10, 8, 1,
            f_vector=(32401, 245090, 799210, 1457339, 1605973, 1070222, 399583, 64517), betti=(1, 0, 0, 0, 0, 0, 0)),
    _random("dimension", 8, 10, 6, 1,
            f_vector=(12581, 116576, 474981, 1112379, 1639028, 1556988, 931834, 321440, 48960),
            betti=(1, 0, 0, 0, 0, 0, 0, 0)),
)

GROWTH = (
    *(_random("random, d = 2", 2, n, n, 1, level="quick" if n <= 96 else "full") for n in (16, 32, 64, 96, 192)),
    *(_random("random, d = 3", 3, n, n, 1, level="quick" if n <= 32 else "full") for n in (8, 16, 24, 32, 48, 64, 80)),
    *(_random("random, d = 4", 4, n, n, 1, level="quick" if n <= 12 else "full") for n in (6, 8, 12, 16, 20, 24)),
    *(_shells((2, n, n, 8, 1), (8,), "shells, d = 2", level="quick" if n < 24 else "full") for n in (4, 8, 16, 24, 32)),
    *(_shells((3, n, n, 8, 1), (2, 2), "shells, d = 3", level="quick" if n <= 6 else "full") for n in (6, 12, 18)),
)
"""Families that grow; the group is the family."""

CALLGRIND = tuple(
    case
    for case in CASES
    if case.name
    in (
        "random 2-16-16-1",
        "random 3-16-16-1",
        "random 2-8×10-1",
        "shells 2-8-6-1 c=2",
        "shells 3-6-6-4-1 c=2,2",
        "shells 4-8-10-1 c=2,2,2",
    )
)
"""Small fixed networks for counting instructions."""


def chosen(cases: tuple[Case, ...], level: str) -> list[Case]:
    """The cases that run at a level."""
    return [case for case in cases if LEVELS.index(case.level) <= LEVELS.index(level)]
