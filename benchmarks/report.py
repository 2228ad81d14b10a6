"""Tables and figures from the suite's results: python benchmarks/report.py [RESULTS.json].

Writes the tables into benchmarks/README.md, between its begin and end marks, and draws benchmarks/figures/.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
Record = dict[str, Any]
MISSING = "–"
LARGE = 1_000_000  # faces from which on memory a face is judged
MEDIUM = 10_000  # faces from which on ratios of times are judged


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table, its first column left, the others right."""
    head = list(head)
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join([":--"] + ["--:"] * (len(head) - 1)) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def number(x: float | None, digits: int = 3) -> str:
    """Three significant digits; large counts with k or M."""
    if x is None:
        return MISSING
    for limit, unit in ((1e6, " M"), (1e4, " k")):
        if abs(x) >= limit:
            return f"{x / (1e6 if unit == ' M' else 1e3):.{digits}g}{unit}"
    return str(x) if isinstance(x, int) else f"{x:#.{digits}g}".rstrip(".")


def integer(x: int) -> str:
    """All digits, in groups of three."""
    return f"{x:,}".replace(",", " ")


def milliseconds(x: float | None) -> str:
    """Seconds, or milliseconds below one second."""
    if x is None:
        return MISSING
    return f"{x:.2f} s" if x >= 1 else f"{1000 * x:.3g} ms"


def times(*seconds: float) -> list[str]:
    """Several of them."""
    return [milliseconds(x) for x in seconds]


def each(size: float, count: int) -> str:
    """Bytes a face; too few faces tell nothing of it."""
    return f"{size:.0f} B" if count >= 100_000 else MISSING


def factor(x: float) -> str:
    """How many times as long."""
    return f"{x:.0f}" if x >= 10 else f"{x:.1f}"


def done(results: Record, section: str) -> list[Record]:
    """The records of a section that were measured."""
    return [r for r in results["results"] if r["section"] == section and r["status"] == "ok"]


def merged(old: Record, new: Record) -> Record:
    """The old results with the sections of the new ones in place of theirs, and where and when each was measured."""
    sections = {r["section"] for r in new["results"]}
    kept = [r for r in old["results"] if r["section"] not in sections]
    run = {"machine": new["machine"], "level": new["level"]}
    apart = {**old.get("apart", {}), **dict.fromkeys(sorted(sections), run)}
    return {**old, "results": kept + new["results"], "apart": apart}


def machine(results: Record) -> str:
    """Where and when it was measured; sections that were measured apart come in paragraphs of their own."""
    paragraphs = [_run(results)]
    apart = results.get("apart", {})
    for run in {json.dumps(run): run for run in apart.values()}.values():
        sections = sorted(name for name, other in apart.items() if other == run)
        paragraphs.append(f"Measured apart, {', '.join(sections)}: {_run(run)}")
    return "\n\n".join(paragraphs)


def _run(results: Record) -> str:
    m = results["machine"]
    installed = ", ".join(f"{name} {v}" for name, v in m["versions"].items() if v)
    return (
        f"{m['processor']}, {m['cores']} cores, {m['memory_bytes'] / 2**30:.0f} GiB; {m['system']}; "
        f"Python {m['python']}; "
        f"polyrelu {m['polyrelu']} ({m['commit']}); {installed}; {m['date']}. "
        f"Load when the run began: {m['load_at_start']:.1f}. Level: {results['level']}."
    )


def failures(results: Record) -> str:
    """What did not end with the known answer."""
    bad = [r for r in results["results"] if r["status"] != "ok"]
    rows = [[r["section"], r["case"].replace("|", "\\|"), r["status"].replace("|", "\\|")] for r in bad]
    if not rows:
        return f"All {len(results['results'])} measurements ended, with every known or pinned answer met."
    return table(["section", "case", "status"], rows)


def goals(results: Record) -> str:
    """The goals for speed and memory, each with its figure."""
    cases = {r["case"]: r for r in done(results, "subdivision")}
    rows = []

    def row(
        what: str, found: float | None, form: Callable[[float], str], least: float, stretch: float, sense: int
    ) -> None:
        if found is None:
            verdict = "not measured"
        else:
            met = [sense * found >= sense * bound for bound in (stretch, least)]
            verdict = "stretch goal met" if met[0] else "met" if met[1] else "missed"
        rows.append([what, MISSING if found is None else form(found), form(least), form(stretch), verdict])

    def over(values: Iterable[float]) -> float | None:
        return max(values, default=None)

    def plain(x: float) -> str:
        return f"{x:.2f}"

    def bytes_(x: float) -> str:
        return f"{x:.0f} B"

    def rate(name: str) -> float | None:
        return cases[name]["faces_per_second"] if name in cases else None

    medium = [r for r in cases.values() if r["faces"] >= MEDIUM]
    same = [r["certified_to_uncertified"] for r in medium if r["uncertified_faces"] == r["faces"]]
    other = [r["certified_to_uncertified"] for r in medium if r["uncertified_faces"] not in (None, r["faces"])]
    what = f"certified ÷ uncertified time, largest of the {len(same)} with the same faces"
    row(what, over(same), plain, 1.25, 1.1, -1)
    row("the same a face, where uncertified signs make other faces", over(other), plain, 1.25, 1.1, -1)
    if other:
        rows[-1][-1] = f"no verdict: other work, {len(other)} of {len(medium)} networks"
    row("faces/s, random 3-64-64-1", rate("random 3-64-64-1"), number, 4e6, 8e6, 1)
    row("faces/s, shells 2-32-32-8-1", rate("shells 2-32-32-8-1 c=8"), number, 8e6, 16e6, 1)
    large = [r for r in cases.values() if r["faces"] >= LARGE]
    what = "peak bytes a cell beyond a million faces, cells at infinity counted, largest"
    row(what, over(r["peak_per_face"] / r["held_per_face"] for r in large), bytes_, 80, 45, -1)
    what = "peak bytes a face, the memory of cells at infinity included, largest"
    row(what, over(r["peak_per_face"] for r in large), bytes_, 80, 45, -1)
    random = [r["statistics"] for r in cases.values() if r["group"] != "shells"]
    exact = sum(s.get("big", 0) - s.get("big_zero", 0) for s in random) if random else None
    row("exact evaluations of non-zero signs, random networks", exact, lambda x: f"{x:.0f}", 0, 0, -1)
    ratio = over(r["homology_to_subdivision"] for r in medium)
    row("region → homology ÷ subdivision time, largest", ratio, plain, 1, 0.25, -1)
    speedup = [r["speedup"] for r in done(results, "threads")]
    row("two threads against one, smallest", min(speedup, default=None), plain, 1.6, 1.9, 1)
    start = [r["seconds"] for r in done(results, "import")]
    row("import time", over(start), milliseconds, 0.3, 0.15, -1)
    return table(["what", "found", "goal", "stretch", ""], rows)


def uncertified(r: Record) -> str:
    """Time a face with certification, divided by that without; and whether the latter found the right faces."""
    if r["uncertified_faces"] is None:
        return "fails"
    surplus = r["uncertified_faces"] - r["faces"]
    return f"{r['certified_to_uncertified']:.2f}" + (f" (wrong: {surplus:+d})" if surplus else "")


def subdivision(results: Record) -> str:
    """Time, memory and the price of certainty."""
    rows = [
        [
            r["case"],
            integer(r["faces"]),
            f"{r['held_per_face']:.2f}",
            milliseconds(r["seconds"]),
            f"{r['faces_per_second'] / 1e6:.2f} M",
            uncertified(r),
            MISSING if r["gmp_to_certified"] is None else f"{r['gmp_to_certified']:.1f}",
            each(r["peak_per_face"], r["faces"]),
            each(r["stored_per_face"], r["faces"]),
            r["source"],
        ]
        for r in done(results, "subdivision")
    ]
    head = ["network", "faces", "held", "CPU time", "faces/s", "÷ uncertified", "GMP ÷", "peak/face", "stored/face"]
    return table([*head, "known by"], rows)


def decisions(results: Record) -> str:
    """How signs were decided and vertices made, as the core counts them."""
    records = done(results, "subdivision")
    keys = list(dict.fromkeys(key for r in records for key in r["statistics"]))
    rows = [[r["case"], *(integer(r["statistics"].get(key, 0)) for key in keys)] for r in records]
    return table(["network", *(key.replace("_", " ") for key in keys)], rows)


def homology(results: Record) -> str:
    """From {F > 0} to its homology, once the complex is there."""
    rows = [
        [
            r["case"],
            ", ".join(map(str, r["betti"])),
            milliseconds(r["homology_seconds"]),
            f"{r['homology_to_subdivision']:.2f}",
            each(r["total_peak_per_face"], r["faces"]),
        ]
        for r in done(results, "subdivision")
    ]
    return table(["network", "Betti numbers of {F > 0}", "CPU time", "÷ subdivision", "peak/face, both"], rows)


def complexes(results: Record) -> str:
    """Homology of chain complexes from arrays."""
    rows = []
    for r in done(results, "complexes"):
        other = r["gudhi_seconds"]
        relative = MISSING
        if other is not None:
            relative = factor(other / r["seconds"]) + ("" if r["gudhi_agrees"] else " (differs)")
        torsion = MISSING if not r["torsion_rank"] else f"{r['torsion_rank']} ({r['torsion_digits']} digits)"
        rows.append(
            [
                r["case"],
                integer(r["cells"]),
                ", ".join(map(str, r["betti"])),
                torsion,
                milliseconds(r["seconds"]),
                f"{r['cells_per_second'] / 1e6:.2f} M",
                each(r["peak_per_cell"], r["cells"]),
                milliseconds(other),
                relative,
                r["source"],
            ]
        )
    head = ["complex", "cells", "Betti numbers", "torsion", "CPU time", "cells/s", "peak/cell", "GUDHI", "factor"]
    return table([*head, "known by"], rows)


def reference(results: Record) -> str:
    """Against plain Python."""
    rows = [
        [r["case"], integer(r["faces"]), *times(r["seconds"], r["reference_seconds"]), factor(r["factor"])]
        for r in done(results, "reference")
    ]
    return table(["network", "faces", "polyrelu", "plain Python", "factor"], rows)


def classes(results: Record) -> str:
    """`classify`, complete and coarse, against one subdivision by all differences."""
    rows = [
        [
            r["case"],
            *map(integer, (r["faces"], r["coarse_faces"], r["faces_of_differences"])),
            *times(r["seconds"], r["coarse_seconds"], r["subdivide_seconds"]),
            f"{r['ratio']:.2f}",
            f"{r['coarse_ratio']:.2f}",
        ]
        for r in done(results, "classes")
    ]
    head = ["faces", "coarse", "all differences", "classify", "coarse", "subdivide", "ratio", "coarse"]
    return table(["network", *head], rows)


def neighbourhoods(results: Record) -> str:
    """Balls around an image."""
    rows = []
    for r in done(results, "neighbourhoods"):
        for ball in r["balls"]:
            row = [r["case"], _norm(ball["norm"]), number(ball["radius"])]
            if "limit" in ball:
                row += [MISSING, MISSING, ball["limit"].split(": ")[1].split(" cells")[0], MISSING, MISSING]
            else:
                cells = ball["cells"]
                row += [str(ball["crossing"]), str(len(cells) - 1), integer(sum(cells)), integer(cells[0])]
                row.append(str(len(ball["classes"])))
            rows.append([*row, milliseconds(ball["seconds"])])
    head = ["norm", "radius", "neurons that change sign", "codimension", "cells", "regions", "classes", "CPU time"]
    return table(["network", *head], rows)


def _norm(name: str | int) -> str:
    return "L∞" if name == "inf" else f"L{name}"


def unchanged(results: Record) -> str:
    """How far nothing changes around images."""
    rows = []
    for r in done(results, "neighbourhoods"):
        for one in r["radii"]:
            image = f"{one['image']}" + (f" ({100 * one['share']:.1f} %)" if "share" in one else "")
            found = number(one["radius"]) if "radius" in one else f"at least {number(one['at_least'])}"
            rows.append([r["case"], _norm(one["norm"]), one["of"], image, found, milliseconds(one["seconds"])])
    return table(["network", "norm", "what does not change", "image", "radius", "CPU time"], rows)


def peers(results: Record) -> str:
    """Against other programs, sets of regions compared."""
    rows = []
    for r in (r for r in results["results"] if r["section"] == "peers"):
        peer, network = r["case"].split(" | ")
        if r["status"] != "ok":
            rows.append([peer, network, MISSING, MISSING, MISSING, MISSING, r["status"]])
            continue
        regions = r.get("regions")
        rows.append(
            [
                f"{peer} {r['version'] or ''}",
                network,
                MISSING if regions is None else integer(regions),
                milliseconds(r.get("seconds")),
                milliseconds(r["peer_seconds"]),
                factor(r["factor"]) if "factor" in r else MISSING,
                r["outcome"].replace("|", "\\|"),
            ]
        )
    return table(["peer", "network", "regions", "polyrelu", "peer", "factor", "outcome"], rows)


def threads(results: Record) -> str:
    """Two threads against one."""
    rows = [[r["case"], f"{r['speedup']:.2f}"] for r in done(results, "threads")]
    return table(["network", "speed-up"], rows)


def instructions(results: Record) -> str:
    """Instructions by callgrind."""
    rows = [
        [
            r["case"],
            integer(r["faces"]),
            integer(r["subdivide"]),
            f"{r['subdivide'] / r['faces']:.0f}",
            integer(r["reduce"]),
            f"{r['reduce'] / r['faces']:.0f}",
        ]
        for r in done(results, "instructions")
    ]
    return table(["network", "faces", "subdivide", "a face", "reduce", "a face"], rows)


def growth(results: Record) -> str:
    """The families that grow, in figures (time, memory) and numbers."""
    rows = [
        [
            r["case"],
            integer(r["faces"]),
            *times(r["first_seconds"], r["first_homology_seconds"]),
            f"{r['peak_bytes'] / 2**20:.1f} MiB",
            each(r["peak_per_face"], r["faces"]),
        ]
        for r in done(results, "growth")
    ]
    return table(["network", "faces", "subdivision", "homology", "peak", "peak/face"], rows)


BLOCKS: dict[str, tuple[str, Callable[[Record], str]]] = {
    "machine": ("", machine),
    "failures": ("", failures),
    "goals": ("subdivision", goals),
    "subdivision": ("subdivision", subdivision),
    "decisions": ("subdivision", decisions),
    "homology": ("subdivision", homology),
    "growth": ("growth", growth),
    "complexes": ("complexes", complexes),
    "reference": ("reference", reference),
    "classes": ("classes", classes),
    "neighbourhoods": ("neighbourhoods", neighbourhoods),
    "unchanged": ("neighbourhoods", unchanged),
    "peers": ("peers", peers),
    "threads": ("threads", threads),
    "instructions": ("instructions", instructions),
}
"""Tables by the name of their mark, each with the section whose results it needs."""


def blocks(results: Record) -> dict[str, str]:
    """All tables for which there are results."""
    sections = {r["section"] for r in results["results"]}
    return {name: make(results) for name, (section, make) in BLOCKS.items() if not section or section in sections}


def markdown(results: Record) -> str:
    """All tables, one after the other."""
    return "\n\n".join(f"## {name}\n\n{text}" for name, text in blocks(results).items())


def fill(text: str, tables: dict[str, str]) -> str:
    """The text with the tables between their marks; those without results are left as they were."""
    for name, content in tables.items():
        pattern = rf"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)"
        text, n = re.subn(pattern, lambda m, c=content: f"{m[1]}\n{c}\n\n{m[2]}", text, flags=re.DOTALL)
        if n != 1:
            raise SystemExit(f"README.md: expected one pair of marks for {name!r}, found {n}")
    return text


def draw(results: Record, directory: Path) -> None:
    """Growth plots: CPU time, and peak memory a face, against faces."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"svg.hashsalt": "polyrelu", "svg.fonttype": "none", "font.size": 9})
    families: dict[str, list[Record]] = {}
    for r in done(results, "growth"):
        families.setdefault(r["group"], []).append(r)
    plots = {
        "growth_time": ("first_seconds", 1.0, "CPU seconds, subdivision", "log"),
        "growth_homology": ("first_homology_seconds", 1.0, "CPU seconds, region → homology", "log"),
        "growth_memory": ("peak_bytes", 2.0**-20, "peak memory, MiB", "log"),
        "growth_memory_per_face": ("peak_per_face", 1.0, "peak memory a face, bytes", "linear"),
    }
    for name, (key, unit, label, scale) in plots.items():
        figure, axes = plt.subplots(figsize=(5, 3.4), layout="constrained")
        for family, records in families.items():
            records = sorted((r for r in records if r["faces"] >= 1000), key=lambda r: r["faces"])
            axes.plot([r["faces"] for r in records], [unit * r[key] for r in records], "o-", ms=3, lw=1, label=family)
        axes.set(xscale="log", yscale=scale, xlabel="faces of C(F, 0)", ylabel=label)
        if scale == "linear":
            axes.set_ylim(0, 400)
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
        figure.savefig(directory / f"{name}.svg", metadata={"Date": None})
        plt.close(figure)


def main() -> None:
    """Rewrite the README's tables and the figures."""
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "results.json"
    results = json.loads(source.read_text())
    readme = HERE / "README.md"
    readme.write_text(fill(readme.read_text(), blocks(results)))
    if done(results, "growth"):
        (HERE / "figures").mkdir(exist_ok=True)
        draw(results, HERE / "figures")


if __name__ == "__main__":
    main()
