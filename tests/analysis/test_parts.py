"""Parts put together: the numbers are those of the whole, however it is cut, and whatever happens on the way."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrelu.analysis import parts as parts_module
from polyrelu.analysis.critical import CriticalComplex
from polyrelu.analysis.merging import merge
from polyrelu.analysis.parts import in_parts, make_part
from polyrelu.analysis.problems import Problem
from polyrelu.analysis.work_directory import WorkDirectory
from polyrelu.errors import FileError, LimitError, VerificationError
from polyrelu.geometry.cut_tree import CutTree, choose_cuts, further_cut
from polyrelu.geometry.domain import Domain
from polyrelu.geometry.sparse_rows import SparseRows
from polyrelu.geometry.subdivision import subdivide
from polyrelu.network.network import Network
from polyrelu.topology.homology import homology
from support.known_answers import Case, cases, random_float32, shells
from support.reference import RELATIONS
from support.strategies import examples, levels, networks, polytopes

ALL = tuple(RELATIONS)


def problem(net: Network, level: Any = 0, domain: Domain | None = None, coarse: bool = False) -> Problem:
    return Problem(net, Fraction(level), domain, ALL, coarse)


def compare(of: Problem, n_parts: int, **options: Any) -> int:
    found = in_parts(of, n_parts, **options)
    whole = subdivide(of.network, of.level, of.domain)
    if not of.coarse:
        assert found.f_vector == whole.f_vector
        assert found.bounded_regions == whole.n_bounded_regions
    for relation in ALL:
        assert found.homology[relation] == homology(whole.region(relation)), relation
    return found.n_parts


@pytest.mark.parametrize("n_parts", [1, 2, 7, 64])
@pytest.mark.parametrize("case", cases(), ids=repr)
def test_stored_cases(case: Case, n_parts: int) -> None:
    found = in_parts(problem(case.network), n_parts)
    assert found.f_vector == tuple(case.expected["refined_f_vector"])
    for relation in RELATIONS:
        assert [*found.homology[relation].betti, 0] == case.expected["betti"][relation], relation
        assert [*map(list, found.homology[relation].torsion), []] == case.expected["torsion"][relation], relation


@given(st.data())
@examples(30)
def test_any_networks_and_cuts(data: Any) -> None:
    net = data.draw(networks(dims=(1, 2, 3)))
    domain = Domain(*data.draw(polytopes(net.input_dim))) if data.draw(st.booleans()) else None
    coarse = data.draw(st.booleans())
    compare(problem(net, data.draw(levels(net)), domain, coarse), data.draw(st.sampled_from([2, 3, 8, 30])))


@given(st.data())
@examples(25)
def test_parts_that_are_too_large_are_cut_by_later_layers_as_well(data: Any) -> None:
    net = data.draw(networks(dims=(1, 2, 3)))
    of = problem(net, data.draw(levels(net)), None, data.draw(st.booleans()))
    most = max(sum(subdivide(net, of.level).f_vector) // 3, 30)
    n_parts, threads = data.draw(st.sampled_from([1, 3])), data.draw(st.sampled_from([1, 2]))
    with suppress(LimitError):  # of a part that no neuron cuts, or whose walls alone are too many
        compare(of, n_parts, max_cells=most, threads=threads)


def test_only_what_depends_on_a_part_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a part that is cut further, the parts around it, if they were done before; and each once."""
    made: list[tuple[int, frozenset[int], bool]] = []

    def counted(of: Problem, tree: CutTree, leaf: int, *more: Any) -> Any:
        made.append((leaf, frozenset(), False))
        part = make_part(of, tree, leaf, *more)
        made[-1] = leaf, frozenset(part.neighbours), True
        return part

    monkeypatch.setattr(parts_module, "make_part", counted)
    net = shells((2, 8, 8, 4, 1), [3])
    found = in_parts(problem(net), 4, max_cells=700)
    assert found.f_vector == subdivide(net, 0).f_vector
    assert found.n_parts == 4 + sum(not fits for *_, fits in made) > 4
    done: dict[int, frozenset[int]] = {}
    for leaf, neighbours, fits in made:
        assert leaf not in done
        done = {x: others for x, others in done.items() if fits or leaf not in others}
        if fits:
            done[leaf] = neighbours
    assert len(done) == found.n_parts
    times = Counter(leaf for leaf, _, fits in made if fits)
    assert set(times.values()) == {1, 2}


def test_random_trees() -> None:
    """Cuts in any order, balanced or not, through vertices too: the merging does not depend on a good choice."""
    rng = Random(1)
    for seed in range(12):
        net = Network(
            [[[rng.randint(-1, 1) for _ in range(2)] for _ in range(5)], [[rng.randint(-2, 2) for _ in range(5)]]],
            [[rng.randint(-1, 1) for _ in range(5)], [rng.randint(-1, 1)]],
        )
        tree = CutTree()
        for _ in range(6):
            leaf = rng.randrange(tree.n_leaves)
            form = further_cut(net, tree.domain(leaf, None))
            if form is not None:
                tree = tree.split(leaf, form)
        of = problem(net)
        regions = [make_part(of, tree, leaf) for leaf in range(tree.n_leaves)]
        order = list(range(tree.n_leaves))
        rng.shuffle(order)
        for relation in ALL:
            whole, merged = None, frozenset[int]()
            for leaf in order:  # in any order, not along the tree
                merged |= {leaf}
                region = regions[leaf].regions[relation]
                whole = region if whole is None else merge([whole, region], merged)
            assert whole is not None
            euler = sum(part.euler[relation] for part in regions)
            found = parts_module._groups(merge([whole], merged), euler, 2, is_dual=relation in "<>")
            assert found == homology(subdivide(net, 0).region(relation)), (seed, relation)


@given(st.data())
@examples(20)
def test_artificial_hyperplanes_are_the_same_in_all_parts(data: Any) -> None:
    """Identity neurons in the first layer, cuts by the second: some parts have enough walls to start from."""
    d = data.draw(st.integers(2, 3))
    number = st.integers(-2, 2)
    widths = (d, data.draw(st.integers(2, d + 1)), data.draw(st.integers(4, 5)), 1)
    net = Network(
        [[[data.draw(number) for _ in range(n)] for _ in range(m)] for n, m in pairwise(widths)],
        [[data.draw(number) for _ in range(m)] for m in widths[1:]],
        [[data.draw(st.sampled_from([1, 1, 1, 0])) for _ in range(widths[1])], [0] * widths[2]],
    )
    domain = Domain.box([-3] * d, [3] * d) if data.draw(st.booleans()) else None
    compare(problem(net, 0, domain, data.draw(st.booleans())), data.draw(st.sampled_from([2, 3, 6, 12])))


def test_torsion_survives_the_merging() -> None:
    """The projective plane: a circle, the wall, and in one part a disc whose boundary goes around it twice.

    The networks of these tests have no torsion, so the parts are made by hand.
    """
    walls = ((0, 1),), ((0, 1),)
    closed = SparseRows.empty(1, 1)
    twice = SparseRows.from_entries(np.array([0]), np.array([0]), np.array([2]), 1, 1)
    without = CriticalComplex((0, 0, 0), (*walls, ()), ((0,), (0,), ()), (closed, SparseRows.empty(0, 1)))
    with_disc = CriticalComplex((0, 0, 0), (*walls, ((1,),)), ((0,), (0,), (None,)), (closed, twice))
    for parts in ([without, with_disc], [with_disc, without]):
        plane = parts_module._groups(merge(parts, frozenset([0, 1])), 1, 4)
        assert plane.betti == (1, 0, 0, 0) and plane.torsion == ((), (2,), (), ())


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_make_the_same(threads: int) -> None:
    compare(problem(shells((2, 8, 8, 4, 1), [3])), 9, threads=threads)


def test_cells_with_homology_of_their_own_are_not_kept() -> None:
    net = shells((2, 16, 8, 1), [7])
    tree = choose_cuts(net, None, 4)
    part = make_part(problem(net), tree, 0)
    assert sum(part.regions[">"].free) > sum(part.regions[">"].ranks)


def test_parts_that_contradict_each_other_are_noticed() -> None:
    net = shells((2, 8, 8, 4, 1), [3])
    tree = choose_cuts(net, None, 2)
    of = problem(net)
    left, right = (make_part(of, tree, leaf) for leaf in (0, 1))
    assert left.fibers == right.fibers and list(left.fibers) == [(0, 1)]
    for fibers in ({(0, 1): left.fibers[0, 1] ^ 1}, {}):
        for parts in ([left, replace(right, fibers=fibers)], [replace(left, fibers=fibers), right]):
            with pytest.raises(VerificationError, match="parts 0, 1 disagree about their common wall"):
                parts_module._report(of, tree, parts)


def test_common_cells_with_different_boundaries_are_noticed() -> None:
    walls = ((0, 1), (0, 1)), ((0, 1),)
    edges = (SparseRows.from_entries(np.zeros(2, int), np.arange(2), np.array([s, -s]), 1, 2) for s in (1, -1))
    left, right = (CriticalComplex((0, 0), walls, ((0, 1), (0,)), (edge,)) for edge in edges)
    assert merge([left, left], frozenset([0, 1])).free == (1, 0)
    with pytest.raises(VerificationError, match="disagree about a cell of degree 1"):
        merge([left, right], frozenset([0, 1]))


def test_a_wrong_number_of_cells_is_noticed() -> None:
    net = shells((2, 8, 4, 1), [3])
    part = make_part(problem(net), CutTree(), 0)
    with pytest.raises(VerificationError, match="Euler"):
        parts_module._groups(part.regions[">="], part.euler[">="] + 1, 2)


@pytest.mark.parametrize("architecture", [(2, 24, 24, 1), (3, 12, 12, 1), (3, 8, 8, 8, 1), (4, 8, 8, 1)])
def test_parts_of_coarse_complexes_agree_on_their_walls(architecture: tuple[int, ...]) -> None:
    net = random_float32(architecture)
    of = problem(net, 0, None, True)
    assert compare(of, 12) == 12
    found = in_parts(of, 12)
    assert sum(found.f_vector) < sum(subdivide(net, 0).f_vector)


# ------------------------------------------------------------------------------------------------- the work directory


def test_a_directory_keeps_what_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of = problem(shells((2, 8, 8, 4, 1), [3]))
    first = in_parts(of, 6, work_dir=tmp_path / "work")
    made: list[int] = []

    def counted(*arguments: Any) -> Any:
        made.append(arguments[2])
        return make_part(*arguments)

    monkeypatch.setattr(parts_module, "make_part", counted)
    assert in_parts(of, 6, work_dir=tmp_path / "work") == first
    assert made == []
    (tmp_path / "work" / "part-2.bin").unlink()
    damaged = tmp_path / "work" / "part-4.bin"
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    (tmp_path / "work" / "part-1.bin").write_bytes(b"")
    assert in_parts(of, 6, work_dir=tmp_path / "work") == first
    assert sorted(made) == [1, 2, 4]


def test_a_directory_of_parts_that_were_cut_further(tmp_path: Path) -> None:
    of = problem(shells((2, 8, 8, 4, 1), [3]))
    first = in_parts(of, 2, max_cells=700, work_dir=tmp_path, threads=2)
    assert first.n_parts > 4
    assert in_parts(of, 2, work_dir=tmp_path) == first
    again = in_parts(of, 2, max_cells=500, work_dir=tmp_path)
    assert again.homology == first.homology and again.f_vector == first.f_vector


def test_parts_of_other_problems_or_trees_are_made_again(tmp_path: Path) -> None:
    """Files that were copied, or left by another run in the same directory, are whole, and yet not the right ones."""
    net = shells((2, 8, 8, 4, 1), [3])
    of, other = problem(net), problem(shells((2, 8, 8, 4, 1), [2]))
    first = in_parts(of, 6, work_dir=tmp_path / "a")
    in_parts(other, 6, work_dir=tmp_path / "b")
    a, b = ([tmp_path / name / f"part-{i}.bin" for i in range(6)] for name in "ab")
    a[0].write_bytes(b[0].read_bytes())
    one, two = a[2].read_bytes(), a[3].read_bytes()
    a[2].write_bytes(two)
    a[3].write_bytes(one)
    a[5].write_bytes(a[4].read_bytes())
    assert in_parts(of, 6, work_dir=tmp_path / "a") == first
    # A run with smaller parts has cut further what another one then writes as it was.
    left = {path: path.read_bytes() for path in a}
    for path in a:
        path.unlink()
    smaller = in_parts(of, 6, max_cells=500, work_dir=tmp_path / "a")
    assert smaller.n_parts > 6
    for path, content in left.items():
        path.write_bytes(content)
    again = in_parts(of, 6, max_cells=500, work_dir=tmp_path / "a")
    assert again.homology == smaller.homology == first.homology
    assert again.f_vector == smaller.f_vector == first.f_vector


def test_long_integers_are_kept(tmp_path: Path) -> None:
    of = problem(shells((2, 8, 8, 4, 1), [3]))
    tree = choose_cuts(of.network, None, 2)
    part = make_part(of, tree, 0)
    region = part.regions["="]
    first = region.columns[0]
    long = first.values.astype(object) * 2**70
    columns = (SparseRows(first.indptr, first.index, long, first.n_columns), *region.columns[1:])
    directory = WorkDirectory(tmp_path, of.description())
    directory.set_tree(tree)
    directory.save(0, replace(part, regions={**part.regions, "=": replace(region, columns=columns)}))
    again = directory.load(0)
    assert again is not None and len(long)
    assert again.regions["="].columns[0].values.tolist() == long.tolist()
    assert replace(again, regions={}) == replace(part, regions={})
    for relation in ALL:
        kept, was = again.regions[relation], part.regions[relation]
        assert (kept.free, kept.leaves, kept.names) == (was.free, was.leaves, was.names)
        for x, y in zip(kept.columns, was.columns, strict=True):
            assert np.array_equal(x.indptr, y.indptr) and np.array_equal(x.index, y.index)
            assert x.n_columns == y.n_columns


def test_a_changed_manifest_is_noticed(tmp_path: Path) -> None:
    of = problem(shells((2, 8, 8, 4, 1), [3]))
    in_parts(of, 3, work_dir=tmp_path)
    manifest = tmp_path / "manifest.json"
    text = manifest.read_text()
    document = json.loads(text)
    for change in ({"nodes": [[0, 0, -1], *document["nodes"][1:]]}, {"forms": [[9, 9, 7], *document["forms"][1:]]}):
        manifest.write_text(json.dumps({**document, **change}))
        with pytest.raises(FileError, match=r"its manifest\.json is damaged"):
            in_parts(of, 3, work_dir=tmp_path)
    for broken in ("[]", "3", "null", "[" * 100_000, text[: len(text) // 2], text.replace('"forms"', '"form"')):
        manifest.write_text(broken)
        with pytest.raises(FileError, match=r"its manifest\.json is damaged"):
            in_parts(of, 3, work_dir=tmp_path)


def test_directories_of_other_problems_are_refused(tmp_path: Path) -> None:
    net = shells((2, 8, 4, 1), [3])
    in_parts(problem(net), 2, work_dir=tmp_path)
    others = [
        problem(net, 1),
        problem(net, 0, Domain.box([0, 0], [1, 1])),
        problem(shells((2, 8, 4, 1), [2])),
        Problem(net, Fraction(0), None, (">",)),
        problem(net, 0, None, True),
    ]
    for other in others:
        with pytest.raises(FileError, match="another problem: its"):
            in_parts(other, 2, work_dir=tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(FileError, match="damaged"):
        in_parts(problem(net), 2, work_dir=tmp_path)
    (tmp_path / "manifest.json").write_text('{"format": "polyrelu parts", "version": 999}')
    with pytest.raises(FileError, match="another version"):
        in_parts(problem(net), 2, work_dir=tmp_path)


def test_a_run_that_was_killed_before_it_had_a_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The draft of the manifest, which a killed process leaves, does not make the directory one of something else."""
    of = problem(shells((2, 8, 4, 1), [3]))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", lambda *_, **__: None)  # as if there had been no time to clean up
        patch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("killed")))
        with pytest.raises(FileError, match="killed"):
            in_parts(of, 2, work_dir=tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    assert in_parts(of, 2, work_dir=tmp_path).n_parts == 2


def test_directories_that_cannot_be_used(tmp_path: Path) -> None:
    of = problem(shells((2, 8, 4, 1), [3]))
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(FileError, match="not empty"):
        in_parts(of, 2, work_dir=tmp_path)
    with pytest.raises(FileError, match="cannot be used"):
        in_parts(of, 2, work_dir=tmp_path / "notes.txt")
    with pytest.raises(FileError, match="cannot be used"):
        in_parts(of, 2, work_dir=tmp_path / "none" / "work")
    with pytest.raises(FileError, match="expected a path"):
        in_parts(of, 2, work_dir=3)


PROGRAM = """
    import sys
    import polyrelu as pr
    from fractions import Fraction
    from polyrelu.analysis.parts import in_parts
    from polyrelu.analysis.problems import Problem
    net = pr.shells((2, 16, 16, 6, 1), [5])
    found = in_parts(Problem(net, Fraction(0), None, (">", "<=")), 12, work_dir=sys.argv[1], threads=int(sys.argv[2]))
    print(found.homology[">"].betti, found.f_vector)
    """


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
def test_a_killed_run_goes_on(tmp_path: Path, threads: int) -> None:
    def start() -> subprocess.Popen[str]:
        command = [sys.executable, "-c", textwrap.dedent(PROGRAM), str(tmp_path / "work"), str(threads)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    rng = Random(threads)
    done: set[str] = set()
    for _ in range(6):
        process = start()
        time.sleep(rng.uniform(0.2, 1.5))
        process.send_signal(signal.SIGKILL)
        process.wait()
        now = {x.name for x in (tmp_path / "work").glob("part-*.bin")} if (tmp_path / "work").exists() else set()
        assert done <= now
        done = now
    out, _ = start().communicate(timeout=100)
    whole = subdivide(shells((2, 16, 16, 6, 1), [5]), 0)
    assert out == f"{homology(whole.region('>')).betti} {whole.f_vector}\n"


def test_ctrl_c_stops_the_threads(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM).replace("16, 16, 6", "48, 48, 6"), str(tmp_path / "w"), "2"],
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "w" / "manifest.json").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT
    assert err.strip().endswith("KeyboardInterrupt")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of = problem(shells((2, 8, 8, 4, 1), [3]))
    first = in_parts(of, 6)
    real = Path.write_bytes
    count = 0

    def full(path: Path, data: Any) -> int:
        nonlocal count
        count += 1
        if count == 3:
            with open("/dev/full", "wb", buffering=0) as file:
                file.write(data)
        return real(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(FileError, match="No space left on device"):
        in_parts(of, 6, work_dir=tmp_path / "work")
    assert len(list((tmp_path / "work").glob("part-*.bin"))) == 2
    monkeypatch.undo()
    assert in_parts(of, 6, work_dir=tmp_path / "work") == first


def test_a_directory_that_became_read_only_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of = problem(shells((2, 8, 8, 4, 1), [3]))
    first = in_parts(of, 6, work_dir=tmp_path)
    (tmp_path / "part-3.bin").unlink()
    real = Path.open

    def refuse(path: Path, mode: str = "r", *more: Any, **options: Any) -> Any:
        if mode != "rb":  # nothing is written, and `unlink` has no mode
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return real(path, mode, *more, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refuse)
        patch.setattr(Path, "unlink", refuse)
        with pytest.raises(FileError, match=r"part-3\.bin: cannot be written: Read-only file system"):
            in_parts(of, 6, work_dir=tmp_path)
        with pytest.raises(FileError, match="not valid any more cannot be removed: Read-only file system"):
            in_parts(of, 6, work_dir=tmp_path, max_cells=500)
    assert in_parts(of, 6, work_dir=tmp_path) == first


def test_a_part_that_touches_the_boundary_in_a_point() -> None:
    """Below two lines that meet in the middle of a side of the square: they meet in its boundary."""
    net = Network([[[1, 1], [1, -1]], [[1, 1]]], [[-1, 1], [1]])
    assert compare(problem(net, 0, Domain.box([-1, -1], [1, 1])), 4) == 3


def test_random_networks_in_four_dimensions() -> None:
    compare(problem(random_float32((4, 6, 5, 1))), 5)
