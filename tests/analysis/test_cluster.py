"""Parts made by the workers of a Dask cluster on this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from polyrelu.analysis import cluster
from polyrelu.analysis.parts import in_parts
from polyrelu.analysis.problems import Problem
from polyrelu.errors import InputError, LimitError, PolyreluError
from polyrelu.network.network import Network
from polyrelu.readers import save
from support.known_answers import random_float32, shells

distributed = pytest.importorskip("distributed")

OF = Problem(shells((2, 8, 8, 4, 1), [3]), Fraction(0), None, (">", "<="))


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as local,
        distributed.Client(local) as connected,
    ):
        yield connected


@pytest.mark.slow
def test_the_numbers_are_those_of_one_machine(client: Any) -> None:
    alone = in_parts(OF, 9)
    done: list[tuple[Any, ...]] = []
    assert in_parts(OF, 9, client=client, progress=lambda *x: done.append(x)) == alone
    assert done[0] == ("parts", 0, 9) and done[-1] == ("parts", 9, 9)
    again = in_parts(OF, 2, client=client, max_cells=700)
    assert again.homology == alone.homology and again.f_vector == alone.f_vector and again.n_parts > 4


@pytest.mark.slow
def test_an_error_of_ours_arrives_as_ours(client: Any) -> None:
    uncut = Problem(Network([[[1, 2], [2, 4]], [[1, 1]]], [[0, 1], [0]]), Fraction(0), None, (">",))
    with pytest.raises(LimitError, match="more than 1; a slice"):
        in_parts(uncut, 1, client=client, max_cells=1)


@pytest.mark.slow
def test_workers_that_are_killed_are_replaced(client: Any) -> None:
    large = Problem(shells((2, 24, 24, 6, 1), [5]), Fraction(0), None, (">",))
    alone = in_parts(large, 24)
    killed = threading.Event()

    def kill() -> None:
        time.sleep(0.5)
        os.kill(_pid(client), signal.SIGKILL)
        killed.set()

    thread = threading.Thread(target=kill)
    thread.start()
    assert in_parts(large, 24, client=client) == alone
    thread.join()
    assert killed.is_set()


def _pid(client: Any) -> int:
    """The process of some worker."""
    return int(next(iter(client.run(os.getpid).values())))


@pytest.mark.slow
def test_nothing_is_lost_with_all_workers() -> None:
    """The network, too, can be made again: it was sent to one worker, and that was killed."""
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as local,
        distributed.Client(local) as client,
    ):
        done: list[tuple[Any, ...]] = []

        def kill(*told: Any) -> None:
            done.append(told)
            if len(done) == 4:
                os.kill(_pid(client), signal.SIGKILL)

        assert in_parts(OF, 9, client=client, progress=kill) == in_parts(OF, 9)


@pytest.mark.slow
def test_ctrl_c_cancels_the_tasks(tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    save(random_float32((3, 24, 24, 1)), path)
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as local,
        distributed.Client(local) as watching,
    ):
        command = [sys.executable, "-m", "polyrelu", "betti", str(path), "--complete", "--parts", "40", "--json"]
        command += ["--scheduler", local.scheduler_address]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 60
        while not any(watching.processing().values()) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, out, err) == (130, "", "polyrelu: interrupted\n")
        deadline = time.monotonic() + 10
        while any(watching.processing().values()) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not any(watching.processing().values())


@pytest.mark.slow
def test_a_cluster_that_is_closed_is_one_error() -> None:
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None, processes=False) as local:
        other = distributed.Client(local)
        other.close()
        with pytest.raises(InputError, match="expected a client that is connected, this one is closed"):
            cluster.check_client(other)


def test_other_objects_are_no_clients() -> None:
    with pytest.raises(InputError, match=r"client: expected a distributed\.Client"):
        cluster.check_client("tcp://127.0.0.1:8786")
    cluster.check_client(None)


@pytest.mark.slow
def test_no_scheduler_is_one_error() -> None:
    with pytest.raises(PolyreluError, match="no scheduler answers"), cluster.connected("tcp://127.0.0.1:1"):
        pass
    for address in ("nonsense", "foo://x:3", "tcp://127.0.0.1:abc"):
        with pytest.raises(InputError, match="expected an address such as tcp://HOST:8786"), cluster.connected(address):
            pass
