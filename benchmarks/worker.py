"""One measurement in a process of its own: python -m benchmarks.worker SECTION NAME OPTIONS OUTPUT."""

from __future__ import annotations

import gc
import json
import statistics
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

import polyrelu as pr
from benchmarks.cases import CASES, GROWTH, Case, agree
from benchmarks.measure import arithmetic, cpu, memory, start_of_peak

Record = dict[str, Any]


def by_name(cases: tuple[Case, ...], name: str) -> Case:
    """The case of this name."""
    return next(case for case in cases if case.name == name)


def rounds_for(seconds: float, options: Record) -> int:
    """How many rounds of work that takes so long fit into the budget."""
    return max(3, min(options["repeats"], int(options["budget"] / max(seconds, 1e-6))))


def first_run(case: Case) -> tuple[Record, pr.PolyhedralComplex]:
    """C(F, 0) and the homology of {F > 0} once, checked, with the memory they take."""
    network = case.network()
    base = start_of_peak()
    cx, seconds = cpu(lambda: pr.subdivide(network, 0))
    stored, peak = memory()
    homology, homology_seconds = cpu(lambda: pr.homology(cx.region(">")))
    total_peak = memory()[1]
    case.check_complex(cx)
    case.check_betti(homology.betti)
    faces = sum(cx.f_vector)
    held = sum(map(len, cx._boundary))  # with the cells at infinity, which are no faces of C(F, 0)
    return {
        "architecture": case.architecture,
        "group": case.group,
        "source": case.source,
        "f_vector": cx.f_vector,
        "faces": faces,
        "regions": cx.n_regions,
        "betti": homology.betti,
        "statistics": cx.statistics,
        "first_seconds": seconds,
        "first_homology_seconds": homology_seconds,
        "peak_bytes": peak - base,
        "held_per_face": held / faces,
        "peak_per_face": (peak - base) / faces,
        "stored_per_face": (stored - base) / faces,
        "total_peak_per_face": (total_peak - base) / faces,
    }, cx


def subdivision(name: str, options: Record) -> Record:
    """Certified, uncertified and (small networks) GMP throughout in turn; homology after every certified run."""
    case = by_name(CASES, name)
    network = case.network()
    record, cx = first_run(case)
    expected = cx.f_vector
    del cx
    rounds = rounds_for(2 * record["first_seconds"] + record["first_homology_seconds"], options)
    limit = 3 * record["faces"] + 1000
    seconds: dict[str, list[float]] = {"certified": [], "uncertified": [], "big": [], "homology": []}
    ratios = []
    for i in range(rounds):
        for mode in ("certified", "uncertified") if i % 2 else ("uncertified", "certified"):
            with arithmetic(mode):
                if mode == "uncertified":
                    uncertified, t = uncertified_run(network, limit)
                    record["uncertified_faces"] = uncertified
                else:
                    cx, t = cpu(lambda: pr.subdivide(network, 0))
                    agree("f-vector", cx.f_vector, expected)
                    seconds["homology"].append(cpu(lambda cx=cx: pr.homology(cx.region(">")))[1])
                    del cx
            seconds[mode].append(t)
        if record["uncertified_faces"] is not None:
            per_face = seconds["uncertified"][-1] / record["uncertified_faces"]
            ratios.append(seconds["certified"][-1] / record["faces"] / per_face)
        if case.gmp and (i == 0 or (i < 3 and seconds["big"][-1] < options["budget"] / 10)):
            with arithmetic("big"):
                cx, t = cpu(lambda: pr.subdivide(network, 0))
            agree("f-vector, GMP throughout", cx.f_vector, expected)
            del cx
            seconds["big"].append(t)
    middle = {mode: statistics.median(values) for mode, values in seconds.items() if values}
    return record | {
        "all_seconds": seconds,
        "seconds": middle["certified"],
        "faces_per_second": record["faces"] / middle["certified"],
        "certified_to_uncertified": statistics.median(ratios) if ratios else None,
        "gmp_to_certified": middle["big"] / middle["certified"] if case.gmp else None,
        "homology_seconds": middle["homology"],
        "homology_to_subdivision": middle["homology"] / middle["certified"],
    }


def uncertified_run(network: pr.Network, limit: int) -> tuple[int | None, float]:
    """Faces and time without certification; None for more than `limit` cells or no complex at all.

    Wrong signs can make any number of cells, which is why times are compared a face.
    """

    def run() -> int | None:
        try:
            return sum(pr.subdivide(network, 0, max_cells=limit).f_vector)
        except (pr.LimitError, pr.VerificationError):
            return None

    return cpu(run)


def growth(name: str, options: Record) -> Record:
    """One member of a growing family, once."""
    return first_run(by_name(GROWTH, name))[0]


def reference(name: str, options: Record) -> Record:
    """The plain-Python reference of the tests on a tiny network."""
    from support.reference import Reference

    case = by_name(CASES, name)
    network = case.network()

    def plain() -> tuple[Any, Any]:
        whole = Reference(network, 0)
        return whole.f_vector, whole.homology(">")

    def ours() -> tuple[Any, Any]:
        cx = pr.subdivide(network, 0)
        return cx.f_vector, pr.homology(cx.region(">"))

    (f_vector, homology), slow = cpu(plain)
    results = [cpu(ours) for _ in range(5)]
    for (found, h), _ in results:
        agree("f-vector", found, tuple(f_vector))
        agree("homology", (h.betti, h.torsion), (tuple(homology.betti), tuple(map(tuple, homology.torsion))))
    fast = statistics.median(t for _, t in results)
    return {"faces": sum(f_vector), "seconds": fast, "reference_seconds": slow, "factor": slow / fast}


def complexes(name: str, options: Record) -> Record:
    """Homology of a chain complex from its arrays, the check ∂∂ = 0 included; against GUDHI where it applies."""
    from benchmarks.cell_complexes import COMPLEXES

    case = next(case for case in COMPLEXES if case.name == name)
    ranks, maps = case.make()
    base = start_of_peak()
    homology, seconds = cpu(lambda: pr.homology(pr.ChainComplex.from_arrays(ranks, maps)))
    peak = memory()[1] - base
    case.check(homology, (ranks, maps))
    again = [cpu(lambda: pr.homology(pr.ChainComplex.from_arrays(ranks, maps)))[1] for _ in range(2)]
    cells = sum(ranks)
    torsion = [t for row in homology.torsion for t in row]
    middle = statistics.median([seconds, *again])
    record = {
        "cells": cells,
        "ranks": ranks,
        "betti": homology.betti,
        "torsion_rank": len(torsion),
        "torsion_digits": len(str(max(torsion, default=1))),
        "seconds": middle,
        "cells_per_second": cells / middle,
        "peak_per_cell": peak / cells,
        "source": case.source,
        "gudhi_seconds": None,
    }
    if case.voxels is not None:
        try:
            import gudhi
        except ImportError:
            return record
        values = np.where(case.voxels(), 0.0, np.inf)

        def peer() -> list[int]:
            if case.periodic:
                other = gudhi.PeriodicCubicalComplex(
                    top_dimensional_cells=values, periodic_dimensions=[True] * values.ndim
                )
            else:
                other = gudhi.CubicalComplex(top_dimensional_cells=values)
            other.compute_persistence(homology_coeff_field=11)
            return list(other.persistent_betti_numbers(0, 0))

        betti, record["gudhi_seconds"] = cpu(peer)
        betti += [0] * (len(homology.betti) - len(betti))
        record["gudhi_agrees"] = tuple(betti) == homology.betti
    return record


def classes(name: str, options: Record) -> Record:
    """`classify`, complete and coarse, and `subdivide` with all differences of the outputs as neurons, in turn."""
    from benchmarks.classifiers import CLASSIFIERS, with_all_differences

    network = next(case for case in CLASSIFIERS if case.name == name).network()
    seconds: list[tuple[float, float, float]] = []
    while not seconds or len(seconds) < rounds_for(sum(seconds[0]), options):
        complete, classifying = cpu(lambda: pr.classify(network))
        regions = [complete.region(i) for i in range(network.output_dim)] if not seconds else []
        found = [pr.homology(region) for region in regions]
        f_vector = complete.complex.f_vector
        del complete, regions
        coarse, deciding = cpu(lambda: pr.classify(network, coarse=True))
        for i, groups in enumerate(found):
            agree(f"homology of class {i}", pr.homology(coarse.region(i)).betti, groups.betti)
        coarse_faces = sum(coarse.complex.f_vector)
        del coarse
        cx, subdividing = cpu(lambda: pr.subdivide(with_all_differences(network)))
        agree("alternating sums", *(sum((-1) ** k * n for k, n in enumerate(f)) for f in (f_vector, cx.f_vector)))
        agree("no fewer regions with all differences", cx.n_regions >= f_vector[-1], True)
        faces = sum(cx.f_vector)
        del cx
        seconds.append((classifying, deciding, subdividing))
    return {
        "faces": sum(f_vector),
        "coarse_faces": coarse_faces,
        "faces_of_differences": faces,
        "all_seconds": seconds,
        "seconds": statistics.median(a for a, _, _ in seconds),
        "coarse_seconds": statistics.median(b for _, b, _ in seconds),
        "subdivide_seconds": statistics.median(c for _, _, c in seconds),
        "ratio": statistics.median(a / c for a, _, c in seconds),
        "coarse_ratio": statistics.median(b / c for _, b, c in seconds),
    }


def neighbourhoods(name: str, options: Record) -> Record:
    """Balls around an image, and how far the class of images does not change, each once."""
    from benchmarks import neighbourhoods as near

    case = next(case for case in near.DIGITS if case.name == name)
    network, right, doubted = case.trained()
    images = case.images()
    balls, radii = [], []
    image = near.exact_image(images[0])
    for norm in near.NORMS:
        square, seconds = cpu(lambda norm=norm: pr.unchanged_radius(network, image, "pattern", norm, squared=True))
        least = near.root_below(square)
        agree("cells where no neuron changes sign", pr.neighbourhood(network, image, least, norm).cells, (1,))
        radii.append({"norm": norm, "of": "signs", "image": 0, "radius": float(least), "seconds": seconds})
        for factor in near.FACTORS:
            record = {"norm": norm, "factor": factor, "radius": float(least * factor)}
            start = time.process_time()
            limits = {"max_crossing": None, "max_cells": near.MAX_CELLS}
            try:
                found = pr.neighbourhood(network, image, least * factor, norm, **limits)
            except pr.LimitError as error:
                balls.append({**record, "limit": str(error), "seconds": time.process_time() - start})
                break
            record |= {"crossing": len(found.crossing), "cells": found.cells, "classes": sorted(found.classes)}
            balls.append({**record, "seconds": time.process_time() - start})
        for share in near.SHARES:
            number = doubted[int(share * len(doubted))]
            point = near.exact_image(images[number])
            record = {"norm": norm, "of": "class", "share": share, "image": number}
            start = time.process_time()
            try:
                square = pr.unchanged_radius(network, point, "class", norm, squared=True, max_cells=near.MAX_POLYHEDRA)
            except pr.LimitError as error:
                bound = float(Fraction(str(error).rsplit(" ", 1)[1]))
                record["at_least"] = bound**0.5 if norm == 2 else bound
            else:
                record["radius"] = float(near.root_below(square))
            record["seconds"] = time.process_time() - start
            radii.append(record)
            if share == near.SHARES[0]:
                for factor, expected in ((1, 1), (Fraction(1001, 1000), 2)):
                    found = pr.neighbourhood(network, point, near.root_below(square) * factor, norm)
                    agree(f"classes within {factor} times the radius", len(found.classes), expected)
    return {"right": right, "balls": balls, "radii": radii}


def peers(name: str, options: Record) -> Record:
    """A peer and this library on one network: "peer | case"."""
    from benchmarks.peers import HALF_WIDTH, PEERS, installed_version, pattern_at

    peer_name, case_name = name.split(" | ")
    peer = next(p for p in PEERS if p.name == peer_name)
    case = by_name(CASES, case_name)
    record: Record = {"peer": peer.name, "what": peer.what, "version": installed_version(peer.distribution)}
    record |= {"network": case.name, "peer_seconds": None}
    if record["version"] is None:
        return record | {"outcome": f"not installed (pip install {peer.distribution})"}
    network = case.network()
    domain = [(-HALF_WIDTH, HALF_WIDTH)] * network.input_dim if peer.square else None
    runs = [cpu(lambda: pr.subdivide(network, None, domain)) for _ in range(3)]
    cx = runs[0][0]
    record["seconds"] = statistics.median(t for _, t in runs)
    record["regions"] = cx.n_regions
    try:
        record["peer_seconds"], found = peer.run(network)
    except Exception as error:  # whatever it raises is its outcome
        return record | {"outcome": f"{type(error).__name__}: {str(error).splitlines()[0][:100] if str(error) else ''}"}
    expected = {pattern_at(network, cx.interior_point(cx.input_dim, i)) for i in range(cx.n_regions)}
    missing, invented = len(expected - found), len(found - expected)
    record["peer_regions"] = len(found)
    record["factor"] = record["peer_seconds"] / record["seconds"]
    outcome = "same set" if not missing and not invented else f"{missing} missing, {invented} invented"
    return record | {"outcome": outcome}


def threads(name: str, options: Record) -> Record:
    """Wall time on one thread and on two, in turn, nothing else held; the complexes are the same, array for array."""
    network = by_name(CASES, name).network()
    one, two = (pr.subdivide(network, 0, threads=n) for n in (1, 2))
    agree("f-vector on two threads", two.f_vector, one.f_vector)
    for k in range(one.input_dim + 1):
        for a, b in zip(one.facets(k), two.facets(k), strict=True):
            agree(f"facets of {k}-cells on two threads", np.array_equal(a, b), True)
    del one, two, a, b
    walls: dict[int, list[float]] = {1: [], 2: []}
    for i in range(7):
        for n in (1, 2) if i % 2 else (2, 1):
            gc.collect()
            start = time.perf_counter()
            cx = pr.subdivide(network, 0, threads=n)
            walls[n].append(time.perf_counter() - start)
            del cx
    speedup = statistics.median(a / b for a, b in zip(walls[1], walls[2], strict=True))
    return {"wall_seconds": walls[1], "wall_seconds_two": walls[2], "speedup": speedup}


def instructions(name: str, options: Record) -> Record:
    """Work to be watched by valgrind: C(F, 0) and homology, checked."""
    case = by_name(CASES, name)
    cx = pr.subdivide(case.network(), 0)
    case.check_complex(cx)
    case.check_betti(pr.homology(cx.region(">")).betti)
    return {"faces": sum(cx.f_vector)}


SECTIONS: dict[str, Callable[[str, Record], Record]] = {
    "subdivision": subdivision,
    "growth": growth,
    "reference": reference,
    "complexes": complexes,
    "classes": classes,
    "neighbourhoods": neighbourhoods,
    "peers": peers,
    "threads": threads,
    "instructions": instructions,
}

if __name__ == "__main__":
    section, case_name, settings, output = sys.argv[1:]
    Path(output).write_text(json.dumps(SECTIONS[section](case_name, json.loads(settings))))
