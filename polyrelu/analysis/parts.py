"""Complexes in parts: every part is made, reduced and forgotten, and what is left of all of them is put together.

The domain is cut by neurons of the network (`polyrelu.geometry.cut_tree`), so that the walls between parts consist of
cells of C(F). Every part makes its cells, and reduces within fibers (`polyrelu.analysis.part`): a fiber consists of the
cells with the same parts around them. By the patchwork theorem the critical cells of all parts, those on common walls
counted once, span a complex with the homology of the whole. `polyrelu.analysis.merging` puts them together.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any, TypedDict

from polyrelu.analysis.cluster import check_client, tasks_on
from polyrelu.analysis.critical import CriticalComplex
from polyrelu.analysis.merging import merge
from polyrelu.analysis.part import Part, reduce_part
from polyrelu.analysis.problems import OPEN, AnyProblem
from polyrelu.analysis.work_directory import WorkDirectory
from polyrelu.errors import InputError, LimitError, VerificationError
from polyrelu.exact.limits import read_limit, read_progress
from polyrelu.exact.rational import describe
from polyrelu.geometry.cut_tree import CutTree, Form, choose_cuts, further_cut
from polyrelu.geometry.subdivision import Options, Progress, check_keywords, read_threads
from polyrelu.phases import clock, log_phase
from polyrelu.topology.groups import Homology, homology_groups

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class PartsReport:
    """What all parts together say.

    Attributes
    ----------
    f_vector : tuple of int
        The number of cells of dimension 0..d: of C(F), of C(F, level), or of the coarse complex.
    bounded_regions : int
        The number of bounded d-cells.
    homology : dict
        For each set of the problem, by name, its integral homology.
    largest : int
        The number of cells of the largest part.
    n_parts : int
        The number of parts.
    tallies : tuple of int
        Further numbers of the problem, added up.
    """

    f_vector: tuple[int, ...]
    bounded_regions: int
    homology: dict[str, Homology]
    largest: int
    n_parts: int
    tallies: tuple[int, ...] = ()


PART_CELLS = 2_000_000
"""The size of parts that "auto" aims at: about 150 MB each, and small enough for little work on walls."""

MOST_PART_CELLS = 4 * PART_CELLS
"""Parts with more cells are cut further by "auto", unless there are `MAX_PARTS` that are larger already."""

FIRST_CELLS = PART_CELLS
"""A complex with no more cells is made as a whole by "auto"."""

MAX_PARTS = 10**5


class _Stopped(Exception):
    """Raised in a thread that makes a part, when the others stop."""


def make_part(
    problem: AnyProblem,
    tree: CutTree,
    leaf: int,
    max_cells: int | None = None,
    max_memory: int | None = None,
    progress: Progress | None = None,
) -> Part:
    """The part of a leaf. LimitError if it has more cells or takes more memory than allowed."""
    options: Options = {"max_cells": max_cells, "max_memory": max_memory, "progress": progress}
    found = problem.make(tree.domain(leaf, problem.domain), options, is_cut=bool(tree.nodes))
    since = clock(_LOGGER)
    part = reduce_part(found, problem.domain, tree, leaf, problem.models)
    if since:
        log_phase(_LOGGER, since, "reducing", "part %d of %d", leaf + 1, tree.n_leaves, cells=sum(part.cells))
    return part


def _short(error: LimitError) -> str:
    """What was reached, without the advice."""
    return str(error).partition(";")[0]


@dataclass
class _Run:
    """The state of a computation in parts: the tree, which grows, and the parts that are done."""

    problem: AnyProblem
    tree: CutTree
    directory: WorkDirectory | None
    max_cells: int | None
    max_memory: int | None
    done: dict[int, Part] = field(default_factory=dict)
    cuts: list[tuple[int, Form]] = field(default_factory=list)
    """The leaves that were cut further, and how, in the order in which that happened."""

    def take(self, leaf: int, part: Part, known: int) -> bool:
        """A part that was made when `known` leaves had been cut further; whether it is right for the tree of now."""
        if self.was_cut({leaf, *part.neighbours}, known):
            return False
        if self.directory is not None:
            self.directory.save(leaf, part)
        self.done[leaf] = part
        _LOGGER.debug("%d of %d parts are done", len(self.done), self.tree.n_leaves)
        return True

    def was_cut(self, leaves: set[int], known: int) -> bool:
        """Whether one of the leaves has been cut further since `known` had been."""
        return any(leaf in leaves for leaf, _ in self.cuts[known:])

    def to_make(self) -> deque[int]:
        """The leaves that are not done; the last one is taken next."""
        return deque(leaf for leaf in range(self.tree.n_leaves) if leaf not in self.done)

    def cut_further(self, leaf: int, error: LimitError, waiting: deque[int]) -> None:
        """Cuts a leaf that is too large, and adds the leaves that have to be made, again or for the first time.

        Its halves come next, and may be cut in turn; the parts around it that were done come last, when no part is
        left that is too large. So a part is made at most twice, and attempts that fail come in addition.
        """
        form = further_cut(self.problem.dividing, self.tree.domain(leaf, self.problem.domain))
        if form is None:
            raise error
        _LOGGER.info("part %d of %d is cut further: %s", leaf + 1, self.tree.n_leaves, _short(error))
        again = [other for other, part in self.done.items() if leaf in part.neighbours]
        for other in again:
            del self.done[other]
        tree = self.tree.split(leaf, form)
        if self.directory is not None:
            self.directory.set_tree(tree, [leaf, *again])
        self.tree = tree
        self.cuts.append((leaf, form))
        waiting.extendleft(again)
        waiting.extend((leaf, tree.n_leaves - 1))


class PartsOptions(TypedDict, total=False):
    """The keyword arguments that affect how something is computed in parts, not what."""

    parts: int | str | None
    threads: int
    work_dir: Any
    client: Any
    max_cells: int | None
    max_memory: int | None
    progress: Progress | None


def asks_for_parts(options: PartsOptions) -> bool:
    """Whether the options ask for parts rather than for the whole: by name, or for threads without a limit of cells."""
    if any(options.get(name) is not None for name in ("work_dir", "client")):
        return True
    if options.get("parts") is None:
        return read_threads(options.get("threads", 1)) > 1 and options.get("max_cells") is None
    return _read_parts(options["parts"]) != 1


def _read_parts(parts: Any) -> int | None:
    """The number of parts that is asked for; None for "auto", and for None."""
    if parts is None or (isinstance(parts, str) and parts == "auto"):
        return None
    if isinstance(parts, bool) or not isinstance(parts, int) or not 1 <= parts <= MAX_PARTS:
        raise InputError(f'parts: expected "auto" or an integer from 1 to {MAX_PARTS}, got {describe(parts)}')
    return parts


def solve(problem: AnyProblem, options: PartsOptions) -> PartsReport:
    """What `in_parts` returns, with the number of parts that the options say, once they are checked.

    "auto", and None: the whole, if it has at most `FIRST_CELLS` cells. Otherwise parts of about `PART_CELLS` cells, as
    `estimate` predicts, and at least four for each of those that are made at a time; parts that turn out to have many
    more are cut further. The memory is shared among the parts that are made at a time.
    """
    check_keywords(options, PartsOptions.__annotations__)
    parts, threads = _read_parts(options.get("parts")), read_threads(options.get("threads", 1))
    max_cells, max_memory = options.get("max_cells"), options.get("max_memory")
    client, progress = options.get("client"), options.get("progress")
    read_limit(max_cells, "max_cells")
    read_limit(max_memory, "max_memory")
    read_progress(progress)
    check_client(client)
    of_part = max(max_memory // threads, 1) if max_memory is not None and client is None else max_memory
    if parts is None:
        if client is None and options.get("work_dir") is None:
            first = min(max_cells or FIRST_CELLS, FIRST_CELLS)
            try:
                return _report(problem, CutTree(), [make_part(problem, CutTree(), 0, first, max_memory, progress)])
            except LimitError as error:
                _LOGGER.info("not made as a whole: %s", _short(error))
        at_once = threads if client is None else max(sum(client.ncores().values()), 1)
        predicted = problem.predicted_cells()
        parts = min(max(-(-predicted // PART_CELLS), 4 * at_once), MAX_PARTS)
        # If the parts cannot be as many, they are larger: it costs more to cut them all further.
        most = max(MOST_PART_CELLS, MOST_PART_CELLS // PART_CELLS * predicted // parts)
        max_cells = min(max_cells or most, most)
    return in_parts(
        problem,
        parts,
        threads=threads,
        max_cells=max_cells,
        max_memory=of_part,
        work_dir=options.get("work_dir"),
        client=client,
        progress=progress,
    )


def in_parts(
    problem: AnyProblem,
    n_parts: int,
    *,
    threads: int = 1,
    max_cells: int | None = None,
    max_memory: int | None = None,
    work_dir: Any = None,
    client: Any = None,
    progress: Progress | None = None,
) -> PartsReport:
    """The homology of regions and the number of cells, in parts.

    Parameters
    ----------
    problem : AnyProblem
        The sets of cells.
    n_parts : int
        The approximate number of parts to start with; fewer if the first layer cuts the domain into fewer.
    threads : int
        The number of parts made at a time.
    max_cells, max_memory : int, optional
        Limits for each part. A part that exceeds them is cut further.
    work_dir : path, optional
        A directory in which parts that are done are kept; a run that was ended goes on where it was.
    client : distributed.Client, optional
        A Dask client, whose workers make the parts.
    progress : callable, optional
        Called with ("parts", parts done, number of parts).

    Raises
    ------
    LimitError
        If a part exceeds the limits and no neuron cuts it further.
    FileError
        If the work directory cannot be used.
    VerificationError
        If parts contradict each other, which would be a fault of this library.
    """
    directory = None
    if work_dir is not None:
        directory = WorkDirectory(work_dir, problem.description())
    tree = directory.tree if directory is not None else None
    if tree is None:
        tree = choose_cuts(problem.dividing, problem.domain, n_parts)
        if directory is not None:
            directory.set_tree(tree)
    run = _Run(problem, tree, directory, max_cells, max_memory)
    if directory is not None:
        for leaf in range(tree.n_leaves):
            if (part := directory.load(leaf)) is not None:
                run.done[leaf] = part

    def report() -> None:
        if progress is not None:
            progress("parts", len(run.done), run.tree.n_leaves)

    _LOGGER.info("%d of %d parts are to be made", len(run.to_make()), run.tree.n_leaves)
    report()
    if client is not None:
        _make_on_cluster(run, client, report)
    elif threads == 1:
        _make_in_turn(run, report, progress)
    else:
        _make_with_threads(run, threads, report)
    return _report(problem, run.tree, [run.done[leaf] for leaf in range(run.tree.n_leaves)])


def _make_in_turn(run: _Run, report: Callable[[], None], progress: Progress | None) -> None:
    listener = None
    if progress is not None:

        def listener(name: str, done: int, total: int) -> None:
            report()

    waiting = run.to_make()
    while waiting:
        leaf = waiting.pop()
        if leaf in run.done:
            continue
        try:
            part = make_part(run.problem, run.tree, leaf, run.max_cells, run.max_memory, listener)
        except LimitError as error:
            run.cut_further(leaf, error, waiting)
            continue
        run.take(leaf, part, len(run.cuts))
        report()


def _make_with_threads(run: _Run, threads: int, report: Callable[[], None]) -> None:
    stop = threading.Event()

    def listener(name: str, done: int, total: int) -> None:
        if stop.is_set():
            raise _Stopped

    with ThreadPoolExecutor(threads, "part") as pool:

        def submit(tree: CutTree, leaf: int) -> Future[Part]:
            return pool.submit(make_part, run.problem, tree, leaf, run.max_cells, run.max_memory, listener)

        try:
            _make_all(run, submit, lambda: threads, report)
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)


MOST_CUTS = 200
"""The number of cuts that are sent with a task, before the tree that they have made is sent to all workers."""


def _make_on_cluster(run: _Run, client: Any, report: Callable[[], None]) -> None:
    with tasks_on(client) as tasks:
        problem, tree, known = tasks.share(run.problem), tasks.share(run.tree), 0

        def submit(_: CutTree, leaf: int) -> Future[Part]:
            nonlocal tree, known
            if len(run.cuts) > known + MOST_CUTS:
                tree, known = tasks.share(run.tree), len(run.cuts)
            return tasks.submit(_make_after, problem, tree, run.cuts[known:], leaf, run.max_cells, run.max_memory)

        _make_all(run, submit, lambda: 2 * tasks.cores, report)


def _make_after(
    problem: AnyProblem,
    tree: CutTree,
    cuts: list[tuple[int, Form]],
    leaf: int,
    max_cells: int | None,
    max_memory: int | None,
) -> Part:
    """The part of a leaf of a tree after some cuts."""
    return make_part(problem, tree.split_further(cuts) if cuts else tree, leaf, max_cells, max_memory)


def _make_all(
    run: _Run,
    submit: Callable[[CutTree, int], Future[Part]],
    at_once: Callable[[], int],
    report: Callable[[], None],
) -> None:
    """Makes all parts by tasks that run elsewhere, at most `at_once()` at a time."""
    waiting = run.to_make()
    running: dict[Future[Part], tuple[int, int]] = {}
    try:
        while waiting or running:
            under_way = {leaf for leaf, _ in running.values()}
            held = []
            most = at_once()
            while waiting and len(running) < most:
                leaf = waiting.pop()
                if leaf in under_way:
                    held.append(leaf)  # what is under way may be of an earlier tree
                elif leaf not in run.done:
                    running[submit(run.tree, leaf)] = leaf, len(run.cuts)
                    under_way.add(leaf)
            waiting.extendleft(held)
            finished, _ = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
            for future in finished:
                leaf, known = running.pop(future)
                try:
                    part = future.result()
                except LimitError as error:
                    # If it was cut further meanwhile, the task was of the larger part.
                    if run.was_cut({leaf}, known):
                        waiting.append(leaf)
                    else:
                        run.cut_further(leaf, error, waiting)
                    continue
                if not run.take(leaf, part, known):
                    waiting.appendleft(leaf)
                report()
    finally:
        for future in running:
            future.cancel()


def _report(problem: AnyProblem, tree: CutTree, parts: list[Part]) -> PartsReport:
    if len({part.lineality_dim for part in parts}) > 1:
        raise VerificationError("parts with different lineality spaces")
    _check_walls(parts)
    low, d = parts[0].lineality_dim, problem.network.input_dim
    homology: dict[str, Homology] = {}
    for name, model in problem.models.items():
        whole = _merged(tree, [part.regions[name] for part in parts])
        homology[name] = _groups(whole, sum(part.euler[name] for part in parts), d, is_dual=model == OPEN)
        # `homology_groups` reports on what is left of the cells only, which may be nothing.
        _LOGGER.debug("%d parts put together, %s: %s", len(parts), name, homology[name])
    return PartsReport(
        tuple(map(sum, zip(*(part.f_vector for part in parts), strict=True))),
        0 if low else sum(part.bounded_regions for part in parts),
        homology,
        max(sum(part.cells) for part in parts),
        len(parts),
        tuple(map(sum, zip(*(part.tallies for part in parts), strict=True))),
    )


def _check_walls(parts: Sequence[Part]) -> None:
    """VerificationError if parts have found different cells on a common wall."""
    for leaf, part in enumerate(parts):
        for leaves, digest in part.fibers.items():
            if leaf not in leaves or any(parts[other].fibers.get(leaves) != digest for other in leaves):
                raise VerificationError(f"the parts {', '.join(map(str, leaves))} disagree about their common wall")


def _merged(tree: CutTree, regions: list[CriticalComplex]) -> CriticalComplex:
    """All parts put together, along the tree from the leaves up."""
    order: list[int] = []
    waiting = [0 if tree.nodes else -1]
    while waiting:
        at = waiting.pop()
        order.append(at)
        if at >= 0:
            waiting += [tree.nodes[at].minus, tree.nodes[at].plus]
    found: dict[int, tuple[CriticalComplex, frozenset[int]]] = {}
    for at in reversed(order):
        if at < 0:
            found[at] = regions[-1 - at], frozenset([-1 - at])
        else:
            (minus, left), (plus, right) = found.pop(tree.nodes[at].minus), found.pop(tree.nodes[at].plus)
            found[at] = merge([minus, plus], left | right), left | right
    whole, leaves = found[order[0]]
    return merge([whole], leaves)


def _groups(whole: CriticalComplex, euler: int, d: int, *, is_dual: bool = False) -> Homology:
    """The homology of a set in R^d from what is left of its cells, whose Euler characteristic is known.

    With `is_dual` the cells are those of an open set, and its homology is that of the dual complex.
    """
    complex_ = whole.chain_complex()
    if sum((-1) ** q * n for q, n in enumerate(whole.free)) + complex_.euler_characteristic != euler:
        raise VerificationError("the Euler characteristic of the critical cells is not that of the cells")
    groups = homology_groups(complex_.dual() if is_dual else complex_)
    free = whole.free[::-1] if is_dual else whole.free
    betti = tuple(x + y for x, y in zip(groups.betti, free, strict=True))
    if any(betti[d:]) or any(groups.torsion[d - 1 :]):
        raise VerificationError(f"no region of R^{d} has these Betti numbers: {betti}")
    return Homology((betti + (0,) * d)[:d], (groups.torsion + ((),) * d)[:d])
