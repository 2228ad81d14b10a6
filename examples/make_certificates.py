"""Writes the gallery of certified claims about constructed networks, into the folder certificates beside it.

    python examples/make_certificates.py           the small files, which are in the repository
    python examples/make_certificates.py --all     the others as well (some megabytes)

Each file is verified by `polyrelu-check FILE`, which needs nothing of polyrelu.
"""

from __future__ import annotations

import argparse
from itertools import combinations
from pathlib import Path

import polyrelu as pr

FOLDER = Path(__file__).parent / "certificates"


def shells(folder: Path) -> None:
    """Nested shells, two folds and two cuts: {F > 0} has Betti numbers 6, 2 in the plane."""
    pr.certify(pr.shells((2, 8, 6, 1), [2]), ">", path=folder / "shells_2-8-6-1.cert", coarse=False)


def lower_bound(folder: Path) -> None:
    """A network that reaches the lower bound of the paper for {F ≤ 0} in the architecture (2, 4, 4, 3, 1)."""
    pr.certify(pr.lower_bound_network((2, 4, 4, 3, 1)), "<=", path=folder / "lower_bound_2-4-4-3-1.cert")


def as_printed(folder: Path) -> None:
    """The network of Theorem 13 with the printed weights, folds (2, 2), w = 2."""
    pr.certify(pr.paper_network((2, 2), (2,)), "<=", path=folder / "paper_2-4-4-4-1.cert")


def prescribed(folder: Path) -> None:
    """A network in space whose region {F > 0} has Betti numbers 2, 1, 1."""
    pr.certify(pr.network_with_betti((2, 1, 1)), ">", path=folder / "betti_2_1_1.cert")


def sawtooth(folder: Path) -> None:
    """All levels of a sawtooth of 8 pieces at once: the bars of its superlevel sets."""
    pr.certify_persistence(pr.sawtooth(3), path=folder / "sawtooth_bars.cert", superlevel=True)


def maxima(folder: Path) -> None:
    """max(x, y, z) and max(max(z, y), x), two networks for one function."""
    x, y, z = (pr.Network([[[int(i == k) for i in range(3)]]], [[0]]) for k in range(3))
    pr.certify_identical(pr.maximum(3), pr.maximum(pr.maximum(z, y), x), path=folder / "maximum_of_3.cert")


def projective_plane_network() -> pr.Network:
    """F: R^4 → R whose region {F > 0} has the homotopy type of the projective plane.

    In the coordinates x_1, …, x_6 of sum 0 let X be the set where some coordinate is positive and, for every triangle
    that is missing in the triangulation with 6 vertices, one of the three coordinates is negative. It retracts onto the
    triangulation, by x ↦ max(x, 0): the negative parts are a simplex. X is a cone, in which x_1, …, x_5 are never all
    ≥ 0. So every ray in it meets once the graph x_i = v_i + s (i ≤ 5), s = max(−v_1, …, −v_5) − 1, over the v of sum 0.
    """
    triangles = ["012", "023", "034", "045", "015", "124", "235", "134", "245", "135"]

    def linear(n: int) -> list[pr.Network]:
        """n coordinates, and minus their sum."""
        rows = [[int(i == k) for i in range(n)] for k in range(n)] + [[-1] * n]
        return [pr.Network([[row]], [[0]]) for row in rows]

    x, v = linear(5), linear(4)
    missing = [t for t in combinations(range(6), 3) if "".join(map(str, t)) not in triangles]
    least = [pr.minimum(*(x[i] for i in t)) for t in missing]
    s = pr.maximum(*(-coordinate for coordinate in v)) - 1
    return pr.minimum(pr.maximum(*x), -pr.maximum(*least)) @ pr.stack(*(coordinate + s for coordinate in v))


def projective_plane(folder: Path) -> None:
    """Torsion: {F > 0} in R^4 with the homotopy type of the projective plane, H_1 = Z/2; at once, and in parts."""
    pr.certify(projective_plane_network(), ">", path=folder / "projective_plane.cert")
    pr.certify(projective_plane_network(), ">", path=folder / "projective_plane_parts.cert", parts=4)


def shells_in_space(folder: Path) -> None:
    """Shells in dimension 3, complete and in four parts, and in dimension 4."""
    pr.certify(pr.shells((3, 6, 6, 4, 1), [2, 2]), ">", path=folder / "shells_3-6-6-4-1.cert", coarse=False)
    pr.certify(pr.shells((3, 6, 6, 4, 1), [2, 2]), "=", path=folder / "shells_3-6-6-4-1_parts.cert", parts=4)
    pr.certify(pr.shells((4, 8, 10, 1), [2, 2, 2]), ">", path=folder / "shells_4-8-10-1.cert", coarse=False)


SMALL = (shells, lower_bound, as_printed, prescribed, sawtooth, maxima)
LARGE = (projective_plane, shells_in_space)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--all", action="store_true", help="the large ones as well")
    FOLDER.mkdir(exist_ok=True)
    for make in (*SMALL, *(LARGE if parser.parse_args().all else ())):
        make(FOLDER)
        print((make.__doc__ or "").split("\n")[0])


if __name__ == "__main__":
    main()
