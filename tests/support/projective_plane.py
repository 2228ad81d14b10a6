"""A network whose decision region has the homotopy type of the real projective plane."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from polyrelu import Network
from support import zoo


def projective_plane() -> Network:
    """max x + min x − 2 max_N min_{i∈N} x_i over the 3-sets N that are no triangles of the six-vertex RP², x_6 = 0.

    With S_j the j greatest coordinates and gap_j ≥ 0 the step to the next one, it is the sum of the gap_j with sign +
    for faces S_j of RP² and − for the others, as every set of 4 vertices contains such an N and every minimal non-face
    is one. So F > 0 deforms onto a cone, without its apex, over the subdivided RP² in the subdivided boundary of the
    5-simplex, and F < 0 onto that over its Alexander dual.
    """
    forms = [[int(i == j) for j in range(5)] for i in range(5)] + [[0] * 5]
    nonfaces = [n for n in combinations(range(6), 3) if n not in zoo.RP2]
    groups = [("max", [*range(6)]), ("min", [*range(6)]), *(("min", [*n]) for n in nonfaces)]
    weights: list[Any] = []
    slopes: list[Any] = []

    def layer() -> None:
        """Halve all groups: max(f, g) = f + ReLU(g − f), min(f, g) = f − ReLU(f − g)."""
        nonlocal forms, groups
        rows: list[list[int]] = []
        made: dict[Any, dict[int, int]] = {}
        halved = []
        for kind, members in groups:
            names = [(kind, *members[i : i + 2]) for i in range(0, len(members), 2)]
            for name in names:
                if name in made:
                    continue
                sign = 1 if kind == "max" else -1
                made[name] = {len(rows): 1}
                rows.append(forms[name[1]])
                slopes_here.append(1)
                if len(name) == 3:
                    made[name][len(rows)] = sign
                    rows.append([sign * (b - a) for a, b in zip(forms[name[1]], forms[name[2]], strict=True)])
                    slopes_here.append(0)
            halved.append((kind, [list(made).index(name) for name in names]))
        weights.append(rows)
        forms = [[terms.get(i, 0) for i in range(len(rows))] for terms in made.values()]
        groups = halved

    while any(len(members) > 1 for _, members in groups[2:]):
        slopes_here: list[int] = []
        layer()
        slopes.append(slopes_here)
    groups = [*groups[:2], ("max", [members[0] for _, members in groups[2:]])]
    while any(len(members) > 1 for _, members in groups):
        slopes_here = []
        layer()
        slopes.append(slopes_here)
    high, low, threshold = (forms[members[0]] for _, members in groups)
    weights.append([[a + b - 2 * c for a, b, c in zip(high, low, threshold, strict=True)]])
    return Network(weights, [[0] * len(rows) for rows in weights], slopes)
