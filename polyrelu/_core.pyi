from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from typing_extensions import disjoint_base

class Limit(Exception): ...
class NoInterior(Exception): ...
class Inconsistent(Exception): ...
class UnknownOutcome(Exception): ...

def outcome_error(outcome: int, cells: int = 0, memory: int = 0, done: int = 0) -> Exception | None: ...
def set_check(check: Callable[[], object] | None) -> None: ...
def subdivide(
    rank: int,
    start: Sequence[Sequence[int]],
    initial_forms: Sequence[Sequence[int]],
    stages: list[Any],
    discard_first: bool,
    last_is_level: bool,
    all_signs: bool,
    max_cells: int | None = None,
    max_memory: int | None = None,
    callback: Callable[[int, int, int, int], object] | None = None,
    threads: int = 1,
    arithmetic: str = "certified",
    last_signs: int = 0,
    coarse: bool = False,
    split_at_walls: bool = False,
    conditions: Sequence[Sequence[tuple[int, int, int]]] = (),
    differences: list[Any] | None = None,
) -> Subdivided: ...
@disjoint_base
class Subdivided:
    finite: tuple[int, ...]
    def chain(self, signs: int, is_open: bool) -> Chain | tuple[str, int, int, int]: ...
    def report(self) -> dict[str, Any]: ...

@disjoint_base
class Chain:
    ranks: tuple[int, ...]
    def reduce(self) -> tuple[list[tuple[int, int, list[tuple[int, int, int]]]], list[int]]: ...

@disjoint_base
class VertexSolver:
    def __new__(
        cls,
        stages: list[Any],
        regions: Sequence[Any],
        coordinates: npt.NDArray[np.float64],
        error: npt.NDArray[np.float64],
        origins: npt.NDArray[np.int32],
        roots: dict[int, tuple[int, ...]],
        longest: int,
    ) -> Self: ...
    def vector(self, i: int) -> tuple[int, ...]: ...

@disjoint_base
class PartWalls:
    def __new__(
        cls,
        coordinates: npt.NDArray[np.float64],
        error: npt.NDArray[np.float64],
        solver: Callable[[], VertexSolver],
        finite: Sequence[int],
        facets: Sequence[Iterable[npt.NDArray[Any]]],
        boundary: Sequence[npt.NDArray[np.uint8]],
        forms: Sequence[Sequence[int]],
        walls: Sequence[int],
        n_outer: int,
        tree: Iterable[tuple[int, int, int]],
        leaf: int,
    ) -> Self: ...
    cells: list[npt.NDArray[np.int32]]
    labels: list[npt.NDArray[np.int32]]
    places: list[npt.NDArray[np.int32]]
    leaves: list[tuple[int, ...]]
    fibers: list[int | None]
    n_bounded: int
    def reduce(
        self, masks: Sequence[npt.NDArray[np.uint8]], is_open: bool
    ) -> (
        tuple[str, int, int, int]
        | tuple[
            list[npt.NDArray[np.int32]],
            list[tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]],
            int,
        ]
    ): ...

def affine_forms(
    stages: list[Any], regions: Sequence[Any], stage: int
) -> tuple[npt.NDArray[np.int32], list[tuple[int, ...]]]: ...
def check_chain_complex(
    ranks: Sequence[int], columns: Sequence[Iterable[npt.NDArray[Any]]]
) -> tuple[str, int, int, int] | None: ...
def reduce_chain_complex(
    ranks: Sequence[int], columns: Sequence[Iterable[npt.NDArray[Any]]]
) -> tuple[list[tuple[int, int, list[tuple[int, int, int]]]], list[int]]: ...
def reduce_within_fibers(
    ranks: Sequence[int], columns: Sequence[Any], fibers: npt.NDArray[np.int32]
) -> tuple[list[npt.NDArray[np.int32]], list[tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]]]: ...
def trace_reduction(
    ranks: Sequence[int], columns: Sequence[Iterable[npt.NDArray[Any]]]
) -> tuple[
    list[tuple[int, int, list[tuple[int, int, int]]]],
    list[
        tuple[
            npt.NDArray[np.int32],
            npt.NDArray[np.int32],
            npt.NDArray[np.int32],
            tuple[int, ...],
            list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[Any]]],
        ]
    ],
    list[list[tuple[int, int, int, dict[int, int], dict[int, int]]]],
]: ...
def submatrix(
    indptr: npt.NDArray[np.int64],
    index: npt.NDArray[np.int32],
    sign: npt.NDArray[np.int8],
    columns: npt.NDArray[np.bool_] | npt.NDArray[np.uint8],
    rows: npt.NDArray[np.bool_] | npt.NDArray[np.uint8],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int8]]: ...
def transposition(
    indptr: npt.NDArray[np.int64], index: npt.NDArray[np.int32], rows: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int64]]: ...
def rank_values(
    solver: VertexSolver, region: npt.NDArray[np.int32], finite: int, threads: int = 1
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int8]]: ...
def value_at(solver: VertexSolver, region: npt.NDArray[np.int32], finite: int, v: int) -> tuple[int, int]: ...
def critical_cells(
    finite: Sequence[int],
    facets: Sequence[Iterable[npt.NDArray[Any]]],
    ranks: npt.NDArray[np.int32],
    ray_signs: npt.NDArray[np.int8],
    n_values: int,
    superlevel: bool,
    threads: int = 1,
) -> tuple[
    list[npt.NDArray[np.int32]],
    list[npt.NDArray[np.int32]],
    list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[Any]]],
    npt.NDArray[np.int32],
]: ...
def persistence_pairs(
    ranks: Sequence[int], columns: Sequence[Iterable[npt.NDArray[Any]]], characteristic: int
) -> list[tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]]: ...
def box_maximum(
    rows: npt.NDArray[np.float64],
    offsets: npt.NDArray[np.float64],
    objective: npt.NDArray[np.float64],
    free: int,
    lower: float,
    enough: float,
) -> tuple[npt.NDArray[np.float64] | None, npt.NDArray[np.float64]] | None: ...
