"""Estimates before the work: how many cells a subdivision will make, and what memory and time it will take.

`Estimate.upper` and `Estimate.lower` are proved (`polyrelu.analysis.cell_bounds`); the estimate is that of a sampler
without bias (`polyrelu.analysis.sampling`). Its standard error is that of the mean of independent repetitions; where a
few cells hold most of the others it is itself uncertain, and the truth lies more often above the estimate than below.

Reference: Hanin & Rolnick, Deep ReLU networks have surprisingly few activation patterns, NeurIPS 2019.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from math import inf, isqrt
from random import Random
from typing import Any

from polyrelu.analysis import sampling
from polyrelu.analysis.cell_bounds import Rows, arrangement_cells, f_vector_bounds, rows_that_matter
from polyrelu.analysis.deadline import Deadline, read_seconds
from polyrelu.errors import InputError, LimitError, NumberError
from polyrelu.exact.floats import to_double
from polyrelu.exact.limits import read_flag, read_progress
from polyrelu.exact.linear import rank
from polyrelu.exact.printing import BriefRepr, brief
from polyrelu.exact.rational import describe
from polyrelu.exact.time_limit import OutOfTimeError
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.hull import on_slice
from polyrelu.geometry.stages import row_bits
from polyrelu.geometry.subdivision import Progress, read_domain, read_level, subdivide
from polyrelu.markup import table
from polyrelu.network.network import Network
from polyrelu.paper.bounds import short

_LOGGER = logging.getLogger(__name__)

BYTES_PER_CELL = (80, 80, 80, 80, 80, 80, 90, 110, 115)
"""Peak bytes a cell while subdividing layers of up to 64 neurons, by the dimension modulo lineality, as measured."""

MASK_BYTES = 16
"""Bytes that a cell takes more for every 64 further neurons of the widest layer: two bits a neuron."""

CELLS_PER_SECOND = 1_500_000
"""Cells a second on one core, as measured: one to three million on most networks, fewer in wide and deep ones."""

COARSE_CELLS_PER_SECOND = 1_300_000
"""The same for coarse complexes, without the bounds of F − t that are asked for."""

SECONDS_PER_WEIGHT = 6e-10
"""Seconds for bounds, by top cells and weights of the network: about one in three top cells is asked for one."""

SECONDS = 5.0
"""The default limit on the time of an estimate."""

OUT_OF_TIME = "the time was over before a sample was complete; more seconds give an estimate"
"""Why there is no estimate, when the limit on the time is the reason."""

MOST_ROWS = 20
"""Up to this dimension, modulo lineality, a table shows cells of all dimensions."""


@dataclass(frozen=True, repr=False)
class Estimate(BriefRepr):
    """The size of `subdivide(network, level, domain, coarse=is_coarse)`, as far as it is known before the work.

    Attributes
    ----------
    f_vector : tuple of Fraction, or None
        The estimated number of cells by dimension 0..d; None where no estimate was possible (`reason` says why).
    errors : tuple of float, or None
        Its standard errors; all zero if `exact`. None if they are not known.
    cells : Fraction, or None
        The estimated number of cells of all dimensions together.
    cells_error : float, or None
        Its standard error.
    exact : bool
        Whether all cells were counted, so that the f-vector consists of the true numbers.
    lower, upper : tuple of int
        Proved bounds on the f-vector of C(F), or of C(F, t); `upper` is None for the dimensions whose bound was not
        computed. A coarse complex has no more cells than that, and may have fewer than `lower`.
    rank : int
        The dimension modulo lineality: the rank of the first layer and of the walls of the domain.
    reason : str
        Why there is no estimate; empty if there is one.
    not_computed : str
        What the limit on the time left out; empty if it sufficed. Then the same seed gives the same estimate anywhere.
    is_coarse : bool
        Whether it is the size of a coarse complex.
    coarse : Estimate or None
        The same for the coarse complex for the level, which Betti numbers are computed from.
    """

    network: Network
    level: Fraction | None
    domain: Domain | None
    f_vector: tuple[Fraction, ...] | None
    errors: tuple[float, ...] | None
    cells: Fraction | None
    cells_error: float | None
    exact: bool
    lower: tuple[int, ...]
    upper: tuple[int | None, ...]
    rank: int
    reason: str = ""
    not_computed: str = ""
    is_coarse: bool = False
    coarse: Estimate | None = None

    @property
    def regions(self) -> Fraction | None:
        """The estimated number of regions (d-cells)."""
        return None if self.f_vector is None else self.f_vector[-1]

    @property
    def regions_error(self) -> float | None:
        """The standard error of `regions`."""
        return None if self.errors is None else self.errors[-1]

    @property
    def typical_cells(self) -> int:
        """The cells that as many hyperplanes in general position make as the network has neurons.

        For a coarse complex, in one dimension less, and four times as many: those around a level set.

        A rule of thumb for random networks, and no estimate of this one: it looks at no weight. The number of regions
        of random networks depends on the number of neurons, hardly on the depth (Hanin & Rolnick 2019).
        """
        neurons = sum(map(len, self.network.slopes)) + (self.level is not None)
        walls = 0 if self.domain is None else len(self.domain.half_spaces())
        if self.is_coarse and self.rank:
            return 4 * arrangement_cells(neurons + walls, self.rank - 1)
        return arrangement_cells(neurons + walls, self.rank)

    @property
    def likely_cells(self) -> Fraction:
        """The estimate for all cells; where there is none, the rule of thumb."""
        return Fraction(self.typical_cells) if self.cells is None else self.cells

    @property
    def memory(self) -> int:
        """Bytes that subdividing will take at its peak: `likely_cells` by the bytes measured for a cell."""
        return int(self.likely_cells * bytes_per_cell(self.rank, max(map(len, self.network.slopes), default=0)))

    @property
    def seconds(self) -> float:
        """Seconds that subdividing will take on one core, very roughly: by the speed measured on one machine."""
        if not self.is_coarse:
            return to_double(self.likely_cells / CELLS_PER_SECOND)
        regions = self.likely_cells / 10 if self.regions is None else self.regions
        weights = sum(m * n for m, n in pairwise(self.network.architecture))
        bounds = to_double(regions) * weights * SECONDS_PER_WEIGHT
        return to_double(self.likely_cells / COARSE_CELLS_PER_SECOND) + bounds

    def __str__(self) -> str:
        rows = [self._head(), *self._rows()]
        sizes = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.rjust(size) for cell, size in zip(row, sizes, strict=True)) for row in rows]
        more = [f"coarse: {self.coarse.summary()}"] if self.coarse is not None else []
        return "\n".join([self._title(), *lines, self.summary(), *more])

    def _repr_html_(self) -> str:
        more = "" if self.coarse is None else f"; coarse: {self.coarse.summary()}"
        return table(self._title(), self._head(), self._rows(), self.summary() + more)

    def _title(self) -> str:
        kind = "C(F)" if self.level is None else f"C(F, {brief(self.level)})"
        if self.is_coarse and self.level is not None:
            kind = f"a coarse complex for F = {brief(self.level)}"
        where = "" if self.domain is None else f" over {self.domain!r}"
        return f"{kind} of {self.network!r}{where}"

    def _head(self) -> tuple[str, ...]:
        return "dimension", "at least", "exact" if self.exact else "estimate", "standard error", "at most"

    def _rows(self) -> Iterator[tuple[str, ...]]:
        d = self.network.input_dim
        # In many dimensions the regions alone; there are no cells below the dimension of the lineality.
        first = d - self.rank if self.rank <= MOST_ROWS else d
        for k in range(first, d + 1):
            high = self.upper[k]
            found = error = "-"
            if self.f_vector is not None:
                found = rounded(self.f_vector[k])
                error = "-" if self.exact or self.errors is None else rounded(self.errors[k])
            low = "-" if self.is_coarse else short(self.lower[k])
            yield str(k), low, found, error, "-" if high is None else short(high)

    def summary(self) -> str:
        """All cells, memory and time in one line."""
        cost = f"some {size(self.memory)} and {duration(self.seconds)} on one core"
        left_out = f"; {self.not_computed}" if self.not_computed else ""
        if self.cells is None:
            certain = "" if self.is_coarse else f"at least {short(sum(self.lower))} cells are certain; "
            return (
                f"no estimate ({self.reason}); {certain}"
                f"a random network of as many neurons has about {rounded(Fraction(self.typical_cells))}: {cost}"
            )
        assert self.f_vector is not None
        regions = f", {rounded(self.f_vector[-1])} of them top cells" if self.is_coarse else ""
        if self.exact:
            return f"{rounded(self.cells)} cells{regions}, counted: {cost}"
        error = "not known" if self.cells_error is None else rounded(self.cells_error)
        return f"about {rounded(self.cells)} cells{regions} (standard error {error}), {cost}{left_out}"


def estimate(
    network: Network,
    level: Any = None,
    domain: Any = None,
    *,
    coarse: bool | None = None,
    samples: int = 100,
    seed: int = 0,
    seconds: float | None = SECONDS,
    progress: Progress | None = None,
) -> Estimate:
    """The number of cells that `subdivide(network, level, domain)` will make, estimated before it makes them.

    Parameters
    ----------
    network : Network
        The network F.
    level : exact number, optional
        As for `subdivide`.
    domain : Domain or pairs of numbers, optional
        As for `subdivide`.
    coarse : bool, optional
        True: for the coarse complex that `subdivide(..., coarse=True)` makes, alone; it needs a level. False: for C(F),
        or C(F, level), alone. By default the latter, and if there is a level, the former in `Estimate.coarse`.
    samples : int, optional
        About how many parts of the input space are drawn at every level of the search, over all repetitions. More take
        longer and give smaller errors; when all cells fit, nothing is sampled and the numbers are exact.
    seed : int, optional
        Of the random choices; the same seed gives the same estimate, unless `Estimate.not_computed` says that the time
        did not suffice.
    seconds : float, optional
        A limit on the time, kept to within a half; None for no limit. What it leaves out, `Estimate.not_computed` says.
        Reading the numbers of very wide networks, some seconds for millions of weights, comes in addition.
    progress : callable, optional
        As for `subdivide`.

    Returns
    -------
    Estimate
        For every dimension, with lower and upper bounds that are proved: that of C(F) without bias, that of a coarse
        complex nearly so (`polyrelu.analysis.sampling`). Memory is needed for about `sampling.TRUNK_CELLS` cells. In
        more than `sampling.MAX_RANK` dimensions modulo lineality there are only bounds, and likewise for networks with
        identity neurons in the first layer that need hyperplanes which are no part of C(F), or whose numbers are so
        long (`sampling.MAX_ROW_BITS`) that signs take seconds.

    Raises
    ------
    InputError
        For `samples` and `seed` that are not integers (samples positive), `seconds` that is not a positive number,
        `coarse` without a level, and what `subdivide` raises for bad input. Ctrl-C raises KeyboardInterrupt at once.

    Examples
    --------
    >>> from polyrelu import Network
    >>> estimate(Network([[[1], [-1]], [[1, 1]]], [[0, 1], [0]])).f_vector
    (Fraction(2, 1), Fraction(3, 1))
    """
    for name, value, least in (("samples", samples, 1), ("seed", seed, None)):
        if isinstance(value, bool) or not isinstance(value, int) or (least is not None and value < least):
            raise InputError(f"{name}: expected {'a positive' if least else 'an'} integer, got {describe(value)}")
    limit = read_seconds(seconds)
    read_progress(progress)
    t = read_level(network, level)
    if coarse is not None and read_flag(coarse, "coarse") and t is None:
        raise InputError("coarse: a coarse complex is for a level; give level=t, or leave coarse out for C(F)")
    network, where, _ = on_slice(network, read_domain(domain, network))
    deadline = Deadline(limit, progress)
    rows = rows_that_matter(network, t, where)
    r = rank(rows)
    nothing = Estimate(network, t, where, None, None, None, None, False, *f_vector_bounds(network, t, where, r), r)
    reason = ""
    if row_bits(network) > sampling.MAX_ROW_BITS:
        reason = "its rows have common denominators of too many digits to be sampled in seconds"
    elif r > sampling.MAX_RANK and not sampling.begins_within_trunk(r):
        reason = f"{r} dimensions are too many to sample from (at most {sampling.MAX_RANK})"
    nothing = replace(nothing, reason=reason)
    of_coarse = None
    if t is not None and coarse is not False:
        part = deadline if coarse else Deadline(deadline.part(0.5), progress)
        of_coarse = _sampled(replace(nothing, is_coarse=True), rows, samples, seed, part)
        if coarse:
            return of_coarse
    return replace(_sampled(nothing, rows, samples, seed, deadline), coarse=of_coarse)


def _sampled(nothing: Estimate, rows: Rows, samples: int, seed: int, deadline: Deadline) -> Estimate:
    """The same with numbers of cells: counted if they are few enough, else from a sample, as far as the time goes."""
    if nothing.reason:
        return nothing
    network, t, where, r = nothing.network, nothing.level, nothing.domain, nothing.rank
    coarse: dict[str, Any] = {"coarse": True} if nothing.is_coarse else {}
    limit = sampling.coarse_limit(network, sampling.TRUNK_CELLS) if nothing.is_coarse else sampling.TRUNK_CELLS
    step = 1
    try:
        if sampling.begins_within_trunk(r):
            whole = subdivide(
                network, t, where, max_cells=limit, progress=deadline.progress, **coarse
            )
            return _with_counts(nothing, [[*map(Fraction, whole.f_vector)]], exact=True)
    except LimitError as reached:
        _LOGGER.info("the cells are sampled, not counted: %s", str(reached).partition(";")[0])
        step = max(reached.reached.get("neurons", 0), 1)
    except OutOfTimeError:
        return replace(nothing, reason=OUT_OF_TIME, not_computed=OUT_OF_TIME)
    if r > sampling.MAX_RANK:
        return replace(nothing, reason=f"{r} dimensions are too many to sample from (at most {sampling.MAX_RANK})")
    try:
        less, part = sampling.without_lineality(network, where, rows)
        search = sampling.Search(less, part, t, samples, deadline, nothing.is_coarse)
        totals = search.run(Random(seed), step)
    except (sampling.GivenUpError, NumberError) as error:  # numbers longer than can be read, in very deep networks
        return replace(nothing, reason=str(error))
    except OutOfTimeError:
        return replace(nothing, reason=OUT_OF_TIME, not_computed=OUT_OF_TIME)
    padding = [Fraction(0)] * (network.input_dim - r)
    found = _with_counts(nothing, [padding + total for total in totals])
    if search.left_out and len(totals) == 1:
        found = replace(found, errors=None, cells_error=None)
    return replace(found, not_computed=", ".join(search.left_out))


def _with_counts(nothing: Estimate, totals: list[list[Fraction]], exact: bool = False) -> Estimate:
    """With the f-vectors of all repetitions, or with the one that was counted."""
    means, errors = zip(*map(_mean, zip(*totals, strict=True)), strict=True)
    cells, cells_error = _mean([sum(total, Fraction(0)) for total in totals])
    return replace(nothing, f_vector=means, errors=errors, cells=cells, cells_error=cells_error, exact=exact)


def bytes_per_cell(dimension: int, widest: int = 0) -> int:
    """The peak bytes of a cell, by the dimension modulo lineality and the number of neurons in the widest layer."""
    return BYTES_PER_CELL[min(dimension, len(BYTES_PER_CELL) - 1)] + max(widest - 1, 0) // 64 * MASK_BYTES


def _mean(values: Sequence[Fraction]) -> tuple[Fraction, float]:
    """Mean and its standard error; no error for a single value, which was not sampled."""
    n = len(values)
    mean = sum(values, Fraction(0)) / n
    variance = sum(((x - mean) ** 2 for x in values), Fraction(0)) / (n * (n - 1)) if n > 1 else Fraction(0)
    scale = 10**12
    return mean, to_double(Fraction(isqrt(int(variance * scale**2)), scale))


def rounded(x: Fraction | float) -> str:
    """A non-negative number for a table: integers below 10^15 in full, others to three significant digits or so."""
    if x in (inf, 0) or (isinstance(x, Fraction) and x.denominator == 1 and x < 10**15):
        return str(x)
    if x >= 10**6:
        return short(int(x)) if x >= 10**15 else f"{float(x):.3g}"
    return f"{float(x):.0f}" if x >= 100 else f"{float(x):.2g}"


def size(count: int) -> str:
    """Bytes in words: kB, MB, GB or TB."""
    for unit, power in (("kB", 3), ("MB", 6), ("GB", 9)):
        if count < 10 ** (power + 3):
            return f"{rounded(Fraction(count, 10**power))} {unit}"
    return f"{rounded(Fraction(count, 10**12))} TB" if count < 10**18 else "more than a million TB"


def duration(seconds: float) -> str:
    """A time in words, to one or two digits."""
    for unit, length, end in (("ms", 1e-3, 1.0), ("s", 1.0, 120.0), ("minutes", 60.0, 7200.0), ("hours", 3600.0, 2e5)):
        if seconds < end:
            return f"{rounded(seconds / length)} {unit}"
    days, years = seconds / 86400, seconds / 86400 / 365.25
    if years < 3:
        return f"{rounded(days)} days"
    return f"{rounded(years)} years" if years < 1e6 else "more than a million years"
