"""Parts made by the workers of a Dask cluster (https://distributed.dask.org); all scheduling is Dask's."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from math import inf
from typing import Any

from polyrelu.errors import InputError, LimitError, MissingDependencyError, PolyreluError
from polyrelu.exact.rational import describe

RETRIES = 2
"""How often a part is tried again when a worker fails otherwise than by an error of this library."""


def check_client(client: Any) -> None:
    """InputError for anything but a Dask client, or None."""
    if client is None:
        return
    distributed = sys.modules.get("distributed")  # whoever has a client has imported it
    if distributed is None or not isinstance(client, distributed.Client):
        raise InputError(f"client: expected a distributed.Client, got {describe(client)}")
    if client.status != "running":
        raise InputError(f"client: expected a client that is connected, this one is {client.status}")


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """A client of the scheduler at an address such as "tcp://127.0.0.1:8786".

    Raises
    ------
    MissingDependencyError
        Without Dask.
    InputError
        If it is no address.
    PolyreluError
        If there is no scheduler.
    """
    try:
        from distributed import Client
    except ImportError:
        raise MissingDependencyError(
            "--scheduler: clusters need Dask: pip install 'polyrelu[cluster]'", "cluster"
        ) from None
    try:
        client = Client(address, timeout=10)  # type: ignore[no-untyped-call]
    except ValueError:
        raise InputError(f"--scheduler: expected an address such as tcp://HOST:8786, got {describe(address)}") from None
    except OSError as error:
        raise PolyreluError(f"--scheduler {address}: no scheduler answers ({type(error).__name__})") from None
    with client:
        yield client


def _attempt(run: Callable[..., Any], *arguments: Any) -> Any:
    """What `run` returns, or the error of ours that it raises: Dask would try again what raises."""
    try:
        return run(*arguments)
    except PolyreluError as error:
        return error


def _itself(value: Any) -> Any:
    return value


class Tasks:
    """Tasks on the workers of a cluster; `tasks_on` makes it.

    Values that many tasks need are shared: they are sent once, and each worker fetches them from another one. They are
    results of tasks, so that a worker that is lost takes nothing with it that could not be made again.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._executor = client.get_executor(pure=False, retries=RETRIES)
        self._asked, self._cores = -inf, 1

    @property
    def cores(self) -> int:
        """The number of tasks that the workers can run at a time now; asked for every few seconds."""
        if time.monotonic() > self._asked + 5:
            self._asked, self._cores = time.monotonic(), max(sum(self._client.ncores().values()), 1)
        return self._cores

    def share(self, value: Any) -> Any:
        """What stands for the value in the arguments of tasks."""
        return self._client.submit(_itself, value, pure=False, retries=RETRIES)

    def submit(self, run: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """A future of run(*arguments).

        A worker that is lost has its tasks done by others; if that happens again and again with one task, its future
        raises LimitError.
        """
        from distributed.scheduler import KilledWorker

        inner = self._executor.submit(_attempt, run, *arguments)
        outer: Future[Any] = Future()

        def pass_on(done: Future[Any]) -> None:
            if outer.cancelled():
                return
            error = None if done.cancelled() else done.exception()
            if done.cancelled():
                outer.set_exception(PolyreluError("the cluster was closed, or its tasks were cancelled"))
            elif isinstance(error, KilledWorker):
                what = "workers ended while they made a part, again and again; it may take too much memory"
                outer.set_exception(LimitError(what))
            elif error is not None:
                outer.set_exception(error)
            elif isinstance(found := done.result(), PolyreluError):
                outer.set_exception(found)
            else:
                outer.set_result(found)

        inner.add_done_callback(pass_on)
        outer.add_done_callback(lambda future: inner.cancel() if future.cancelled() else None)
        return outer

    def close(self) -> None:
        """Cancel what is under way."""
        self._executor.shutdown(wait=False)


@contextmanager
def tasks_on(client: Any) -> Iterator[Tasks]:
    """Tasks on the workers of a Dask client. Those that run when the context ends are cancelled."""
    tasks = Tasks(client)
    try:
        yield tasks
    finally:
        tasks.close()
