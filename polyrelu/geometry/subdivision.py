"""subdivide: Network → PolyhedralComplex.

The compiled core does the splitting (`_cpp/subdivision.hpp` has the algorithm and why it is exact). Here the input is
read, and the coordinates and the cells to start from are chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

from polyrelu import _core
from polyrelu.errors import DomainError, InputError, LimitError, RegionError, VerificationError
from polyrelu.exact.limits import read_limit, read_progress
from polyrelu.exact.linear import independent_columns, independent_rows, least_rank, solve
from polyrelu.exact.rational import describe, exact, primitive
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.coordinates import Coordinates
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.stages import complex_stages
from polyrelu.network.network import Network

Progress = Callable[[str, int, int], object]
Signs = npt.NDArray[np.int8]
MAX_THREADS = 256
MAX_CELLS = 2**30  # of one dimension; what 32-bit incidence codes can number


class Options(TypedDict, total=False):
    """The keyword arguments of `subdivide` that say how it works, not what it computes."""

    max_cells: int | None
    max_memory: int | None
    threads: int
    progress: Progress | None


def subdivide(
    network: Network,
    level: Any = None,
    domain: Domain | Sequence[Sequence[Any]] | None = None,
    *,
    max_cells: int | None = None,
    max_memory: int | None = None,
    threads: int = 1,
    progress: Progress | None = None,
) -> PolyhedralComplex:
    """The canonical polyhedral complex C(F) of a network, or with a level t its refinement C(F, t) by F = t.

    network: any Network; with a level it must have one output.
    level: an exact number, or None.
    domain: a Domain, or a box given as d pairs (lower, upper); None is all of R^d.
    max_cells: stop with LimitError when more than this many cells (all dimensions, those at infinity included) arise.
    max_memory: stop with LimitError before the cells, what the threads hold while they make them, and exact numbers
        where they are needed, take more than this many bytes: about 60 to 80 a cell for d ≤ 6, 110 for d = 8, and 16
        more for every 64 neurons beyond 64 in the widest layer.
    threads: how many threads work on it; the complex is the same, cell for cell, whatever their number. One unless
        told otherwise, so that a program that runs several processes does not ask for more cores than there are.
    progress: called a few times a second with (what, neurons done, neurons in all); an exception it raises stops
        the work and is passed on.

    The complex is exact: every sign that decides about a cell is the sign of a rational number, computed in machine
    integers with overflow excluded by a bound, by a floating-point value that exceeds its proved error bound, or by
    GMP (`_cpp/decisions.hpp`, `_cpp/layer_forms.hpp`, `_cpp/newton.hpp`). C(F) is the canonical polyhedral complex of
    Grigsby & Lindsey, "On transversality of bent hyperplane arrangements and the topological expressiveness of ReLU
    neural networks" (2022); no genericity is assumed.

    Raises NumberError, RegionError (a level for several outputs), DomainError (dimension, no interior), LimitError, and
    VerificationError if signs contradict each other, which would be a fault of this library.
    Ctrl-C raises KeyboardInterrupt within a fraction of a second.
    """
    options: Options = {"max_cells": max_cells, "max_memory": max_memory, "threads": threads, "progress": progress}
    return subdivided(network, level, domain, 0, options)[0]


def subdivided(
    network: Network, level: Any, domain: Any, signs: int, options: Options
) -> tuple[PolyhedralComplex, list[list[Signs]]]:
    """`subdivide`, and for the cells of each dimension λ..d the signs of the first `signs` neurons of the last layer.

    Those must be neurons that split. There is an array for each dimension and neuron.
    """
    max_cells, max_memory = options.get("max_cells"), options.get("max_memory")
    threads, progress = options.get("threads", 1), options.get("progress")
    t = read_level(network, level)
    read_limit(max_cells, "max_cells")
    read_limit(max_memory, "max_memory")
    if isinstance(threads, bool) or not isinstance(threads, int) or not 1 <= threads <= MAX_THREADS:
        raise InputError(f"threads: expected an integer from 1 to {MAX_THREADS}, got {describe(threads)}")
    read_progress(progress)
    region = read_domain(domain, network)
    walls = region.half_spaces() if region is not None else ()

    rows, real = _hyperplanes(network, t, walls)
    _check_rank(least_rank([row[1:] for row in rows]), max_cells)
    coordinates, start, initial_forms, artificial = _start(rows, real, network.input_dim)
    kept = coordinates.kept
    _check_rank(len(kept), max_cells)
    stages = complex_stages(network, region, kept, t)
    names = (["domain"] if walls else []) + [f"layer {i + 1}" for i in range(network.depth)] + ["level"]
    report = None
    if progress is not None:
        listener = progress

        def report(stage: int, done: int, total: int, cells: int) -> None:
            listener(names[stage], done, total)

    reported: dict[str, Any] = {"last_signs": signs} if signs else {}
    try:
        parts = _core.subdivide(
            *(len(kept), start, initial_forms, stages, bool(walls), t is not None, artificial > 0),
            *(max_cells, max_memory, report, threads),
            **reported,
        )
    except _core.Limit as reached:
        by_memory, cells, memory, done = reached.args
        total = sum(len(plus) for plus, *_ in stages)
        what = f"{max_memory} bytes" if by_memory else f"{_most_cells(max_cells)} cells"
        raise LimitError(
            f"more than {what} are needed: after {done} of {total} neurons there were {cells} cells in {memory} bytes; "
            "a domain or a slice (Slice.restrict) needs fewer, estimate(network) predicts how many",
            {"cells": cells, "bytes": memory, "neurons": done},
        ) from None
    except _core.NoInterior:
        raise DomainError(
            "domain: no point satisfies all its inequalities strictly; "
            "for a flat domain take the slice through points that span it, Slice(points).restrict(network)"
        ) from None
    except (_core.Inconsistent, _core.UnknownOutcome) as fault:
        raise VerificationError(f"subdivide: {fault}") from None
    except MemoryError:
        raise LimitError(
            "the memory of this machine does not suffice; max_memory stops earlier, a domain or a slice needs less, "
            "estimate(network) predicts how much"
        ) from None
    if t is not None and network.depth == 0:  # the level set itself was started from
        parts["canonical"] = subdivide(network, None, region).f_vector
    found = [[x[:n] for x in of] for of, n in zip(parts.pop("last_signs", []), parts["finite"], strict=False)]
    return PolyhedralComplex(network, t, region, coordinates, artificial, parts), found


def _most_cells(max_cells: int | None) -> int:
    return min(max_cells or MAX_CELLS, MAX_CELLS)


def read_level(network: Network, level: Any) -> Fraction | None:
    """The level given to `subdivide`, exactly; InputError for no Network, NumberError, RegionError as there."""
    if not isinstance(network, Network):
        raise InputError(f"subdivide: expected a Network, got an object of type {type(network).__name__}")
    if isinstance(level, (list, tuple)):
        raise InputError("level: expected one number; refine(network, ['F = 0', 'F = 1']) refines by several levels")
    t = None if level is None else exact(level, "level")
    if t is not None and network.output_dim != 1:
        raise RegionError(
            f"level: the network has {network.output_dim} outputs, a level set needs one; "
            "choose with network.output(i) or network.difference(i, j)"
        )
    return t


def read_domain(domain: Any, network: Network) -> Domain | None:
    """The domain given to `subdivide` for the network, a box as pairs included.

    DomainError for what is none, for another dimension than the network's, and for other units.
    """
    if domain is None:
        return None
    if not isinstance(domain, Domain):
        try:
            pairs = [(low, high) for low, high in domain]
        except MemoryError:
            raise
        except Exception:  # whatever a foreign iterable raises
            raise DomainError(
                "domain: expected a Domain, or a box as a sequence of pairs (lower, upper), one per input"
            ) from None
        domain = Domain.box([low for low, _ in pairs], [high for _, high in pairs])
    assert isinstance(domain, Domain)
    if domain.input_dim != (dim := network.input_dim):
        raise DomainError(f"domain: lies in dimension {domain.input_dim}, but the network has {dim} inputs")
    if domain.units and network.units and domain.units != network.units:
        raise DomainError(
            f"domain: is in {domain.units[0]}, but the network takes inputs in {network.units[0]}; give both in the "
            "same units (of an NNet file, both with normalise=True or both without)"
        )
    return domain


def _check_rank(rank: int, max_cells: int | None) -> None:
    """LimitError if hyperplanes of this rank make too many cells to start with."""
    limit = _most_cells(max_cells)
    if 2 * 3**rank - 1 > limit:
        raise LimitError(
            f"the first hyperplanes have rank {rank}, so that 2 * 3^{rank} - 1 cells are needed to start "
            f"with, more than {limit}; a slice of fewer dimensions (Slice.restrict) needs fewer",
            {"cells": 0},
        )


def _hyperplanes(
    network: Network, level: Fraction | None, walls: Sequence[Sequence[int]]
) -> tuple[list[tuple[int, ...]], int]:
    """The forms (b, a) that can be started from, and how many of them, the first, are not of identity neurons."""
    real = [tuple(wall) for wall in walls]
    extra: list[tuple[int, ...]] = []
    if network.depth:
        for row, bias, slope in zip(network.weights[0], network.biases[0], network.slopes[0], strict=True):
            if any(row):
                (extra if slope == 1 else real).append(primitive([bias, *row]))
    elif level is not None and any(network.weights[0][0]):
        real.append(primitive([network.biases[0][0] - level, *network.weights[0][0]]))
    return real + extra, len(real)


def _start(
    rows: Sequence[tuple[int, ...]], real: int, d: int
) -> tuple[Coordinates, list[tuple[int, ...]], list[tuple[int, ...]], int]:
    """Coordinates of R^d modulo lineality, what the core starts from, and the number of artificial hyperplanes.

    The core starts from an apex, rays in pairs ±, and the forms of the hyperplanes between them, see `_core.subdivide`.
    The walls of the domain and the first-layer neurons that split are taken first, in order, as long as they are
    independent. Identity neurons of the first layer split nothing, but later layers see them: if they raise the rank,
    hyperplanes of theirs are added, which are no part of C(F) (`PolyhedralComplex` merges them away when it counts).
    """
    chosen = independent_rows([row[1:] for row in rows]) if rows else []
    kept = independent_columns([row[1:] for row in rows]) if rows else []
    r = len(kept)
    square = [[rows[i][1 + j] for j in kept] for i in chosen]
    right = [[-rows[i][0], *(int(i == j) for j in chosen)] for i in chosen]
    solution = solve(square, right)
    start = [primitive([Fraction(1), *(row[0] for row in solution)])]
    for i in range(r):
        ray = primitive([0, *(row[1 + i] for row in solution)])
        start += [ray, tuple(-x for x in ray)]
    dropped = [j for j in range(d) if j not in set(kept)]
    projection = solve(square, [[rows[i][1 + j] for j in dropped] for i in chosen]) if dropped else ()
    return (
        Coordinates(d, tuple(kept), tuple(dropped), projection),
        start,
        [(rows[i][0], *(rows[i][1 + j] for j in kept)) for i in chosen],
        sum(1 for i in chosen if i >= real),
    )
