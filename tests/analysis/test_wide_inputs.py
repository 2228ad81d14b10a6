"""Networks with very many inputs: answers, or one clear limit, never the end of the process."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import polyrelu as pr
from polyrelu.errors import LimitError
from polyrelu.geometry.domain import Domain
from polyrelu.network.network import Network

SIZES = [12_288, pytest.param(49_152, marks=pytest.mark.slow)]  # 3 × 64 × 64 and 3 × 128 × 128 pixels


def wide(d: int) -> Network:
    return Network([[[(i * j) % 7 - 3 for j in range(d)] for i in (1, 2)], [[1, -1]]], [[1, -2], [0]])


def limited(*arguments: str) -> Any:
    """The command line in 4 GB of address space."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))

    command = [sys.executable, "-m", "polyrelu", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, preexec_fn=limit)


@pytest.fixture(scope="module", params=SIZES)
def size(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture(scope="module")
def file(size: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("wide") / "net.json"
    pr.save(wide(size), path)
    return path


def test_info_answers(file: Path) -> None:
    run = limited("info", str(file), "--json")
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert found["first_layer_rank"] == 2 and found["exact"] and found["cells_by_dimension"][-3:] == [1, 4, 4]
    assert sum(found["cells_by_dimension"]) == 9


def test_betti_numbers_too(file: Path) -> None:
    run = limited("betti", str(file), "--json")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["betti"][:2] == [1, 0]


def test_a_box_is_refused(file: Path, size: int) -> None:
    run = limited("info", str(file), "--box", "0,1")
    assert run.returncode == 1 and run.stdout == "" and run.stderr.count("\n") == 1
    assert f"box: in {size} dimensions" in run.stderr


def test_lineality_has_a_dimension_where_its_basis_is_too_large(tmp_path: Path) -> None:
    net = wide(20_000)
    cx = pr.subdivide(net, 0)
    assert cx.lineality_dim == 19_998 and cx.f_vector[-3:] == pr.subdivide(wide(5), 0).f_vector[-3:]
    with pytest.raises(LimitError, match="a basis of the lineality space, 19998 vectors of length 20000, is too large"):
        cx.lineality  # noqa: B018
    pr.save_complex(cx, tmp_path / "cx.npz")
    assert pr.load_complex(tmp_path / "cx.npz").f_vector == cx.f_vector


def test_a_box_is_what_its_inequalities_say() -> None:
    box = Domain.box([0, None, "1/2"], [1, 2, None])
    assert box == Domain([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, 0, -1]], [1, 0, 2, "-1/2"])
