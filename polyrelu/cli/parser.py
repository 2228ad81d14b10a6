"""Parsers of the command line: errors in one line, and commands whose modules are imported when they are called."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

from polyrelu.errors import InputError

SHARED: dict[str, Any] = {"allow_abbrev": False, "formatter_class": argparse.RawDescriptionHelpFormatter}
"""The arguments of every parser."""

LOG_LEVELS = ("debug", "info", "warning")


class Parser(argparse.ArgumentParser):
    """A parser whose errors are `InputError`, so that they are reported in one line like all others."""

    def error(self, message: str) -> NoReturn:
        """Raise InputError."""
        raise InputError(f"{message} (see {self.prog} --help)")


class CommandParser(Parser):
    """The parser of a command, which has no arguments before it is used: then the command's module adds them."""

    module = ""
    """The module whose `add_arguments` is to be called; none if it has been, or if the arguments were added by hand."""

    def complete(self) -> None:
        """Add the arguments, unless they are there."""
        module, self.module = self.module, ""
        if module:
            import_module(module).add_arguments(self)
            self.add_argument(
                "--log", metavar="LEVEL", choices=LOG_LEVELS,
                help="report on standard error what is done: debug, every phase with its time; info, only long ones, "
                "and what is decided on the way; warning, only what is left out",
            )  # fmt: skip

    def parse_known_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        """The options and what is left, as in the base class; argparse calls this when the command is given."""
        self.complete()
        return super().parse_known_args(args, namespace)
