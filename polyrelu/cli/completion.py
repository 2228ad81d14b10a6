"""polyrelu completion: a script for the shell that completes the command line.

shtab, of the extra `shell`, writes the script from the parser once, so that completion starts no Python.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from polyrelu.cli.options import add_command
from polyrelu.cli.output import Answer
from polyrelu.errors import MissingDependencyError

SHELLS = ("bash", "zsh", "fish")
FILES = ("NET", "A", "B", "FILE")
"""The names, in the help text, of arguments that are file names."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and arguments."""
    add_command(
        parser,
        run,
        description="Prints a script by which the shell completes the commands, options and file names of polyrelu.\n"
        "It needs shtab: pip install 'polyrelu[shell]'.",
        epilog="""\
once:
  polyrelu completion bash > ~/.local/share/bash-completion/completions/polyrelu
  polyrelu completion zsh > ~/.zfunc/_polyrelu       with "fpath+=~/.zfunc" before compinit in ~/.zshrc
  polyrelu completion fish > ~/.config/fish/completions/polyrelu.fish
or for this shell only:
  eval "$(polyrelu completion bash)\"""",
    )
    parser.add_argument("shell", choices=SHELLS, help="bash, zsh or fish")


def run(options: argparse.Namespace) -> Answer:
    """The script, from the parser of the whole program (`options.program`)."""
    try:
        import shtab
    except ImportError:
        raise MissingDependencyError("completion needs shtab: pip install 'polyrelu[shell]'", "shell") from None
    for action in _actions(options.program):
        if action.metavar in FILES:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    return Answer(shtab.complete(options.program, options.shell).rstrip("\n") + "\n")


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """All arguments and options, those of subcommands included."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                command.complete()
                yield from _actions(command)
