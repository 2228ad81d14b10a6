"""Words of a formula or an expression, one after the other, and errors that name the column."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from polyrelu.errors import InputError
from polyrelu.exact.rational import describe

MAX_LENGTH = 10_000
"""Maximum number of characters."""
MAX_NESTING = 40
"""Maximum depth of nested parentheses, signs and negations."""

NUMBER = r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
WORD = r"(?P<word>[^\W\d]\w*)"


class Token(NamedTuple):
    """A piece of text: the name of its group in the pattern, or "end", and the column of its first character."""

    kind: str
    text: str
    column: int

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else describe(self.text)


class Tokens:
    """The tokens of a text from the current one on. `error` makes the exception of a message.

    Raises that exception for a character that begins no token of the pattern.
    """

    def __init__(self, text: str, pattern: re.Pattern[str], name: str, error: Callable[[str], InputError]) -> None:
        self._text, self._name, self._error = text, name, error
        self._tokens = self._split(text, pattern)
        self._next = 0
        self._depth = 0

    def _split(self, text: str, pattern: re.Pattern[str]) -> list[Token]:
        tokens, at = [], 0
        while at < len(text):
            if text[at].isspace():
                at += 1
                continue
            match = pattern.match(text, at)
            if match is None or match.lastgroup is None:
                raise self.error(Token("sign", text[at], at + 1), "unexpected {}")
            tokens.append(Token(match.lastgroup, match[0], at + 1))
            at = match.end()
        return [*tokens, Token("end", "", len(text) + 1)]

    def error(self, token: Token, what: str) -> InputError:
        """The exception that says what is wrong at this token, which stands for "{}"."""
        return self._error(f"{self._name} {describe(self._text)}, column {token.column}: {what.format(token)}")

    @property
    def current(self) -> Token:
        """The current token."""
        return self._tokens[self._next]

    def advance(self) -> Token:
        """The current token, after which the next one is current."""
        self._next += 1
        return self._tokens[self._next - 1]

    def take(self, kind: str, *texts: str) -> Token | None:
        """The current token, after which the next one is current, if it is of this kind and one of these texts."""
        token = self.current
        return None if token.kind != kind or (texts and token.text not in texts) else self.advance()

    def deeper(self, token: Token) -> None:
        """One level deeper, at this token; the exception if there are more than `MAX_NESTING`."""
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise self.error(token, f"more than {MAX_NESTING} parentheses and signs inside each other at {{}}")

    def higher(self) -> None:
        """One level back."""
        self._depth -= 1
