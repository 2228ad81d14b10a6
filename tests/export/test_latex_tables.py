"""LaTeX tables of Betti numbers and f-vectors, read back, and set by pdflatex where it is."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import polyrelu as pr
import polyrelu.cli
from support.known_answers import random_float32

ANNULUS = str(Path(__file__).parents[2] / "examples" / "annulus.json")
PLANE = pr.ChainComplex([[[0]], [[2]]])
CLASSIFIER = pr.Network([[[1, 0], [0, 1], [-1, -1]]], [[0, 0, 0]])
NET = pr.from_expression("1 - |x| - |y|")


def read(text: str) -> tuple[list[str], list[list[str]]]:
    """The heading and the rows of a table, whose shape is checked."""
    match = re.search(r"\\begin\{tabular\}\{([lr]+)\}\n\\toprule\n(.*)\\bottomrule\n\\end\{tabular\}", text, re.S)
    head, rows = match[2].split("\\midrule\n")
    lines = [line for line in (head + rows).splitlines() if line != r"\addlinespace"]
    assert all(line.endswith(r" \\") for line in lines)
    entries = [line.removesuffix(r" \\").split(" & ") for line in lines]
    assert all(len(line) == len(match[1]) for line in entries)
    return entries[0], entries[1:]


def test_rows_of_all_kinds():
    cx = pr.subdivide(NET, level=0)
    rows = {
        "homology": pr.homology(cx.region("<")),
        "numbers": pr.betti_numbers(NET, "<"),
        "both": [pr.homology(cx.region("=")), cx],
        "report": pr.analyse_region(NET, "<", coarse=False),
        "coarse report": pr.analyse_region(random_float32((2, 8, 8, 1)), coarse=True),
        "set": cx.region("="),
        "counts": pr.count_cells(pr.from_expression("|x|")),
        "one input": (2,),
        2: None,
        Fraction(1, 2): pr.InputError("no network"),
    }
    head, found = read(pr.latex_table(rows, heading="case"))
    assert head == ["case", *(f"$\\beta_{k}$" for k in range(2)), *(f"$f_{k}$" for k in range(3))]
    coarse = rows["coarse report"]
    assert coarse.is_coarse
    assert found == [
        ["homology", "1", "1", "--", "--", "--"],
        ["numbers", "1", "1", "--", "--", "--"],
        ["both", "1", "1", "5", "12", "8"],
        ["report", "1", "1", "5", "12", "8"],
        ["coarse report", *map(str, coarse.betti), "--", "--", "--"],
        ["set", "--", "--", "4", "4", "0"],
        ["counts", "--", "--", "1", "2", "0"],
        ["one input", "2", "0", "--", "--", "--"],
        ["$2$", "--", "--", "--", "--", "--"],
        ["$1/2$", "--", "--", "--", "--", "--"],
    ]


def test_torsion_and_fields():
    big = pr.ChainComplex([[[0, 0, 0]], [[2, 0], [0, 6], [0, 0]]])
    point = pr.ChainComplex([], ranks=(1,))
    groups = {"RP^2": pr.homology(PLANE), "sum": pr.homology(big), "point": pr.homology(point)}
    groups |= {"mod 2": pr.homology(PLANE, coefficients=2), "rational": pr.homology(PLANE, coefficients="Q")}
    head, found = read(pr.latex_table(groups))
    betti = [f"$\\beta_{k}$" for k in range(3)]
    assert head == ["", *betti, *(x[:-1] + "(\\mathbb{F}_2)$" for x in betti), "torsion"]
    none = ["--"] * 3
    assert found == [
        [r"RP\textasciicircum{}2", "1", "0", "0", *none, r"$H_1$: $\mathbb{Z}/2$"],
        ["sum", "1", "1", "0", *none, r"$H_1$: $\mathbb{Z}/2 \oplus \mathbb{Z}/6$"],
        ["point", "1", "0", "0", *none, "$0$"],
        ["mod 2", *none, "1", "1", "1", "--"],
        ["rational", "1", "0", "0", *none, "--"],
    ]


def test_several_rows_of_a_name():
    layers = pr.layerwise_homology(pr.load(ANNULUS))
    classes = pr.analyse_classes(CLASSIFIER)
    head, found = read(pr.latex_table({"a_1": layers, "b": None, "c": pr.layerwise_homology(NET)}, heading="network"))
    assert head[:2] == ["network", "set"]
    assert [row[:2] for row in found] == [
        [r"a\_1", "$X$"], ["", r"$\varphi_1(X)$"], ["", r"$\varphi_2(X)$"], ["b", ""], ["c", "$X$"],
        ["", r"$\varphi_1(X)$"],
    ]  # fmt: skip
    assert [tuple(map(int, row[2:])) for row in found[:3]] == [h.betti for h in layers]
    names = [row[0] for row in read(pr.latex_table(classes))[1]]
    assert names == ["0", "1", "2", "boundary"] and read(pr.latex_table(classes))[0][0] == "class"
    numbers = pr.class_betti_numbers(CLASSIFIER)
    assert [tuple(map(int, row[1:])) for row in read(pr.latex_table(numbers, heading="class"))[1]] == list(numbers)
    epochs = read(pr.latex_table({0: numbers, 1: None, 2: numbers}, heading="epoch"))[1]
    assert [row[0] for row in epochs] == ["$0$", "", "", "$1$", "$2$", "", ""]
    report = pr.analyse_formulas(NET, ["F >= 1/2", "0 < F < 1/2"])
    head, found = read(pr.latex_table(report))
    assert head[0] == "formula" and [row[1:] for row in found] == [["1", "0"], ["1", "1"]]
    assert found[0][0] == r"F $\ge$ 1/2"
    assert read(pr.latex_table((3, 1)))[1] == [["3", "1"]]


def test_caption_and_label():
    text = pr.latex_table((1, 0), caption="50% of {F > 0}", label="tab:half_1")
    assert "\\caption{50\\% of \\{F \\textgreater{} 0\\}}\n\\label{tab:half_1}\n\\begin{tabular}" in text
    assert text.endswith("\\end{tabular}\n\\end{table}")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: pr.latex_table({}), "at least one row"),
        (lambda: pr.latex_table(None), "at least one row with numbers"),
        (lambda: pr.latex_table({"a": {}}), "at least one row"),
        (lambda: pr.latex_table({"a": {"b": {"c": (1,)}}}), "expected Homology"),
        (lambda: pr.latex_table({"a": (1, -1)}), "expected Homology"),
        (lambda: pr.latex_table({"a": (1, True)}), "expected Homology"),
        (lambda: pr.latex_table({"a": [(1,), (1, 0.5)]}), "expected Homology"),
        (lambda: pr.latex_table({None: (1,)}), "name of a row, got None"),
        (lambda: pr.latex_table([pr.homology(PLANE), pr.homology(PLANE)]), "twice; give each object a row of its own"),
        (lambda: pr.latex_table((1,), label="x"), "label: .* caption"),
        (lambda: pr.latex_table((1,), caption="x", label="a}b"), "label: expected letters"),
        (lambda: pr.latex_table((1,), caption=3), "caption: expected a string"),
        (lambda: pr.latex_table((1,), heading=None), "heading: expected a string"),
        (lambda: pr.latex_table((1,), heading="space"), "heading: this table has no column of names"),
    ],
)
def test_refusals(wrong: Any, words: str):
    with pytest.raises(pr.InputError, match=words):
        wrong()


@pytest.mark.parametrize(
    "command",
    [["betti", "--complete"], ["betti", "--where", "F < 1"], ["layers"], ["regions"], ["regions", "--parts", "2"]],
)
def test_tables_on_the_command_line(command, capsys):
    argv = [command[0], ANNULUS, *command[1:]]
    assert polyrelu.cli.main([*argv, "--latex"]) == 0
    table = capsys.readouterr().out
    assert polyrelu.cli.main([*argv, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    head, found = read(table)
    numbers = [[int(x) for x in row if x.isdigit()] for row in found]
    comments = table[: table.index("\\begin")].splitlines()
    assert comments[0] == f"% {ANNULUS}: Network(2-4-2-1, ReLU)" and all(line[0] == "%" for line in comments)
    if command[0] == "layers":
        assert numbers == [layer["betti"] for layer in answer["layers"]]
    else:
        cells = [] if "--where" in command else answer["f_vector"]
        assert head[0] == "network" and found[0][0] == "annulus" and numbers == [[*answer.get("betti", []), *cells]]


def test_command_line_of_a_file_with_assumptions(tmp_path, capsys):
    network = {"weights": [[[1, 0], [0, 1]]], "biases": [[0, 0]], "assumptions": ["lengths are metres"]}
    (tmp_path / "x_1.json").write_text(json.dumps(network))
    argv = ["classes", str(tmp_path / "x_1.json"), "--latex"]
    assert polyrelu.cli.main(argv) == 0
    out = capsys.readouterr().out
    assert [row[0] for row in read(out)[1]] == ["0", "1", "boundary"]
    assert out.splitlines()[-1] == "% Assumed: lengths are metres."
    assert polyrelu.cli.main([*argv, "--json"]) == 2 and "not allowed with" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_tables_compile(tmp_path):
    names = "".join(chr(i) for i in range(1, 127)) + "≤ ≥ ∞ β² → · ′"
    tables = [
        pr.latex_table({names: pr.homology(PLANE)}, caption=names, label="a:b_1"),
        pr.latex_table(pr.homology(PLANE, coefficients=2)),
        pr.latex_table({"a": pr.layerwise_homology(NET), "b": pr.class_betti_numbers(CLASSIFIER)}, heading=names),
        pr.latex_table(pr.analyse_formulas(NET, ["F >= 1/2 or F != 0", "not 0 < F < 1/2"])),
    ]
    head = "\\documentclass{article}\\usepackage{amssymb,booktabs}\\begin{document}\n"
    (tmp_path / "t.tex").write_text(head + "\n".join(tables) + "\\ref{a:b_1}\\end{document}\n")
    command = ["pdflatex", "-interaction=nonstopmode", "t.tex"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert run.returncode == 0 and "!" not in [line[:1] for line in run.stdout.splitlines()], run.stdout
