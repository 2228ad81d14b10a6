"""Certificates in memory, the checker as a module, and random changes of certificates."""

from __future__ import annotations

import copy
import gzip
import importlib.util
import io
import json
import random
import re
import sys
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import polyrelu as pr
from polyrelu.geometry.region import RELATIONS

ROOT = Path(__file__).parent.parent.parent
PROGRAM = ROOT / "checker" / "polyrelu_check" / "__main__.py"
if not PROGRAM.exists():  # the tests were copied without the source tree
    PROGRAM = Path(importlib.util.find_spec("polyrelu_check").origin).with_name("__main__.py")

Record = Any
Records = list[Record]


def load_checker(source: str | None = None, name: str = "checker_of_certificates") -> Any:
    """The checker as a module, from its file or from changed source text."""
    spec = importlib.util.spec_from_loader(name, loader=None, origin=str(PROGRAM))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    exec(compile(source or PROGRAM.read_text(encoding="utf-8"), str(PROGRAM), "exec"), module.__dict__)
    return module


def load_fast_checker() -> Any:
    """The checker with NumPy; its package is beside the library or in the source tree."""
    folder = str(PROGRAM.parent.parent)
    sys.path.insert(0, folder)
    try:
        return importlib.import_module("polyrelu_check.fast")
    finally:
        sys.path.remove(folder)


def agreed(checker: Any, fast: Any, records: Records) -> str:
    """The verdict, which is the same with arrays; what these leave to the plain program is none of theirs."""
    said, with_arrays = verdict(checker, records), "accepted"
    try:
        report = fast.plain.check(packed(records), kind=fast.Certificate)
    except (fast.plain.Refused, fast.plain.Unreadable) as error:
        with_arrays = f"{type(error).__name__}: {error}"
    if with_arrays == "accepted":
        assert report == checker.check(packed(records))
    elif said == "accepted":
        assert "a matter for the plain program" in with_arrays, with_arrays
        assert fast.check(packed(records)) == checker.check(packed(records))
    return said


def read(path: Any) -> Records:
    """The records of a certificate."""
    with gzip.open(path, "rt", encoding="ascii") as file:
        return [json.loads(line) for line in file]


def packed(records: Records) -> io.BytesIO:
    """A certificate with these records, as a file."""
    return io.BytesIO(gzip.compress(b"".join(json.dumps(x).encode() + b"\n" for x in records), 0))


def verdict(checker: Any, records: Records) -> str:
    """ "accepted", or what the checker says."""
    try:
        checker.check(packed(records))
    except (checker.Refused, checker.Unreadable) as error:
        return f"{type(error).__name__}: {error}"
    return "accepted"


def rehash(checker: Any, records: Records) -> None:
    """Put in the hashes of the networks of the header, whatever they are."""
    head = records[0] if records else None
    for name, digest in (("network", "sha256"), ("other", "other_sha256")):
        if isinstance(head, dict) and head.get(name) is not None:
            with suppress(Exception):  # it may be no network any more: the checker will say so
                head[digest] = checker.Network(head[name]).digest()


def mutated(records: Records, rng: random.Random) -> Records:
    """A copy with one to three random changes, of any field, or of cells as an adversary would make them."""
    changed = copy.deepcopy(records)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        rng.choice((_change_leaf, _change_leaf, _change_list, _change_cells, _change_claim, _move_vertex))(changed, rng)
    return changed


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [] if isinstance(value, (dict, list)) else [path]
    for key, item in items:
        found += _leaves(item, (*path, key))
    return found


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def _change_leaf(records: Records, rng: random.Random) -> None:
    if not records:
        return
    record = rng.randrange(len(records))
    paths = _leaves(records[record])
    if not paths:
        return
    path = (record, *rng.choice(paths))
    holder, key = _at(records, path[:-1]), path[-1]
    old = holder[key]
    if isinstance(old, bool) or old is None:
        holder[key] = rng.choice((True, False, None, 0, 1))
    elif isinstance(old, int):
        holder[key] = rng.choice((old + 1, old - 1, -old, 0, 2 * old, rng.randint(-3, 12), str(old), None))
    else:
        holder[key] = rng.choice(("0", "1/2", "-1", ">", ">=", "<", "<=", "=", "cells", old + "0", 0))


def _change_list(records: Records, rng: random.Random) -> None:
    """Drop, double, exchange or move elements of some list."""
    holder: Any = records
    while True:
        items = holder.values() if isinstance(holder, dict) else holder
        inner = [x for x in items if isinstance(x, (list, dict)) and x]
        if not inner or (isinstance(holder, list) and rng.random() < 0.3):
            break
        holder = rng.choice(inner)
    if not isinstance(holder, list) or not holder:
        return
    i, k = rng.randrange(len(holder)), rng.randrange(len(holder))
    action = rng.randrange(4)
    if action == 0:
        del holder[i]
    elif action == 1:
        holder.insert(k, copy.deepcopy(holder[i]))
    elif action == 2:
        holder[i], holder[k] = holder[k], holder[i]
    else:
        holder.append(holder.pop(i))


def _change_cells(records: Records, rng: random.Random) -> None:
    """Change cells consistently: leave one out, double one, exchange facets, flip an orientation, glue vertices."""
    blocks = [record for record in records if isinstance(record, list) and record[:1] == ["cells"] and len(record) == 3]
    blocks = [record for record in blocks if isinstance(record[2], list) and record[2]]
    if not blocks:
        return
    block = rng.choice(blocks)
    q, rows = block[1], block[2]
    i, k = rng.randrange(len(rows)), rng.randrange(len(rows))
    above = [record for record in blocks if record[1] == q + 1] if isinstance(q, int) else []
    action = rng.randrange(6)
    if action == 0:  # a cell disappears, and with it all references
        del rows[i]
        for record in above:
            record[2] = [
                [f - (f > i + 1) + (f < -i - 1) for f in row if abs(f) != i + 1] if _all_integers(row) else row
                for row in record[2]
            ]
    elif action == 1:  # a cell twice, and everything above refers to one or the other
        rows.append(copy.deepcopy(rows[i]))
        for record in above:
            for row in record[2]:
                if _all_integers(row):
                    other = {i + 1: len(rows), -i - 1: -len(rows)} if rng.random() < 0.5 else {}
                    row[:] = [other.get(f, f) for f in row]
    elif action == 2 and _all_integers(rows[i]):  # another orientation, here and above: the claim stays true
        rows[i] = [-f for f in rows[i]]
        for record in above:
            for row in record[2]:
                if _all_integers(row):
                    row[:] = [-f if abs(f) == i + 1 else f for f in row]
    elif action == 3 and _all_integers(rows[i]) and _all_integers(rows[k]):  # two cells become their sum
        total = {abs(f): f for f in rows[i]}
        for f in rows[k]:
            if total.get(abs(f)) == -f:
                del total[abs(f)]
            else:
                total[abs(f)] = f
        rows[i] = list(total.values())
        if rng.random() < 0.7:
            del rows[k]
    elif action == 4 and _all_integers(rows[i]) and rows[i]:  # cancelling pieces
        f = rng.choice(rows[i])
        rows[i] += [f, -f]
    else:
        rows[i], rows[k] = rows[k], rows[i]


def _change_claim(records: Records, rng: random.Random) -> None:
    head = records[0] if records else None
    claims = head.get("claims") if isinstance(head, dict) else None
    if not isinstance(claims, list) or not claims or not isinstance(claims[0], dict):
        return
    claim = rng.choice([c for c in claims if isinstance(c, dict)] or [{}])
    for name in ("betti", "f_vector"):
        if isinstance(claim.get(name), list) and claim[name] and _all_integers(claim[name]):
            claim[name][rng.randrange(len(claim[name]))] += rng.choice((-1, 1, 2))
    if "relation" in claim and rng.random() < 0.5:
        claim["relation"] = rng.choice(list(RELATIONS))
    if isinstance(claim.get("torsion"), list) and claim["torsion"] and rng.random() < 0.3:
        claim["torsion"][rng.randrange(len(claim["torsion"]))] = [rng.randint(0, 3)]
    if rng.random() < 0.3:
        head["level"] = rng.choice((0, "1/2", -1, 1, None))
    if isinstance(claim.get("bars"), list) and claim["bars"]:
        bars = rng.choice(claim["bars"])
        if isinstance(bars, list):
            bars.append([rng.choice((None, 0, 1)), rng.choice((None, 1, 2))])


def _move_vertex(records: Records, rng: random.Random) -> None:
    blocks = [x for x in records if isinstance(x, list) and x[:1] == ["points"] and len(x) == 2]
    blocks = [x for x in blocks if isinstance(x[1], list) and x[1]]
    if not blocks:
        return
    points = rng.choice(blocks)[1]
    i, k = rng.randrange(len(points)), rng.randrange(len(points))
    if not (_all_integers(points[i]) and _all_integers(points[k])):
        return
    action = rng.randrange(4)
    if action == 0 and len(points[i]) == len(points[k]):  # towards another one
        points[i] = [a + b for a, b in zip(points[i], points[k], strict=True)]
    elif action == 1:  # the same vertex, another multiple: the claim stays true
        points[i] = [3 * x for x in points[i]]
    elif action == 2:
        points[i] = list(points[k])
    elif points[i]:
        points[i][rng.randrange(len(points[i]))] += rng.choice((-1, 1))


def _all_integers(row: Any) -> bool:
    return isinstance(row, list) and all(type(x) is int for x in row)


def is_true(records: Records) -> bool:
    """Whether the claims of a certificate are true, computed from its networks alone."""
    head = records[0]
    net = _network(head["network"])
    level = None if head.get("level") is None else Fraction(head["level"])
    walls = head.get("domain") or []
    domain = pr.Domain([[-x for x in row[1:]] for row in walls], [row[0] for row in walls]) if walls else None
    return all(_holds(claim, head, net, level, domain) for claim in head["claims"])


def _network(data: Any) -> pr.Network:
    return pr.Network(data["weights"], data["biases"], data.get("slopes"))


def _holds(claim: Any, head: Any, net: pr.Network, level: Fraction | None, domain: pr.Domain | None) -> bool:
    kind = claim["claim"]
    if kind == "homology":
        found = pr.homology(pr.subdivide(net, level, domain).region(claim["relation"]))
        return [list(found.betti), [list(x) for x in found.torsion]] == [claim["betti"], claim["torsion"]]
    if kind == "cells":
        counted = pr.subdivide(net, level if claim["with_level"] else None, domain)
        return [list(counted.f_vector), counted.n_bounded_regions] == [claim["f_vector"], claim["bounded_regions"]]
    if kind == "persistence":
        found = pr.persistence(net, domain, superlevel=claim.get("superlevel") is True, field=claim["field"])
        claimed = [[tuple(None if x is None else Fraction(x) for x in bar) for bar in bars] for bars in claim["bars"]]
        key = lambda bar: tuple((x is not None, x or 0) for x in bar)  # noqa: E731
        return [sorted(bars, key=key) for bars in claimed] == [
            sorted(found.bars(k), key=key) for k in range(net.input_dim)
        ]
    comparison = pr.identical(net, _network(head["other"]), domain)
    if kind == "identical":
        return bool(comparison)
    point = [Fraction(x) for x in claim["point"]]
    inside = domain is None or domain.contains(point)
    return inside and net(point) != _network(head["other"])(point)


def adapted(checker: Any, records: Records) -> tuple[Records, str]:
    """What an adversary does who knows the checker: claims what it finds. The certificate, and the verdict on it."""
    for _ in range(3):
        said = verdict(checker, records)
        betti = re.search(r"claim (\d+): the Betti numbers are (\[.*\]), the torsion (\[.*\])$", said)
        counts = re.search(r"claim (\d+): the f-vector is (\[.*\]), with (\d+) bounded regions$", said)
        if betti:
            change = {"betti": json.loads(betti[2]), "torsion": json.loads(betti[3])}
        elif counts:
            change = {"f_vector": json.loads(counts[2]), "bounded_regions": int(counts[3])}
        else:
            break
        records = copy.deepcopy(records)
        records[0]["claims"][int((betti or counts)[1])].update(change)
    return records, said
