"""The Betti numbers of many networks, in several processes."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable
from contextlib import closing
from functools import partial
from typing import Any, Literal, Unpack, overload

import numpy as np

from polyrelu.analysis.pipeline import betti_numbers
from polyrelu.errors import InputError, PolyreluError, RegionError
from polyrelu.exact.limits import read_flag
from polyrelu.exact.rational import describe, exact
from polyrelu.exact.workers import Workers, cores
from polyrelu.geometry.region import read_relation
from polyrelu.geometry.subdivision import Options, check_options
from polyrelu.network.formula import Formula, read_formula
from polyrelu.network.network import Network

MAX_PROCESSES = 1024

Betti = tuple[int, ...]


@overload
def betti_numbers_of(
    networks: Iterable[Network],
    relation: str = ">",
    level: Any = 0,
    domain: Any = None,
    *,
    where: Formula | str | None = None,
    coarse: bool = True,
    processes: int | None = None,
    errors: Literal["raise"] = "raise",
    **options: Unpack[Options],
) -> list[Betti]: ...
@overload
def betti_numbers_of(
    networks: Iterable[Network],
    relation: str = ">",
    level: Any = 0,
    domain: Any = None,
    *,
    where: Formula | str | None = None,
    coarse: bool = True,
    processes: int | None = None,
    errors: Literal["return"],
    **options: Unpack[Options],
) -> list[Betti | PolyreluError]: ...
def betti_numbers_of(
    networks: Iterable[Network],
    relation: str = ">",
    level: Any = 0,
    domain: Any = None,
    *,
    where: Formula | str | None = None,
    coarse: bool = True,
    processes: int | None = None,
    errors: str = "raise",
    **options: Unpack[Options],
) -> list[Betti] | list[Betti | PolyreluError]:
    """The Betti numbers of {x : F(x) relation level} for each of many networks F, computed in several processes.

    Parameters
    ----------
    networks : iterable of Network
        The networks. Their numbers of inputs may differ, unless there is a domain.
    relation : str, default ">"
        As for `betti_numbers`, like level, domain, `where` and `coarse`; the same for all networks.
    level : exact number, default 0
        The level t.
    domain : Domain or box, optional
        A polyhedron with which the regions are intersected. The default is R^d.
    where : Formula or str, optional
        A formula in place of relation and level.
    coarse : bool, default True
        Whether to use coarse complexes.
    processes : int, optional
        The number of processes. The default is the number of processors that this process may use, and 1 works in this
        process.
    errors : str, default "raise"
        What becomes of an error of polyrelu for one of the networks: "raise" raises it; with "return" it takes the
        place of the Betti numbers in the result.
    **options
        Options of `subdivide`, for each network: with `max_memory`, processes times as much may be taken. `progress` is
        called with ("networks", number done, number of all).

    Returns
    -------
    list of tuple of int
        The Betti numbers of each network, in the order of the networks. They do not depend on `processes`.

    Raises
    ------
    InputError
        If an argument is wrong.
    PolyreluError
        The error of the first network that has one. Its message begins with the place, counted from 0, as in
        "networks[7]: ".
    KeyboardInterrupt
        On Ctrl-C; all processes are ended at once.

    Notes
    -----
    The processes are new interpreters, which know nothing of the main module: scripts need no guard
    ``if __name__ == "__main__"``. They take about half a second to start, and a small network takes a fraction of a
    millisecond: up to a thousand of these are done sooner with ``processes=1``.

    If a process is killed, as where memory is short, that is a LimitError of the network that it was at; another
    process goes on with the rest.

    Examples
    --------
    >>> import polyrelu as pr
    >>> nets = [pr.shells((2, 8, 3, 1), [m]) for m in (1, 2)]
    >>> pr.betti_numbers_of(nets, processes=1)
    [(6, 0), (6, 2)]
    """
    given = _read_networks(networks)
    read_relation(relation)
    if where is not None:
        where = read_formula(where)
        if relation != ">" or exact(level, "level") != 0:
            raise RegionError("where: a formula takes the place of level and relation; give one or the other")
    level = exact(level, "level")
    coarse = read_flag(coarse, "coarse")
    check_options(options)
    if not isinstance(errors, str) or errors not in ("raise", "return"):
        raise InputError(f'errors: expected "raise" or "return", got {describe(errors)}')
    count = _read_processes(processes, len(given))
    progress = options.pop("progress", None)
    function = partial(_numbers, relation, level, domain, where, coarse, options)
    found: list[Any] = [None] * len(given)
    known, failed = 0, len(given)  # how many are known from the first on, and the first network with an error
    with closing(_in_turn(function, given) if count <= 1 else Workers(function, given, count).answers()) as answers:
        for done, (i, answer) in enumerate(answers, 1):
            if isinstance(answer, PolyreluError):
                answer.args = (f"networks[{i}]: {answer}",)
                failed = min(failed, i)
            found[i] = answer
            while known < len(given) and found[known] is not None:
                known += 1
            if errors == "raise" and known > failed:
                raise found[failed]
            if progress is not None:
                progress("networks", done, len(given))
    return found


def _numbers(
    relation: str, level: Any, domain: Any, where: Formula | None, coarse: bool, options: Options, network: Network
) -> Betti:
    return betti_numbers(network, relation, level, domain, where=where, coarse=coarse, **options)


def _in_turn(function: Any, networks: list[Network]) -> Generator[tuple[int, Any], None, None]:
    """The answers of `Workers`, found in this process."""
    for i, network in enumerate(networks):
        try:
            yield i, function(network)
        except PolyreluError as error:
            yield i, error


def _read_networks(networks: Any) -> list[Network]:
    bare = isinstance(networks, np.ndarray) and not networks.ndim
    if isinstance(networks, (Network, str)) or bare or not isinstance(networks, Iterable):
        raise InputError(f"networks: expected a sequence of networks, got {describe(networks)}")
    given: list[Network] = []
    for i, network in enumerate(networks):
        if not isinstance(network, Network):
            raise InputError(f"networks[{i}]: expected a Network, got {describe(network)}")
        given.append(network)
    return given


def _read_processes(processes: Any, n_networks: int) -> int:
    """The number of processes; 1 where none can be started, as in a program that embeds Python."""
    n = 1 if processes is None else processes
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= MAX_PROCESSES:
        raise InputError(f"processes: expected an integer from 1 to {MAX_PROCESSES}, or None, got {describe(n)}")
    if not sys.executable or getattr(sys, "frozen", False):
        return 1
    return min(cores() if processes is None else n, n_networks)
