"""The program as a whole: its commands, its exit status, and its error messages."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, redirect_stdout, suppress
from typing import NoReturn

from polyrelu import interruption
from polyrelu.cli.output import Answer, with_assumptions
from polyrelu.cli.parser import SHARED, CommandParser, Parser
from polyrelu.errors import InputError, LimitError, PolyreluError, VerificationError, one_line, visible

COMMANDS = {
    "info": "properties of a network, an estimate of its number of cells, and what to do next",
    "betti": "Betti numbers and torsion of a region such as {F > 0}",
    "classes": "Betti numbers of the region of every class of a classifier",
    "cycles": "representative cycles of the components, loops, cavities, ... of a region",
    "cup": "cup products: which components of a link are linked, which loops span a torus, ...",
    "inclusion": "what becomes of components, loops, ... of a region in a larger one",
    "persistence": "Betti numbers of {F <= t} for all levels t at once, as bars",
    "distance": "distances of points from the decision boundary, and its nearest points",
    "local": "the activation regions and classes that a ball around a point meets",
    "layers": "Betti numbers of a region, and of its image after each hidden layer",
    "regions": "numbers of activation regions, linear pieces and faces",
    "plot": "a picture of the regions and the decision boundary, for up to three inputs",
    "export": "the complex as a file: arrays, JSON, CSV, polymake, Sage, Macaulay2, a mesh",
    "certify": "write a certificate, which polyrelu-check verifies on its own",
    "verify": "check claims about a network",
    "check": "whether a condition on the outputs holds everywhere, or a counterexample",
    "range": "exact minima and maxima of the outputs, and where they are attained",
    "identical": "whether two networks are the same function",
    "combine": "the sum, difference, maximum, stack or composition of two networks, as a network file",
    "construct": "networks with many holes or regions, as network files",
    "bounds": "upper and lower bounds for all networks of an architecture",
    "separation": "Betti numbers of deep networks that no shallow network of the same size has",
    "stability": "whether small changes of the parameters leave the topology unchanged, and how large they may be",
    "completion": "a script for bash, zsh or fish that completes commands, options and files",
}
"""What each command does, in the order of the help text; the module of its name is imported when it is called."""

MORE = "--max-cells, --max-memory set limits; --box, --slice look at a part; polyrelu info NET predicts what is needed"
"""What to do when a network is too large."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line (`sys.argv` unless given) and return its exit status; raises nothing it can name."""
    try:
        interruption.begin()
        return _run(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:
        return _fail(130, "interrupted")
    finally:
        interruption.finish()


def _run(argv: Sequence[str]) -> int:
    _reopen_closed()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a file name may not be encodable for the terminal
    try:
        return _deliver(_answer(argv))
    except InputError as error:
        return _fail(2, str(error))
    except VerificationError as error:
        return _fail(1, f"{error} (this is a fault of polyrelu, please report it)")
    except LimitError as error:
        return _fail(1, f"{error} ({MORE})")
    except PolyreluError as error:
        return _fail(1, str(error))
    except MemoryError:
        return _fail(1, f"out of memory ({MORE})")


def _reopen_closed() -> None:
    """Let closed streams (`>&-`), which are None in Python, lead to the null device."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  # as long as the program runs


def _answer(argv: Sequence[str]) -> Answer:
    """The answer to the command line."""
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            options = _parser().parse_args(_bind_values(argv))
    except SystemExit:  # only --help and --version end the parser, and they have printed
        return Answer(printed.getvalue())
    command: Callable[[argparse.Namespace], Answer] = options.command
    with _log(vars(options).get("log")):
        answer = command(options)
    form = next((name for name in ("json", "latex") if vars(options).get(name)), "text")
    return with_assumptions(answer, vars(options).get("assumed", ()), form)


def _log(level: str | None) -> AbstractContextManager[None]:
    """The context of a command with --log, or without."""
    if level is None:
        return nullcontext()
    from polyrelu.cli.log import logged

    return logged(level)


def _deliver(answer: Answer) -> int:
    """Write to standard output; a reader that has closed the pipe (`| head`) causes no message."""
    try:
        sys.stdout.write(visible(answer.text))
        sys.stdout.flush()
    except OSError as error:
        # Whatever is still buffered must not fail again when the interpreter closes its files.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1 if isinstance(error, BrokenPipeError) else _fail(1, f"cannot write the answer: {error.strerror}")
    return answer.status


def _fail(status: int, message: str) -> int:
    if ended := interruption.received():  # the failure was that of the output
        status, message = ended
    line = "polyrelu: " + ("error: " if status < 128 else "") + one_line(message)
    with suppress(OSError):  # if standard error cannot be written either, only the status is left
        print(line, file=sys.stderr)
    return status


class _Version(argparse.Action):
    """The option --version, which looks the version up only when it is needed."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import version

        print("polyrelu", version("polyrelu"))
        parser.exit()


def _parser() -> Parser:
    parser = Parser(
        prog="polyrelu",
        description="Exact geometry and topology of ReLU networks.",
        epilog="""\
examples:
  polyrelu info net.json                       its properties, and an estimate of the number of cells
  polyrelu betti net.json                      holes of the region where the network is positive
  polyrelu betti net.json --relation "<=" --level 1/2
  polyrelu classes net.onnx                    the same for every class of a classifier
  polyrelu regions net.json                    numbers of activation regions and of linear pieces
  polyrelu plot net.json -o net.png            a picture
  polyrelu construct shells 2-8-6-1 --cuts 3   a network with many holes, as a network file
  polyrelu betti --help                        all options of a command

A network file is JSON: {"weights": [W1, W2, ...], "biases": [b1, b2, ...]}, each W a list of rows,
numbers as 3, "2/3", "0.1" (exactly one tenth) or 0.1 (the nearest double, exactly). Also read, by their
suffix: .onnx, .npz (NumPy), .nnet, and .pt, .pth, .ckpt or .safetensors (the state dict of a plain perceptron,
with its activations given by --activation).""",
        **SHARED,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(parser_class=CommandParser, metavar="COMMAND", required=True)
    for name, text in COMMANDS.items():
        commands.add_parser(name, help=text, **SHARED).module = f"polyrelu.cli.{name}"
    parser.set_defaults(program=parser)
    return parser


def _bind_values(argv: Sequence[str]) -> list[str]:
    """Turn ``--level -1/2`` into ``--level=-1/2``, because argparse would take the separate value for an option."""
    bound: list[str] = []
    for argument in argv:
        if bound and bound[-1] in ("--level", "--crossing", "--box", "--window", "--where", "--property", "--form"):
            bound[-1] += f"={argument}"
        else:
            bound.append(argument)
    return bound
