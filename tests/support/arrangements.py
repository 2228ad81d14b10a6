"""Hyperplane arrangements whose faces have been counted, and a count of the faces of any small arrangement.

Stanley: R. P. Stanley, "An Introduction to Hyperplane Arrangements", Geometric Combinatorics, IAS/Park City Math. Ser.
13 (2007) 389-496. Zaslavsky: T. Zaslavsky, "Facing up to arrangements", Mem. Amer. Math. Soc. 154 (1975). Athanasiadis:
C. A. Athanasiadis, "Characteristic polynomials of subspace arrangements and finite fields", Adv. Math. 122 (1996)
193-233. Postnikov and Stanley: "Deformations of Coxeter hyperplane arrangements", J. Combin. Theory A 91 (2000)
544-597.

With the characteristic polynomial χ an arrangement has |χ(−1)| regions, and |χ(1)| of them are bounded modulo the
common lineality (Zaslavsky, theorems A and C). For a large prime q, χ(q) is the number of points of F_q^n on none of
the hyperplanes (Athanasiadis; Stanley, lecture 5), from which most of the polynomials below are read off.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import combinations, product
from math import comb, factorial, prod
from random import Random
from typing import NamedTuple

from polyrelu.network.network import Network
from support.reference import echelon

Form = tuple[int, ...]  # (b, a_1, ..., a_n): the hyperplane a·x + b = 0


class Arrangement(NamedTuple):
    """An arrangement in R^n, and what is known of it; None where no closed form is.

    bounded: the number of regions that are bounded modulo lineality; f_vector: all faces by dimension 0..n.
    """

    name: str
    forms: list[Form]
    lineality_dim: int
    regions: int
    bounded: int | None = None
    f_vector: tuple[int, ...] | None = None

    def network(self, seed: int | None = None) -> Network:
        """A network of one hidden layer whose neurons vanish on the hyperplanes.

        With a seed the neurons are in random order, multiplied by random factors of either sign, and some are there
        several times: the complex is the same.
        """
        rows: list[tuple[Fraction, ...]] = [tuple(map(Fraction, form)) for form in self.forms]
        if seed is not None:
            rng = Random(seed)
            rows += rng.choices(rows, k=max(2, len(rows) // 3))
            rng.shuffle(rows)
            factors = [Fraction(rng.choice([-1, 1]) * rng.randint(1, 9), rng.randint(1, 9)) for _ in rows]
            rows = [tuple(f * x for x in row) for f, row in zip(factors, rows, strict=True)]
        weights, biases = [row[1:] for row in rows], [row[0] for row in rows]
        return Network([weights, [[1] * len(rows)]], [biases, [0]])


def counted(
    name: str,
    forms: list[Form],
    lineality_dim: int,
    chi: Callable[[int], int],
    f_vector: Sequence[int] | None = None,
) -> Arrangement:
    """An arrangement with the characteristic polynomial `chi`."""
    return Arrangement(
        name, forms, lineality_dim, abs(chi(-1)), abs(chi(1)), None if f_vector is None else tuple(f_vector)
    )


def form(n: int, entries: dict[int, int], constant: int = 0) -> Form:
    return (constant, *(entries.get(i, 0) for i in range(n)))


def differences(n: int, values: Sequence[int], both: bool = False) -> list[Form]:
    """x_i − x_j = v for i < j, or with `both` for i ≠ j (each hyperplane once), and v in values."""
    found = [form(n, {i: 1, j: -1}, -v) for i, j in combinations(range(n), 2) for v in values]
    if both:
        found += [form(n, {i: 1, j: -1}, v) for i, j in combinations(range(n), 2) for v in values if v]
    return found


def stirling(n: int, k: int) -> int:
    """S(n, k), the number of partitions of n things into k non-empty blocks."""
    return sum((-1) ** (k - j) * comb(k, j) * j**n for j in range(k + 1)) // factorial(k)


# ---------------------------------------------------------------------------------------------- reflection arrangements


def boolean(n: int) -> Arrangement:
    """x_i = 0: a face is a choice of signs of some coordinates, the others being zero."""
    faces = [comb(n, k) * 2**k for k in range(n + 1)]
    return counted(f"boolean {n}", [form(n, {i: 1}) for i in range(n)], 0, lambda t: (t - 1) ** n, faces)


def braid(n: int) -> Arrangement:
    """x_i = x_j: a face of dimension k is an ordered partition of the coordinates into k blocks; k!·S(n, k) of them.

    χ(t) = t(t−1)…(t−n+1), for all coordinates must differ. Stanley, lecture 2.
    """
    faces = [factorial(k) * stirling(n, k) for k in range(n + 1)]
    return counted(f"braid {n}", differences(n, [0]), 1, lambda t: prod(t - i for i in range(n)), faces)


def type_b(n: int) -> Arrangement:
    """x_i = ±x_j, x_i = 0: coordinates that vanish, and an ordered partition into blocks of the others, with signs.

    Σ_m C(n, m) 2^m k! S(m, k) faces of dimension k, and χ(t) = (t−1)(t−3)…(t−2n+1). Stanley, lecture 5.
    """
    faces = [sum(comb(n, m) * 2**m * factorial(k) * stirling(m, k) for m in range(n + 1)) for k in range(n + 1)]
    forms = [*boolean(n).forms, *type_d(n).forms]
    return counted(f"type B {n}", forms, 0, lambda t: prod(t - 2 * i + 1 for i in range(1, n + 1)), faces)


def type_d(n: int) -> Arrangement:
    """x_i = ±x_j: χ(t) = (t−1)(t−3)…(t−2n+3)(t−n+1). Stanley, lecture 5."""
    forms = [form(n, {i: 1, j: s}) for i, j in combinations(range(n), 2) for s in (-1, 1)]
    return counted(f"type D {n}", forms, 0, lambda t: (t - n + 1) * prod(t - 2 * i + 1 for i in range(1, n)))


# ---------------------------------------------------------------------------------------- deformations of the braid one


def shi(n: int, m: int = 1) -> Arrangement:
    """x_i − x_j = −m+1, …, m for i < j: χ(t) = t(t−mn)^(n−1).

    For m = 1, C(n, k) Σ_i (−1)^i C(n−k, i) (n−i+1)^(n−1) faces of dimension k (Athanasiadis; the regions:
    J.-Y. Shi, Lecture Notes in Math. 1179, 1986).
    """
    faces = None
    if m == 1:
        faces = [
            comb(n, k) * sum((-1) ** i * comb(n - k, i) * (n - i + 1) ** (n - 1) for i in range(n - k + 1))
            for k in range(1, n + 1)
        ]
        faces.insert(0, 0)
    forms = differences(n, range(-m + 1, m + 1))
    return counted(f"Shi {n}, {m}", forms, 1, lambda t: t * (t - m * n) ** (n - 1), faces)


def catalan_polynomial(n: int, m: int, t: int) -> int:
    """t(t−mn−1)…(t−mn−n+1): n people at a round table of t seats, at least m empty seats between any two."""
    return t * prod(t - m * n - i for i in range(1, n)) if n else 1


def catalan(n: int, m: int = 1) -> Arrangement:
    """x_i − x_j = −m, …, m: n!·C_n regions for m = 1, C_n the Catalan number. Athanasiadis; Stanley, lecture 5."""
    forms = differences(n, range(-m, m + 1))
    return counted(f"Catalan {n}, {m}", forms, 1, lambda t: catalan_polynomial(n, m, t))


def semiorder(n: int) -> Arrangement:
    """x_i − x_j = ±1: a region is a semiorder on n labelled things (Stanley, lecture 5).

    Points on none of the hyperplanes are partitions into blocks of equal coordinates with a point for the blocks on no
    hyperplane of the Catalan arrangement: χ(t) = Σ_k S(n, k) χ_Catalan,k(t).
    """

    def chi(t: int) -> int:
        return sum(stirling(n, k) * catalan_polynomial(k, 1, t) for k in range(n + 1))

    return counted(f"semiorder {n}", differences(n, [1], both=True), 1, chi)


def linial(n: int) -> Arrangement:
    """x_i − x_j = 1 for i < j: χ(t) = 2^(−n) t Σ_k C(n, k) (t−k)^(n−1). Postnikov and Stanley."""

    def chi(t: int) -> int:
        total = t * sum(comb(n, k) * (t - k) ** (n - 1) for k in range(n + 1))
        assert total % 2**n == 0
        return total // 2**n

    return counted(f"Linial {n}", differences(n, [1]), 1, chi)


def cycle_graph(n: int) -> Arrangement:
    """x_i = x_{i+1}, cyclically: χ is the chromatic polynomial (t−1)^n + (−1)^n (t−1). Stanley, lecture 2."""
    forms = [form(n, {i: 1, (i + 1) % n: -1}) for i in range(n)]
    return counted(f"cycle {n}", forms, 1, lambda t: (t - 1) ** n + (-1) ** n * (t - 1))


# ---------------------------------------------------------------------------------------------- resonance and threshold


def resonance(n: int) -> Arrangement:
    """Σ_{i in I} x_i = 0 for all non-empty I: no formula is known for the number of regions.

    H. Kamiya, A. Takemura and H. Terao, "Ranking patterns of unfolding models of codimension one", Adv. Appl. Math. 47
    (2011) 379-400; OEIS A034997. The arrangement is central and essential, so its only bounded face is the origin.
    """
    known = {1: 2, 2: 6, 3: 32, 4: 370, 5: 11292, 6: 1066044}
    forms = [(0, *chosen) for chosen in product((0, 1), repeat=n) if any(chosen)]
    return Arrangement(f"resonance {n}", forms, 0, known[n], 0)


def resonance_section(n: int) -> Arrangement:
    """The resonance arrangement cut by the plane x_1 + … + x_n = 1, with x_n eliminated: half as many regions.

    A region of a central arrangement lies on one side of each of its hyperplanes and is cut by any parallel of it on
    that side; opposite regions are on opposite sides (Stanley, lecture 1, on cones).
    """
    forms = [
        (chosen[-1], *(c - chosen[-1] for c in chosen[:-1]))
        for chosen in product((0, 1), repeat=n)
        if any(chosen) and not all(chosen)
    ]
    return Arrangement(f"section of resonance {n}", forms, 0, resonance(n).regions // 2)


def threshold_functions(n: int) -> Arrangement:
    """w_0 + Σ_{i in I} w_i = 0 for all I: a region is a Boolean function of n variables that a half-space cuts out.

    S. Muroga, Threshold Logic and Its Applications, 1971; OEIS A000609. No formula is known.
    """
    known = {1: 4, 2: 14, 3: 104, 4: 1882, 5: 94572}
    forms = [(0, 1, *chosen) for chosen in product((0, 1), repeat=n)]
    return Arrangement(f"threshold functions {n}", forms, 0, known[n], 0)


def threshold_graphs(n: int) -> Arrangement:
    """x_i + x_j = 0: a region is a threshold graph on n labelled vertices (Stanley, exercises).

    Over F_q at most one coordinate is zero, and the others choose for each pair ±a one sign, which any number of them
    take: Σ_n χ_n(q) x^n/n! = (1 + x)(2e^x − 1)^((q−1)/2). At q = −1 and 1 the power has the exponent −1 and 0.
    """
    inverse = [Fraction(1)]  # of 2e^x − 1, by powers of x
    for k in range(1, n + 1):
        inverse.append(-sum(Fraction(2, factorial(i)) * inverse[k - i] for i in range(1, k + 1)))
    regions = abs(factorial(n) * (inverse[n] + inverse[n - 1]))
    assert regions.denominator == 1
    forms = [form(n, {i: 1, j: 1}) for i, j in combinations(range(n), 2)]
    return Arrangement(f"threshold graphs {n}", forms, int(n < 3), int(regions), int(n == 1))


# -------------------------------------------------------------------------------------------------- in general position


def generic(m: int, n: int) -> Arrangement:
    """m ≥ n hyperplanes in general position in R^n: C(m, n−k) Σ_{i ≤ k} C(m−n+k, i) faces of dimension k.

    Zaslavsky; R. C. Buck, "Partition of space", Amer. Math. Monthly 50 (1943). The hyperplanes
    p + p² x_1 + … + p^(n+1) x_n = 0 are in general position, because Vandermonde determinants of distinct non-zero p
    do not vanish.
    """
    forms = [tuple(p**k for k in range(1, n + 2)) for p in range(1, m + 1)]
    faces = [comb(m, n - k) * sum(comb(m - n + k, i) for i in range(k + 1)) for k in range(n + 1)]
    return Arrangement(f"generic {m} in {n}", forms, 0, faces[n], comb(m - 1, n), tuple(faces))


def parallels(sizes: Sequence[int]) -> Arrangement:
    """x_i = 1, …, sizes[i]: a grid of boxes; a face is a point or an open interval in each coordinate."""
    n = len(sizes)
    forms = [form(n, {i: 1}, -v) for i, size in enumerate(sizes) for v in range(1, size + 1)]
    faces = [0] * (n + 1)
    for open_ in product((0, 1), repeat=n):
        faces[sum(open_)] += prod(size + o for size, o in zip(sizes, open_, strict=True))
    return counted(f"grid {sizes}", forms, sizes.count(0), lambda t: prod(t - size for size in sizes), faces)


# ------------------------------------------------------------------------------------------------------ any arrangement


class Flat(NamedTuple):
    """A non-empty intersection of hyperplanes: which contain it, and their equations in echelon form."""

    members: frozenset[int]
    rows: list[list[Fraction]]


def intersections(forms: Sequence[Form]) -> list[Flat]:
    """All non-empty intersections of hyperplanes, the whole space (of none) first, by codimension."""
    equations = [(*f[1:], f[0]) for f in forms]
    n = len(forms[0]) - 1
    level = [Flat(frozenset(), [])]
    found = list(level)
    while level:
        deeper: dict[frozenset[int], Flat] = {}
        for flat in level:
            seen = set(flat.members)
            for i, equation in enumerate(equations):
                if i in seen:
                    continue
                rows, pivots = echelon([*flat.rows, equation])
                if n in pivots:  # 0 = 1
                    continue
                inside = frozenset(j for j, e in enumerate(equations) if contains(rows, pivots, e))
                seen |= inside
                deeper[inside] = Flat(inside, rows)
        level = list(deeper.values())
        found += level
    return found


def contains(rows: Sequence[Sequence[Fraction]], pivots: Sequence[int], equation: Form) -> bool:
    """Whether the equation follows from the rows."""
    rest = [Fraction(e) for e in equation]
    for row, p in zip(rows, pivots, strict=True):
        if rest[p]:
            factor = rest[p]
            rest = [a - factor * b for a, b in zip(rest, row, strict=True)]
    return not any(rest)


def zaslavsky(forms: Sequence[Form]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The numbers of faces, and of faces bounded modulo lineality, by dimension 0..n: Zaslavsky's theorems A and C.

    The faces in a flat X and in no smaller flat are the regions of the arrangement that the other hyperplanes cut out
    in X. Its characteristic polynomial is χ_X(t) = Σ_{Y ⊂ X} μ(X, Y) t^dim Y over the flats Y in X, and |χ_X(−1)| and
    |χ_X(1)| count its regions and those of them that are bounded modulo lineality.
    """
    n = len(forms[0]) - 1
    flats = intersections(forms)
    masks = [sum(1 << i for i in flat.members) for flat in flats]
    every, bounded = [0] * (n + 1), [0] * (n + 1)
    for x, own in enumerate(masks):
        inside = [y for y in range(x, len(flats)) if masks[y] & own == own]
        mu: list[int] = []
        for y in inside:
            above = (m for m, z in zip(mu, inside, strict=False) if masks[y] & masks[z] == masks[z])
            mu.append(-sum(above) if mu else 1)
        dims = [n - len(flats[y].rows) for y in inside]
        every[dims[0]] += abs(sum(m * (-1) ** k for m, k in zip(mu, dims, strict=True)))
        bounded[dims[0]] += abs(sum(mu))
    return tuple(every), tuple(bounded)
