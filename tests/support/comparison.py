"""What two complexes of the same function, or of functions that differ by a map of the inputs, must have in common."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.network.network import Network
from polyrelu.topology.homology import homology
from support.reference import RELATIONS, sign


def same_topology(one: PolyhedralComplex, other: PolyhedralComplex) -> None:
    """All counts, and, if there is a level, the homology of all five regions."""
    assert one.f_vector == other.f_vector
    assert one.canonical_f_vector == other.canonical_f_vector
    assert one.lineality_dim == other.lineality_dim
    assert one.n_bounded_regions == other.n_bounded_regions
    assert one.n_linear_pieces == other.n_linear_pieces
    if one.level is not None:
        for relation in RELATIONS:
            assert homology(one.region(relation)) == homology(other.region(relation)), relation


def random_level(net: Network, rng: Random) -> Fraction:
    """Zero, a value at a lattice point (so that vertices and whole cells may lie on the level), or a third."""
    value = net([rng.randint(-1, 1) for _ in range(net.input_dim)])
    assert isinstance(value, Fraction)
    return rng.choice([Fraction(0), value, Fraction(1, 3)])


def splitting_signs(complex_: PolyhedralComplex, k: int, i: int) -> tuple[int, ...]:
    """The signs of the neurons that split, and of F - t, on k-cell i."""
    slopes = complex_.network.slopes
    own = complex_.sign_vector(k, i)
    flat = [s for layer, bends in zip(own, slopes, strict=True) for s, a in zip(layer, bends, strict=True) if a != 1]
    return (*flat, *([] if complex_.level is None else [int(complex_.signs(k)[i])]))


def signs_at(net: Network, level: Fraction, x: list[Fraction]) -> tuple[int, ...]:
    before = net.preactivations(x)
    flat = [sign(v) for vs, ss in zip(before, net.slopes, strict=True) for v, s in zip(vs, ss, strict=True) if s != 1]
    return (*flat, sign(net(x) - level))
