"""The checker with NumPy accepts what the plain one accepts, with the same report, and nothing else."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest
from test_certificates import RELATIONS, degenerate, small_certificates, smooth

import polyrelu as pr
from support.certificates import PROGRAM, adapted, agreed, load_checker, load_fast_checker, mutated, read, rehash

CHECKER = load_checker()
FAST = load_fast_checker()


@pytest.mark.parametrize("seed", range(4))
def test_true_certificates(seed, tmp_path):
    """Degenerate and in general position, in more than one word of bits, complete, coarse and in parts."""
    nets = [
        degenerate(((2, 4, 4, 1), (3, 4, 3, 1), (3, 3, 3, 3, 1), (1, 3, 3, 1))[seed], seed, True),
        smooth(((2, 5, 4, 1), (3, 5, 3, 1), (1, 40, 30, 1), (4, 5, 1))[seed], seed),
    ]
    for i, net in enumerate(nets):
        domain = [(-1, 2)] + [(0, None)] * (net.input_dim - 1)
        for coarse, parts, where in ((False, 1, domain), (True, 1, None), (True, 3, domain)):
            relation = RELATIONS[(seed + i + parts) % 5]
            pr.certify(net, relation, 0, where, tmp_path / "x.cert", coarse=coarse, parts=parts)
            assert agreed(CHECKER, FAST, read(tmp_path / "x.cert")) == "accepted"


def test_changed_certificates(tmp_path):
    rng = random.Random(5)
    originals = small_certificates(tmp_path)
    assert {agreed(CHECKER, FAST, records) for records in originals} == {"accepted"}
    accepted = 0
    for _ in range(150):
        records = mutated(rng.choice(originals), rng)
        rehash(CHECKER, records)
        if rng.random() < 0.6:
            records, _ = adapted(CHECKER, records)
        accepted += agreed(CHECKER, FAST, records) == "accepted"
    assert 0 < accepted < 75


@pytest.mark.parametrize("digits", [1, 6, 40, 400])
def test_signs(digits):
    """Small numbers exactly in floating point, others with bounds: signs of many forms, of which some are 0."""
    rng, size, plain = random.Random(digits), 10**digits, FAST.plain
    close = size**2 * 10**20
    for seed in range(4):
        net = degenerate((3, 5, 4, 1), seed, True) if seed % 2 else smooth((3, 40, 30, 1), seed)
        parameters = {name: shown(getattr(net, name)) for name in ("weights", "biases", "slopes")}
        quotient = plain.Quotient(3, [0, 1, 2], [[], [], []])
        layers = plain.Layers(plain.Network(parameters), quotient, plain.Fraction(1, 3))
        forms = plain.Forms([[1, -1, 0, 0]], [[0, 2, 3, -1]], [layers], True, 1)
        vectors = [[rng.randint(1, size), *(rng.randint(-size, size) for _ in range(3))] for _ in range(25)]
        for row in layers.rows[0][:5]:  # a point of a hyperplane, and one very close to it
            b, *a = row
            if a[0]:
                x, y = (rng.randint(-size, size) for _ in range(2))
                g = [abs(a[0]), 0, x * abs(a[0]), y * abs(a[0])]
                g[1] = -(b * g[0] + a[1] * g[2] + a[2] * g[3]) // a[0]
                vectors += [g, [close * x + (i == 1) for i, x in enumerate(g)]]
        vectors += [[0, 1, 0, 0], [1, 0, 0, 0], [0, -size, 1, 1]]
        for chosen in (vectors, vectors[:25]):
            found = zip(*map(FAST.Bits, FAST.Evaluation(forms).signs(chosen)), strict=True)
            assert list(found) == [forms.signs(g)[:2] for g in chosen]


def shown(values):
    return [shown(x) for x in values] if isinstance(values, (list, tuple)) or hasattr(values, "tolist") else str(values)


def test_program(tmp_path):
    """Exit status and lines are those of the plain program."""
    pr.certify(pr.shells((2, 4, 3, 1), [1]), path=tmp_path / "x.cert")
    for arguments in ([], ["--sha256", "0"]):
        done = [
            subprocess.run([sys.executable, *program, str(tmp_path / "x.cert"), *arguments],
                           capture_output=True, text=True, cwd=PROGRAM.parent.parent, timeout=60)
            for program in (["-m", "polyrelu_check"], ["-m", "polyrelu_check.fast"])
        ]
        assert done[0].returncode == done[1].returncode == bool(arguments)
        assert (done[0].stdout, done[0].stderr) == (done[1].stdout, done[1].stderr)
