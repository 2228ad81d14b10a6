"""The corners of the cube around which shells lie, and their numbers of preimages under the folds.

The corner of degree k is a point of {0, 1}^{k+1}, a *word* p_k with a_k letters 0 and at least one letter 1. No word
begins with another one, so that shells of different degrees stay apart (docs/constructions.md, "Nested shells").
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import comb

from polyrelu.constructions.arguments import integer, integers
from polyrelu.errors import InputError

Word = tuple[int, ...]


@dataclass(frozen=True)
class Corners:
    """The numbers of corners {s_k = 0} for one k by their kind; see docs/constructions.md, "Nested shells".

    Attributes
    ----------
    tips : int
        The number of corners at the tips of all k+1 coordinates.
    flat : int
        The number with a flat side and no W-closed one.
    closed : int
        The number with a W-closed side and no flat one.
    mixed : int
        The number with both.
    ends : bool
        Whether the components over these corners end at a W-closed coordinate that s_k does not use.
    """

    tips: int
    flat: int = 0
    closed: int = 0
    mixed: int = 0
    ends: bool = False

    @property
    def total(self) -> int:
        """The number of all corners of s_k."""
        return self.tips + self.flat + self.closed + self.mixed

    def region(self, cuts: int) -> tuple[int, int]:
        """The contribution of c_k = `cuts` to β_0 and β_k of {F > 0} and {F ≥ 0}."""
        return self.total * (cuts - cuts // 2), self.tips * (cuts // 2)

    def boundary(self, cuts: int) -> tuple[int, int]:
        """The contribution of c_k = `cuts` to β_0 and β_k of {F = 0}."""
        if self.ends:
            return self.region(cuts)
        shells, balls = cuts // 2, cuts % 2
        components = shells * (2 * self.tips + 2 * self.flat + self.closed + self.mixed) + balls * self.total
        return components, shells * (2 * self.tips + self.closed) + balls * (self.tips + self.closed)


def fold_corners(half: int, zeros: int, ones: int, closed: int = 0, ends: bool = False) -> Corners:
    """The corners with `zeros` coordinates at 0, of which `closed` are W-closed at 1, and `ones` at 1, after M folds.

    `half` is M/2. A folded coordinate is 1 at M/2 points of [0, 1], all of them tips, and 0 at M/2 + 1, of which 0 is
    flat, 1 is flat or W-closed, and M/2 − 1 are tips.
    """
    open_zeros = zeros - closed
    tips = (half - 1) ** zeros
    not_flat = half**closed * (half - 1) ** open_zeros
    not_closed = half**closed * (half + 1) ** open_zeros
    mixed = (half + 1) ** zeros - not_flat - not_closed + tips
    factor = half**ones
    return Corners(factor * tips, factor * (not_closed - tips), factor * (not_flat - tips), factor * mixed, ends)


def read_corner(corner: object, d: int) -> tuple[int, ...]:
    """The numbers a_1, …, a_{d−1} of zeros, 0 ≤ a_k ≤ k; InputError for anything else.

    They are given as such, or as one number a for a_k = min(a, k), or as None for a_k = k.
    """
    if corner is None:
        return tuple(range(1, d))
    if isinstance(corner, int) and not isinstance(corner, bool):
        a = integer(corner, "corner", 0)
        return tuple(min(a, k) for k in range(1, d))
    zeros = integers(corner, "corner", 0)
    if len(zeros) != d - 1:
        raise InputError(f"corner: expected one number or d − 1 = {d - 1} numbers a_1, …, a_{d - 1}, got {len(zeros)}")
    for k, a in enumerate(zeros, 1):
        if a > k:
            raise InputError(
                f"corner: a_{k}, coordinates at 0 of {k + 1} with at least one at 1, is at most {k}, got {a}"
            )
    return zeros


@lru_cache(maxsize=256)
def words(zeros: tuple[int, ...], used: tuple[int, ...]) -> dict[int, Word]:
    """The words p_k of the degrees k in `used` (ascending), with a_k zeros each: a prefix code.

    One after the other, each the first in lexicographic order that does not begin with an earlier one. So (0, …, 0,
    1) for a_k = k, and for a_k = 1 the zero of the i-th degree in use is at place i. Of the C(k+1, a_k) words those
    are excluded that begin with a p_j, C(k−j, a_k−a_j) of them for each j < k. If all a_j ≥ 1 there is always one:

    *Proof.* With n = k + 1, a = a_k, m = j + 1 at most Σ_{m=2}^{n−1} max_{1≤z<m} C(n−m, a−z) words are excluded. That
    is less than C(n, a). Exchanging the letters we may assume 2a ≤ n. Put i = n − m. As z ≥ 1, the maximum is at most
    C(i, a−1) if i ≥ 2a − 2, and c_i = C(i, ⌊i/2⌋) if not. By Pascal's rule c_i + c_{i+1} ≤ c_{i+2}, so that Σ_{i ≤ I}
    c_i < c_{I+2}. Hence the sum is less than C(n−1, a) + c_{2a−1} ≤ C(n−1, a) + C(n−1, a−1) = C(n, a). ∎

    For a_k = 0 the word (1, …, 1) is the only one.

    Raises InputError if a_k = 0 and another degree is in use: then the cuts would meet where they should not.
    """
    for k in used:
        if zeros[k - 1] == 0 and len(used) > 1:
            raise InputError(f"corner: with a_{k} = 0 cuts of degree {k} leave no room for those of other degrees")
    if all(zeros[k - 1] == k for k in used):
        return {k: (0,) * k + (1,) for k in used}
    if all(zeros[k - 1] == 1 for k in used):
        return {k: (1,) * i + (0,) + (1,) * (k - i) for i, k in enumerate(used)}
    result: dict[int, Word] = {}
    for k in used:
        a = zeros[k - 1]
        earlier = list(result.items())
        word: list[int] = []
        left = a  # zeros still to be placed
        for place in range(k + 1):
            for letter in (0, 1):
                rest = left - (letter == 0)
                below = [(j, p) for j, p in earlier if p[place] == letter]
                if _free(k - place, rest, [(j - place, rest - p[place + 1 :].count(0)) for j, p in below]):
                    break
            else:
                raise InputError(f"corner: no corner of degree {k} with a_{k} = {a} stays apart from the others")
            word.append(letter)
            left, earlier = rest, below
        result[k] = tuple(word)
    return result


def _free(length: int, zeros: int, earlier: list[tuple[int, int]]) -> int:
    """The number of words of this length with this many zeros that begin with none of the earlier ones (lengths, zeros
    left).
    """
    if not 0 <= zeros <= length:
        return 0
    return comb(length, zeros) - sum(comb(length - n, rest) for n, rest in earlier if rest >= 0)
