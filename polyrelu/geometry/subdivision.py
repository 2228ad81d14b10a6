"""Subdivision: from a Network to its PolyhedralComplex.

The compiled core splits the cells; `_cpp/subdivision.hpp` contains the algorithm and the proof that it is exact. This
module reads the input and chooses the coordinates and the initial cells.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from fractions import Fraction
from typing import Any, TypedDict, TypeVar

import numpy as np
import numpy.typing as npt

from polyrelu import _core
from polyrelu.errors import DomainError, InputError, LimitError, RegionError, VerificationError
from polyrelu.exact.limits import read_flag, read_limit, read_progress
from polyrelu.exact.printing import brief
from polyrelu.exact.rational import describe, exact
from polyrelu.geometry.beginning import Beginning, beginning, most_cells
from polyrelu.geometry.cell_arrays import CellArrays
from polyrelu.geometry.complex import PolyhedralComplex
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.hull import over_hull, without_interior
from polyrelu.geometry.stages import complex_stages
from polyrelu.network.network import Network
from polyrelu.network.slices import Slice
from polyrelu.phases import clock, log_phase

_LOGGER = logging.getLogger(__name__)

Progress = Callable[[str, int, int], object]
Signs = npt.NDArray[np.int8]
Condition = Sequence[tuple[int, int, int]]
"""(hidden layer, neuron, sign 1 or −1) that hold together: the neuron has not the opposite sign."""
MAX_THREADS = 256
Taken = TypeVar("Taken")


class Options(TypedDict, total=False):
    """The keyword arguments of `subdivide` that affect how it computes, not what it computes."""

    max_cells: int | None
    max_memory: int | None
    threads: int
    progress: Progress | None


_OPTIONS = frozenset(Options.__annotations__)


def subdivide(
    network: Network,
    level: Any = None,
    domain: Domain | Sequence[Sequence[Any]] | None = None,
    *,
    coarse: bool = False,
    max_cells: int | None = None,
    max_memory: int | None = None,
    threads: int = 1,
    progress: Progress | None = None,
) -> PolyhedralComplex:
    """The canonical polyhedral complex C(F) of a network, or, with a level t, its refinement C(F, t) by {F = t}.

    Parameters
    ----------
    network : Network
        The network F. With a level it must have one output.
    level : exact number, optional
        The level t.
    domain : Domain or sequence of d pairs (lower, upper), optional
        A polyhedron or a box. The default is all of R^d. Over a flat one (fixed coordinates, equations) the complex is
        that of the network on the slice which the domain spans, in the coordinates of `PolyhedralComplex.slice`.
    coarse : bool, optional
        Whether to return a coarse complex for the level, which must be given: cells on which F − t certainly has one
        strict sign are not divided further. It has the same regions {F > t}, {F ≥ t}, {F < t}, {F ≤ t} and {F = t}, and
        {F = t} is divided as in C(F, t); far from it there are fewer cells.
    max_cells : int, optional
        Maximum number of cells of all dimensions together, those at infinity included.
    max_memory : int, optional
        Maximum number of bytes for the cells, the working memory of the threads, and exact numbers where they are
        needed. A cell takes about 60 to 80 bytes for d ≤ 6 and 110 for d = 8, and 16 more for every 64 neurons beyond
        64 in the widest layer; a thread other than the first counts as 1 MB. What the allocator keeps besides is not
        counted: resident memory has been up to 10 % larger.
    threads : int, optional
        Number of threads, from 1 to 256. The complex does not depend on it: even the numbering of the cells is the
        same. The default is 1, so that several processes do not use more cores than the machine has.
    progress : callable, optional
        Called a few times a second with (name of the layer, neurons done, number of neurons). If it raises an
        exception, the computation stops and the exception is passed on.

    Returns
    -------
    PolyhedralComplex
        The complex, over the domain.

    Raises
    ------
    InputError
        If `network` is not a Network or an option is invalid.
    NumberError
        If the level or a bound of the box is not an exact number.
    RegionError
        If a level is given for a network with several outputs.
    DomainError
        If the domain lies in another dimension or is in other units than the network, is empty (the error's
        `certificate` proves it) or a single point (`point`).
    LimitError
        If the computation needs more cells or memory than allowed.
    VerificationError
        If signs contradict each other, which would be a fault of this library.
    KeyboardInterrupt
        On Ctrl-C, within a fraction of a second.

    Notes
    -----
    The complex is exact. Every sign that decides about a cell is the sign of a rational number, computed in one of
    three ways: in machine integers, where a bound excludes overflow; as the sign of a floating-point value that exceeds
    its proved error bound; or by GMP (`_cpp/decisions.hpp`, `_cpp/layer_forms.hpp`, `_cpp/newton.hpp`). No genericity
    is assumed.

    References
    ----------
    J. E. Grigsby, K. Lindsey, "On transversality of bent hyperplane arrangements and the topological expressiveness of
    ReLU neural networks", SIAM J. Appl. Algebra Geometry 6 (2022).

    Examples
    --------
    >>> import polyrelu as pr
    >>> net = pr.Network([[[1], [-1]], [[1, 1]]], [[0, 0], [0]])  # F(x) = |x|
    >>> pr.subdivide(net).f_vector  # by dimension: one vertex, two rays
    (1, 2)
    >>> pr.subdivide(net, level=1, domain=[(-2, 2)]).f_vector
    (5, 4)

    On a flat domain the cells are those of a line:

    >>> cx = pr.subdivide(pr.maximum(2), domain=[(0, 1), ("1/2", "1/2")])
    >>> cx.f_vector, cx.slice, cx.slice.point([1])
    ((3, 2), Slice(line in R^2), (Fraction(1, 1), Fraction(1, 2)))
    """
    options: Options = {"max_cells": max_cells, "max_memory": max_memory, "threads": threads, "progress": progress}
    if read_flag(coarse, "coarse") and level is None:
        raise InputError("coarse: a coarse complex is for a level; give level=t, or leave coarse out for C(F)")
    if domain is None:
        return subdivided(network, level, None, 0, options, coarse=coarse)[0]
    read_level(network, level)
    check_options(options)

    def make(net: Network, where: Domain | None, hull: Slice | None) -> PolyhedralComplex:
        return subdivided(net, level, where, 0, options, coarse=coarse, hull=hull)[0]

    return over_hull(network, read_domain(domain, network), make)


def subdivided(
    network: Network,
    level: Any,
    domain: Any,
    signs: int,
    options: Options,
    *,
    coarse: bool = False,
    split_at_walls: bool = False,
    part_of: Sequence[Sequence[int]] | None = None,
    hull: Slice | None = None,
) -> tuple[PolyhedralComplex, list[list[Signs]]]:
    """The complex of `subdivide`, and the signs of the first `signs` neurons of the last hidden layer on its cells.

    The domain must have interior points; DomainError otherwise, which has the slice of a flat one.

    Those neurons must not be identity neurons. There is an array for each dimension λ..d and each of these neurons.

    With `split_at_walls` a coarse complex has the same cells as the complete one in the boundary of the domain.

    `part_of`: the walls of a larger domain (none for R^d) of which this one is a part, cut off by neurons. Artificial
    hyperplanes are then those of the larger domain, so that all its parts have the same.

    `hull`: the slice in whose coordinates network and domain are given, if they are; the complex remembers it.
    """
    further: dict[str, Any] = {"last_signs": signs} if signs else {}
    if coarse:
        further = {"coarse": True, "split_at_walls": split_at_walls}
    cx, report = _subdivided(network, level, domain, options, further, part_of, hull)
    found = [[x[:n] for x in of] for of, n in zip(report.get("last_signs", ()), cx.arrays.finite, strict=False)]
    return cx, found


def subdivided_by_conditions(
    network: Network,
    domain: Any,
    conditions: Sequence[Condition],
    options: Options,
    *,
    differences: Network | None = None,
    split_at_walls: bool = False,
    part_of: Sequence[Sequence[int]] | None = None,
    hull: Slice | None = None,
) -> tuple[PolyhedralComplex, list[npt.NDArray[np.uint8]]]:
    """The complex of `subdivide`, and which of the conditions hold on its cells.

    The neurons in the conditions must not be identity neurons. There is an array for each dimension λ..d, with a row of
    packed bits for each cell (see `numpy.packbits`). The layers from the first one in a condition on are reported as
    "classes" to `progress`.

    With `differences` the complex is coarse: a cell stays whole where condition i certainly holds throughout, and no
    other, because output i of a network F exceeds all others. `differences` has the hidden layers of F, which are the
    layers of `network` before those of the conditions, and the outputs F_i − F_j, i < j, in lexicographic order.

    For `split_at_walls`, `part_of` and `hull` see `subdivided`.
    """
    further: dict[str, Any] = {"conditions": conditions}
    if differences is not None:
        further |= {"coarse": True, "differences": differences, "split_at_walls": split_at_walls}
    cx, report = _subdivided(network, None, domain, options, further, part_of, hull)
    return cx, report["conditions"]


def _subdivided(
    network: Network,
    level: Any,
    domain: Any,
    options: Options,
    further: dict[str, Any],
    part_of: Sequence[Sequence[int]] | None = None,
    hull: Slice | None = None,
) -> tuple[PolyhedralComplex, dict[str, Any]]:
    """The complex of `subdivide` and the report of the core, which is asked for `further` results.

    The conditions among these number hidden layers.
    """
    t = read_level(network, level)
    check_options(options)
    region = read_domain(domain, network)
    report, begun = _run(network, t, region, options, further, part_of, _core.Subdivided.report)
    if t is not None and network.depth == 0:  # the level set itself was started from
        report["canonical"] = subdivide(network, None, region).f_vector
    arrays = CellArrays.from_core(report)
    return PolyhedralComplex(network, t, region, begun.coordinates, begun.artificial, arrays, hull), report


def cells_in_core(
    network: Network, level: Any, domain: Any, options: Options, *, coarse: bool
) -> tuple[_core.Subdivided, Beginning]:
    """The cells of `subdivide` as the core holds them, for who asks for chain complexes of regions alone.

    No arrays are made of them, which takes most of the time of a small complex. The errors are those of `subdivide`.
    """
    t = read_level(network, level)
    check_options(options)
    further = {"coarse": True} if coarse else {}
    return _run(network, t, read_domain(domain, network), options, further, None, _itself)


def _itself(cells: _core.Subdivided) -> _core.Subdivided:
    return cells


def _run(
    network: Network,
    t: Fraction | None,
    region: Domain | None,
    options: Options,
    further: dict[str, Any],
    part_of: Sequence[Sequence[int]] | None,
    take: Callable[[_core.Subdivided], Taken],
) -> tuple[Taken, Beginning]:
    """What `take` makes of the cells that the core has made, and what it began with."""
    since = clock(_LOGGER)
    max_cells, max_memory = options.get("max_cells"), options.get("max_memory")
    walls = region.half_spaces() if region is not None else ()
    begun = beginning(network, t, walls, part_of, max_cells)
    kept = begun.coordinates.kept
    stages = complex_stages(network, region, kept, t)
    if "conditions" in further:
        further = _with_stages(further, region, kept)
    all_signs = begun.artificial > 0 and "coarse" not in further
    callback, progress = None, options.get("progress")
    if progress is not None or _LOGGER.isEnabledFor(logging.DEBUG):
        callback = _listener(progress, network, bool(walls), further)
    try:
        cells = _core.subdivide(
            *(len(kept), begun.start, begun.forms, stages, bool(walls), t is not None, all_signs),
            *(max_cells, max_memory, callback, options.get("threads", 1)),
            **further,
        )
        if since:
            phase, counts = "classifying" if "conditions" in further else "subdividing", cells.finite
            what = _told(network, t, region, further)
            log_phase(_LOGGER, since, phase, "%s, cells by dimension %s", what, counts, cells=sum(counts))
        return take(cells), begun
    except _core.Limit as reached:
        by_memory, n_cells, memory, done = reached.args
        n_walls = len(stages[0][0]) if walls else 0
        total = sum(map(len, network.slopes))
        done = min(max(done - n_walls, 0), total)
        what = f"{max_memory} bytes" if by_memory else f"{most_cells(max_cells)} cells"
        if since:
            message = "%s, more than %s after %d of %d neurons"
            of = _told(network, t, region, further)
            log_phase(_LOGGER, since, "limit", message, of, what, done, total, cells=n_cells)
        raise LimitError(
            f"more than {what} are needed: after {done} of {total} neurons there were {n_cells} cells in {memory} "
            "bytes; a domain or a slice (Slice.restrict) needs fewer, estimate(network) predicts how many",
            {"cells": n_cells, "bytes": memory, "neurons": done},
        ) from None
    except _core.NoInterior:
        raise without_interior(region) from None
    except (_core.Inconsistent, _core.UnknownOutcome) as fault:
        raise VerificationError(f"subdivide: {fault}") from None
    except MemoryError:
        raise LimitError(
            "the memory of this machine does not suffice; max_memory stops earlier, a domain or a slice needs less, "
            "estimate(network) predicts how much"
        ) from None


def _told(network: Network, t: Fraction | None, region: Domain | None, further: dict[str, Any]) -> str:
    """What is made, in a few words."""
    level = "" if t is None else f", level {brief(t)}"
    return f"{network!r}{level}{', coarse' * ('coarse' in further)}{', in a domain' * (region is not None)}"


def _with_stages(further: dict[str, Any], region: Domain | None, kept: tuple[int, ...]) -> dict[str, Any]:
    """The further arguments of the core, whose conditions number stages and not hidden layers."""
    first = int(region is not None and bool(region.half_spaces()))
    found = {
        **further,
        "conditions": [[(first + layer, *term) for layer, *term in terms] for terms in further["conditions"]],
    }
    if "differences" in further:
        found["differences"] = complex_stages(further["differences"], region, kept, Fraction(0))
    return found


def _listener(
    progress: Progress | None, network: Network, has_walls: bool, further: dict[str, Any]
) -> Callable[[int, int, int, int], None]:
    """What the core calls, which names the layers; to `progress`, and to the logger each of them once."""
    names = ["domain"] * has_walls + [f"layer {i + 1}" for i in range(network.depth)] + ["level"]
    if "conditions" in further:
        compared = min(stage for condition in further["conditions"] for stage, _, _ in condition)
        names[compared:-1] = ["classes"] * (network.depth + has_walls - compared)

    last = -1

    def callback(stage: int, done: int, total: int, cells: int) -> None:
        nonlocal last
        if stage != last:
            last = stage
            _LOGGER.debug("%s: %d of %d neurons, %d cells", names[stage], done, total, cells)
        if progress is not None:
            progress(names[stage], done, total)

    return callback


def check_options(options: Options) -> None:
    """InputError unless the options are right; TypeError for keywords that are no options."""
    check_keywords(options, _OPTIONS)
    read_limit(options.get("max_cells"), "max_cells")
    read_limit(options.get("max_memory"), "max_memory")
    read_threads(options.get("threads", 1))
    read_progress(options.get("progress"))


def check_keywords(options: Collection[str], known: Collection[str]) -> None:
    """TypeError, as Python raises it, for keywords that are not known."""
    for name in options:
        if name not in known:
            raise TypeError(f"got an unexpected keyword argument {name!r}")


def read_threads(threads: Any) -> int:
    """The number of threads itself; InputError unless it is an integer from 1 to `MAX_THREADS`."""
    if isinstance(threads, bool) or not isinstance(threads, int) or not 1 <= threads <= MAX_THREADS:
        raise InputError(f"threads: expected an integer from 1 to {MAX_THREADS}, got {describe(threads)}")
    return threads


def read_level(network: Network, level: Any) -> Fraction | None:
    """The level given to `subdivide` as a Fraction, or None; raises the errors of `subdivide` for it."""
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
    """The domain given to `subdivide` (a Domain, or a box as pairs) as a Domain, or None.

    Raises DomainError if it is neither, or its dimension or its units are not those of the network.
    """
    found = as_domain(domain)
    if found is None:
        return None
    if found.input_dim != (dim := network.input_dim):
        raise DomainError(
            f"domain: lies in dimension {found.input_dim}, but the network has {dim} input{'s' * (dim != 1)}"
        )
    if found.units and network.units and found.units != network.units:
        raise DomainError(
            f"domain: is in {found.units[0]}, but the network takes inputs in {network.units[0]}; give both in the "
            "same units (of an NNet file, both with normalise=True or both without)"
        )
    return found


def as_domain(domain: Any) -> Domain | None:
    """A Domain, or a box as pairs, as a Domain; None for None. DomainError for anything else."""
    if domain is None or isinstance(domain, Domain):
        return domain
    try:
        pairs = [(low, high) for low, high in domain]
    except MemoryError:
        raise
    except Exception:  # whatever a foreign iterable raises
        raise DomainError(
            "domain: expected a Domain, or a box as a sequence of pairs (lower, upper), one per input"
        ) from None
    return Domain.box([low for low, _ in pairs], [high for _, high in pairs])
