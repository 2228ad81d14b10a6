"""polyrelu plot: pictures."""

from __future__ import annotations

import argparse
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from polyrelu.cli.options import (
    add_command,
    add_complete,
    add_net,
    add_out,
    add_region,
    check_out,
    number,
    positive,
    read_level,
)
from polyrelu.cli.output import Answer, lines
from polyrelu.cli.task import Task, add_task, prepare, read
from polyrelu.constructions.expressions import input_names
from polyrelu.errors import FileError, InputError, NumberError, one_line
from polyrelu.exact.rational import describe
from polyrelu.geometry.refinement import refine
from polyrelu.geometry.subdivision import subdivide
from polyrelu.network.formula import Formula
from polyrelu.network.network import Network
from polyrelu.plotting import (
    COLOURINGS,
    HTML,
    SUFFIXES,
    TEX,
    plot,
    plot_html,
    plot_layers,
    plot_slices,
    plot_tikz,
)
from polyrelu.plotting.scene import make_scene
from polyrelu.plotting.subject import MAX_DIM
from polyrelu.plotting.window import ASPECTS
from polyrelu.readers.points import read_labelled
from polyrelu.topology.homology import homology

DATA = ("points", "labels", "feature_names", "class_names", "palette", "aspect", "library")
"""The options about data, names and looks."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and arguments."""
    add_command(
        parser,
        run,
        description="Draws a network with one input (its graph), two inputs (its regions, or with --graph the graph)\n"
        "or three inputs (its decision boundary, a surface), with f-vector and Betti numbers in the title. A network\n"
        "with several outputs is drawn by classes. For more inputs take a --slice. The format follows the suffix:\n"
        f"{', '.join(SUFFIXES)}, or {HTML}, a page to turn and zoom that loads nothing from the network, or\n"
        f"{TEX}, TikZ code with exact coordinates.",
        epilog="""\
examples:
  polyrelu plot net.json -o net.png
  polyrelu plot net.json -o net.html --level 1/2 --relation "<="
  polyrelu plot net.json -o net.png --points data.csv --labels species --class-names "others,virginica"
  polyrelu plot net.json -o net.svg --color pattern --window "-2,2"
  polyrelu plot net.json -o band.svg --where "0 < F <= 1"
  polyrelu plot net.json -o net.pdf --cycles                           the holes of {F > 0}
  polyrelu plot net.json -o strip.png --layers --relation "<="         {F <= 0} after each hidden layer
  polyrelu plot four.json -o four.html --slider 3:-1:1 --box "-1,1"    slices where the last of four inputs is fixed
  polyrelu plot net.json -o net.tex --fractions                        for \\input in a paper
  polyrelu plot large.onnx -o slice.png --slice points.json --box "-1,2"

needs matplotlib, and plotly for .html, but nothing for .tex: pip install 'polyrelu[plot]'""",
    )
    add_net(parser)
    add_out(parser)
    add_region(parser, default=False)
    parser.add_argument(
        "--color", choices=COLOURINGS,
        help="regions by the sign of F - T, by class, by the formula, by activation pattern or by affine map",
    )  # fmt: skip
    parser.add_argument(
        "--where", metavar="FORMULA",
        help='draw where a condition holds, such as "0 < F <= 1", in place of --relation and --level',
    )  # fmt: skip
    parser.add_argument("--graph", action="store_true", help="two inputs: the graph of F as a surface")
    parser.add_argument("--cycles", action="store_true", help="draw cycles around the holes of the region (see cycles)")
    parser.add_argument(
        "--layers", action="store_true",
        help="a strip of pictures: the closed region {F <= level}, or another, and its image after each hidden layer",
    )  # fmt: skip
    parser.add_argument(
        "--slider", metavar="AXIS[:FROM:TO[:N]]",
        help=".html: N slices where input number AXIS, from 0, has values between FROM and TO, and a slider over them; "
        "for four inputs, or fewer",
    )  # fmt: skip
    parser.add_argument(
        "--at", metavar="J=T,...", help="values of other inputs that are the same in all slices of --slider"
    )
    parser.add_argument(
        "--window", metavar="LO,HI[;LO,HI...]", help="the part that is drawn; unlike --box it changes no result"
    )
    parser.add_argument("--fractions", action="store_true", help=".tex: coordinates as fractions, not as decimals")
    parser.add_argument("--standalone", action="store_true", help=".tex: a document of its own")
    _add_data(parser)
    add_complete(parser)
    add_task(parser, json=False)


def _add_data(parser: argparse.ArgumentParser) -> None:
    """The options about data, names and looks."""
    parser.add_argument(
        "--points", metavar="FILE",
        help="data to draw over the regions: .csv with a point in each line, .npz, .npy or .json",
    )
    parser.add_argument(
        "--labels", metavar="COLUMN",
        help="the labels of the points: a column of the .csv, by its header, or another array of the .npz",
    )  # fmt: skip
    parser.add_argument("--feature-names", metavar="A,B,...", help="names of the inputs; by default as in the header")
    parser.add_argument("--class-names", metavar="A,B,...", help="names of the classes, or of F < T and F > T")
    parser.add_argument("--palette", metavar="NAME|C,C,...", help="a colour map of matplotlib, or colours in order")
    parser.add_argument(
        "--aspect", choices=ASPECTS, help="equal: units of the same length; free: sides of the same length"
    )
    parser.add_argument(
        "--library", metavar="FILE",
        help='.html: load plotly from this .js file, or with "shared" from one beside the page, written if not there',
    )  # fmt: skip


def run(options: argparse.Namespace) -> Answer:
    """Draw and write."""
    suffix = Path(options.out).suffix.lower()
    if suffix not in (*SUFFIXES, HTML, TEX):
        endings = f"{', '.join(SUFFIXES)}, {HTML} or {TEX}"
        raise FileError(f"{options.out or describe('')}: expected a file that ends in {endings}", options.out)
    check_out(options)
    if options.where is not None and (options.relation is not None or options.level is not None):
        raise InputError("--where takes the place of --relation and --level; give one or the other")
    if options.layers:
        return _layers(options)
    if options.slider is not None:
        return _slider(options)
    if options.at is not None:
        raise InputError("--at fixes inputs in the slices of --slider, and there is none")
    formula = None if options.where is None else Formula(options.where)
    task, level = prepare(options, read(options), one_output=_compares(options)), read_level(options)
    net, domain = task.net, task.domain
    choices: dict[str, Any] = {"color": options.color, "graph": options.graph, "window": _window(options)}
    choices |= _data(options, net)
    _rehearse(task, choices, formula)
    draw: Any = {HTML: plot_html, TEX: plot_tikz}.get(suffix, plot)
    if suffix == TEX:
        draw = partial(draw, numbers="fraction" if options.fractions else "decimal", standalone=options.standalone)
    elif options.fractions or options.standalone:
        raise InputError(f"--fractions and --standalone are about TikZ: expected a file that ends in {TEX}")
    if options.library is not None:
        if suffix != HTML:
            raise InputError(f"--library is about pages: expected a file that ends in {HTML}, got {options.out}")
        draw = partial(draw, library=options.library)
    with task.work() as how:
        choices |= how
        if options.cycles or formula is not None:
            region: Any
            if formula is None:
                coarse = not options.complete and net.input_dim == MAX_DIM and options.color in (None, "sign")
                region = subdivide(net, level or 0, domain, coarse=coarse, **how).region(options.relation or ">")
            else:
                region = refine(net, formula, domain, **how).region()
            degrees = range(1, net.input_dim) if net.input_dim > 1 else [0]
            found = homology(region, progress=how["progress"]) if options.cycles else None
            cycles = [] if found is None else [c for k in degrees for c in found.cycles(k)]
            draw(region, options.out, cycles=cycles, **choices)
        else:
            choices["coarse"] = False if options.complete else None
            draw(net, options.out, level=level, relation=options.relation, domain=domain, **choices)
    return Answer(lines(task.title, f"{one_line(options.out)}: drawn"))


def _layers(options: argparse.Namespace) -> Answer:
    """Draw and write the strip of --layers."""
    others = {"--color": options.color, "--where": options.where, "--window": options.window}
    others |= {f"--{name.replace('_', '-')}": vars(options)[name] for name in DATA}
    flags = ("graph", "cycles", "fractions", "standalone")
    others |= {f"--{name}": vars(options)[name] or None for name in flags}
    others |= {"--slider": options.slider, "--at": options.at}
    given = [name for name, value in others.items() if value is not None]
    suffix = Path(options.out).suffix.lower()
    if given or suffix in (HTML, TEX):
        raise InputError(f"--layers does not go with {given[0] if given else suffix}")
    task, level = prepare(options, read(options), one_output=True), read_level(options) or 0
    with task.work() as how:
        plot_layers(
            task.net, options.out, relation=options.relation or "<=", level=level, domain=task.domain, **how
        )
    return Answer(lines(task.title, f"{one_line(options.out)}: drawn"))


def _slider(options: argparse.Namespace) -> Answer:
    """Draw and write the page of --slider."""
    others = {"--where": options.where, "--graph": options.graph or None, "--points": options.points}
    given = [name for name, value in others.items() if value is not None]
    if given:
        raise InputError(f"--slider does not go with {given[0]}")
    if Path(options.out).suffix.lower() != HTML:
        raise InputError(f"--slider is about pages: expected a file that ends in {HTML}, got {options.out}")
    name, *rest = options.slider.split(":")
    choices: dict[str, Any] = {"axis": int(name) if name.isascii() and name.isdigit() else name}
    if len(rest) not in (0, 2, 3):
        raise InputError(f"--slider: expected AXIS, AXIS:FROM:TO or AXIS:FROM:TO:N, got {describe(options.slider)}")
    if rest:
        choices["between"] = [number(text, "--slider", "an exact number") for text in rest[:2]]
    if len(rest) == 3:
        choices["positions"] = positive(rest[2], "--slider")
    if options.at is not None:
        choices["at"] = dict(_fixed(part) for part in options.at.split(","))
    task, level = prepare(options, read(options), one_output=_compares(options)), read_level(options)
    choices |= {"relation": options.relation, "color": options.color, "window": _window(options)}
    choices |= _data(options, task.net) | {"cycles": options.cycles, "coarse": False if options.complete else None}
    with task.work() as how:
        plot_slices(
            task.net, options.out, level=level, domain=task.domain, library=options.library, **choices, **how
        )
    return Answer(lines(task.title, f"{one_line(options.out)}: drawn"))


def _fixed(text: str) -> tuple[int | str, Fraction]:
    """An input, by its number or name, and its value."""
    name, equals, value = (part.strip() for part in text.rpartition("="))
    if not equals:
        raise InputError(f"--at: expected an input and its value, such as 4=1/2, got {describe(text)}")
    return int(name) if name.isascii() and name.isdigit() else name, number(value, "--at", "an exact number")


def _compares(options: argparse.Namespace) -> bool:
    """Whether a region {F relation t} is asked for, of one output."""
    compares = options.level is not None or options.relation is not None
    return compares or (options.cycles and options.where is None)


def _window(options: argparse.Namespace) -> list[Any] | None:
    """The pairs of --window, one for each input, or one for all."""
    if options.window is None:
        return None
    sides = [side.split(",") for side in options.window.split(";")]
    return sides[0] if len(sides) == 1 else sides


def _data(options: argparse.Namespace, net: Network) -> dict[str, Any]:
    """The arguments of `plot` that the options about data, names and looks stand for."""
    found: dict[str, Any] = {}
    if options.formula is not None and options.slice is None:
        given = None if options.variables is None else [name.strip() for name in options.variables.split(",")]
        names = input_names(options.formula, given)
        if len(names) == net.input_dim:  # not so in the slice of a flat box
            found["feature_names"] = names
    if options.points is not None:
        try:
            points, header, labels = read_labelled(options.points, options.labels)
        except NumberError as error:
            if options.labels is None and Path(options.points).suffix.lower() == ".csv":
                raise NumberError(f"{error}; a column of labels is named by --labels") from None
            raise
        found |= {"points": points, "labels": labels}
        if header is not None:
            found["feature_names"] = header
    elif options.labels is not None:
        raise InputError("--labels is a column of the file of --points, and there is none")
    for name in ("feature_names", "class_names"):
        if (text := vars(options)[name]) is not None:
            found[name] = [part.strip() for part in text.split(",")]
    if options.palette is not None:
        colours = [part.strip() for part in options.palette.split(",")]
        found["palette"] = colours if len(colours) > 1 else options.palette
    return found if options.aspect is None else found | {"aspect": options.aspect}


def _rehearse(task: Task, choices: dict[str, Any], formula: Formula | None) -> None:
    """Raise, before the work, the errors of drawing a constant network with the same numbers of inputs and outputs."""
    inputs, outputs = task.net.input_dim, task.net.output_dim
    constant = Network([[[0] * inputs] * outputs], [[0] * outputs])
    # The domain matters to a window that is given; without one a window would be sought here, which is of no use.
    domain = None if choices["window"] is None else task.domain
    if formula is not None:
        make_scene(refine(constant, formula, domain).region(), {}, **choices)
    else:
        make_scene(constant, {}, domain=domain, **choices)
