"""One hidden layer is a hyperplane arrangement: face counts against closed forms and against Zaslavsky's theorem."""

from __future__ import annotations

import pytest

from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.subdivision import subdivide
from support.arrangements import (
    Arrangement,
    boolean,
    braid,
    catalan,
    cycle_graph,
    generic,
    linial,
    parallels,
    resonance,
    resonance_section,
    semiorder,
    shi,
    threshold_functions,
    threshold_graphs,
    type_b,
    type_d,
    zaslavsky,
)

# Intersections by rational elimination are a matter of tenths of a second here.
SMALL = [
    *(boolean(n) for n in (1, 3, 4)),
    *(braid(n) for n in (2, 3, 4, 5)),
    *(type_b(n) for n in (1, 2, 3)),
    *(type_d(n) for n in (2, 3)),
    *(shi(n) for n in (2, 3, 4)),
    *(shi(3, m) for m in (2, 3)),
    *(catalan(n) for n in (2, 3)),
    catalan(3, 2),
    *(semiorder(n) for n in (2, 3, 4)),
    *(linial(n) for n in (2, 3, 4)),
    *(cycle_graph(n) for n in (3, 4, 5)),
    *(resonance(n) for n in (1, 2, 3)),
    *(resonance_section(n) for n in (2, 3, 4)),
    *(threshold_functions(n) for n in (1, 2, 3)),
    *(threshold_graphs(n) for n in (2, 3, 4)),
    *(generic(m, n) for m, n in ((1, 1), (7, 1), (6, 2), (3, 3), (6, 3), (6, 4))),
    *(parallels(sizes) for sizes in ((4,), (3, 2), (2, 0, 3))),
]
MEDIUM = [
    *(braid(n) for n in (6, 7)),
    *(type_b(n) for n in (4, 5)),
    *(type_d(n) for n in (4, 5)),
    *(shi(n) for n in (5, 6)),
    *(shi(4, m) for m in (2, 3)),
    *(catalan(n) for n in (4, 5)),
    catalan(4, 2),
    *(semiorder(n) for n in (5,)),
    *(linial(n) for n in (5, 6)),
    cycle_graph(7),
    *(resonance(n) for n in (4, 5)),
    resonance_section(5),
    threshold_functions(4),
    *(threshold_graphs(n) for n in (5, 6)),
    *(generic(m, n) for m, n in ((65, 1), (40, 2), (14, 4), (12, 6))),
    *(parallels(sizes) for sizes in ((66,), (64, 3), (7, 6, 5, 4))),
]
LARGE = [
    braid(8),
    type_b(6),
    shi(7),
    catalan(6),
    semiorder(6),
    linial(7),
    resonance_section(6),
    threshold_functions(5),
    threshold_graphs(7),
]


def bounded_faces(complex_: PolyhedralComplex) -> tuple[int, ...]:
    """The numbers of faces that are bounded modulo lineality, by dimension 0..d."""
    low = complex_.lineality_dim
    dims = range(low, complex_.input_dim + 1)
    return (*[0] * low, *(int(complex_.bounded_modulo_lineality(k).sum()) for k in dims))


def check_counts(complex_: PolyhedralComplex, known: Arrangement) -> None:
    d = complex_.input_dim
    assert (complex_.lineality_dim, len(complex_.lineality)) == (known.lineality_dim, known.lineality_dim)
    assert complex_.n_regions == complex_.f_vector[-1] == known.regions
    if known.bounded is not None:
        assert bounded_faces(complex_)[d] == known.bounded
        assert complex_.n_bounded_regions == (0 if known.lineality_dim else known.bounded)
    if known.f_vector is not None:
        assert complex_.f_vector == known.f_vector
    assert sum((-1) ** k * n for k, n in enumerate(complex_.f_vector)) == (-1) ** d


@pytest.mark.parametrize("known", SMALL, ids=lambda known: known.name)
def test_small_arrangements(known: Arrangement) -> None:
    """All faces, and the bounded ones, against their numbers from the intersections of the hyperplanes."""
    every, bounded = zaslavsky(known.forms)
    assert every[-1] == known.regions
    assert known.bounded is None or bounded[-1] == known.bounded
    assert known.f_vector is None or every == known.f_vector
    for seed in (None, 0):
        complex_ = subdivide(known.network(seed))
        check_counts(complex_, known)
        assert complex_.f_vector == every
        assert bounded_faces(complex_) == bounded


@pytest.mark.parametrize("known", MEDIUM, ids=lambda known: known.name)
def test_arrangements(known: Arrangement) -> None:
    check_counts(subdivide(known.network()), known)


@pytest.mark.slow
@pytest.mark.parametrize("known", LARGE, ids=lambda known: known.name)
def test_large_arrangements(known: Arrangement) -> None:
    check_counts(subdivide(known.network()), known)


@pytest.mark.parametrize(
    ("family", "first", "regions"),
    [
        (braid, 1, (1, 2, 6, 24, 120)),
        (type_b, 1, (2, 8, 48, 384)),
        (type_d, 2, (4, 24, 192)),
        (shi, 1, (1, 3, 16, 125, 1296)),
        (catalan, 1, (1, 4, 30, 336, 5040)),
        (semiorder, 1, (1, 3, 19, 183, 2371)),
        (linial, 1, (1, 2, 7, 36, 246, 2104)),
        (threshold_graphs, 2, (2, 8, 46, 332, 2874)),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_formulas_against_published_sequences(family, first: int, regions: tuple[int, ...]) -> None:
    """OEIS A000142, A000165, A002866, A000272, A001761, A006531, A007889 and A005840."""
    assert tuple(family(n).regions for n in range(first, first + len(regions))) == regions


def test_sections_of_central_arrangements() -> None:
    """Faces of a central arrangement: those in a hyperplane, and on either side those of a parallel section."""
    for n in (2, 3, 4, 5):
        section = subdivide(resonance_section(n).network()).f_vector
        whole = subdivide(resonance(n).network()).f_vector
        inside = [(0, *(c - chosen[-1] for c in chosen[:-1])) for _, *chosen in resonance(n).forms if not all(chosen)]
        wall = subdivide(Arrangement("", inside, 0, 0).network()).f_vector
        assert whole == tuple(
            2 * s + w for s, w in zip((0, *section), (*wall, 0), strict=True)
        )
