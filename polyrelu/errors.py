"""Every exception that polyrelu raises on purpose.

    PolyreluError
    ├── InputError (also ValueError)     what was given is wrong; the command line exits with status 2
    │   ├── NumberError                  not an exact number: NaN, an infinity, "1/0", too many digits
    │   ├── NetworkError                 shapes that do not fit, an empty layer; `.layer` says where
    │   ├── FileError                    a file that cannot be read or is not what it should be; `.path`
    │   ├── DomainError                  a domain that is empty, a point, or of another dimension
    │   ├── RegionError                  an unknown relation, or a complex that has no level set
    │   ├── PointError                   a point of another dimension, or a cell that does not exist
    │   ├── CoarseComplexError           a coarse complex, asked for what only the complete one has
    │   └── ChainComplexError            matrices that are not a chain complex; `.degree` says where
    ├── LimitError (also RuntimeError)   a limit of cells or memory was reached; `.reached` says how far it came
    ├── MissingDependencyError (also ImportError)   an optional package is needed; `.extra` names the extra
    └── VerificationError (also ArithmeticError)    a result failed its own check: a bug, never a bad input

Wrong arguments of any kind raise these. Python's own TypeError remains for unknown keywords and for a wrong number of
arguments, and what a callback or an iterable of the caller raises while it works is passed on.
"""

from __future__ import annotations

from typing import Any


def visible(text: str) -> str:
    """The text with every character escaped that is not printable, a tab or an end of line.

    So names out of files have no effect on a terminal: control characters, marks that change the direction of writing,
    half surrogates.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)


def one_line(text: str) -> str:
    """The text in one line, as `visible` returns it."""
    return visible(" ".join(text.replace("\t", "\n").split("\n")))


class PolyreluError(Exception):
    """The base class of all errors of polyrelu. Messages are one line without control characters."""

    def __init__(self, message: str = "") -> None:
        super().__init__(one_line(message))


class InputError(PolyreluError, ValueError):
    """A wrong argument or input: the message says what is wrong, where, and what was expected."""


class NumberError(InputError):
    """A value that is not an exact finite number, or one too long to be meant."""


class NetworkError(InputError):
    """Weights and biases that do not form a network.

    Attributes
    ----------
    layer : int or None
        The 1-based number of the offending layer (the output layer included).
    """

    def __init__(self, message: str, layer: int | None = None) -> None:
        super().__init__(message)
        self.layer = layer


class FileError(InputError):
    """A file that cannot be read, or whose content does not match its format.

    Attributes
    ----------
    path : str or None
        The file.
    """

    def __init__(self, message: str, path: str | None = None) -> None:
        super().__init__(message)
        self.path = path


class DomainError(InputError):
    """A domain that is empty, a single point, or does not lie in the network's input space.

    Attributes
    ----------
    certificate : tuple of Fraction or None
        For an empty domain {x : A x ≤ b} numbers y ≥ 0 with yᵀ A = 0 and y · b < 0, which prove that it is empty.
    slice : Slice or None
        For a flat domain the slice that it spans.
    point : tuple of Fraction or None
        For a domain of a single point that point.
    """

    def __init__(self, message: str, certificate: Any = None, slice: Any = None, point: Any = None) -> None:
        super().__init__(message)
        self.certificate, self.slice, self.point = certificate, slice, point


class RegionError(InputError):
    """A relation that does not exist, or a region of a complex without a level set."""


class PointError(InputError):
    """A point of the wrong dimension, or the index of a cell that does not exist."""


class CoarseComplexError(InputError):
    """A question to a coarse complex that only the complete complex answers: `subdivide(…, coarse=False)`."""


class ChainComplexError(InputError):
    """Matrices whose shapes do not fit, or whose consecutive products are not zero.

    Attributes
    ----------
    degree : int or None
        The degree in which they fail.
    """

    def __init__(self, message: str, degree: int | None = None) -> None:
        super().__init__(message)
        self.degree = degree


class LimitError(PolyreluError, RuntimeError):
    """A limit on cells or memory that was reached.

    Attributes
    ----------
    reached : dict
        The counts at that point, by name.
    """

    def __init__(self, message: str, reached: dict[str, int] | None = None) -> None:
        super().__init__(message)
        self.reached = reached or {}


class MissingDependencyError(PolyreluError, ImportError):
    """An optional package that is missing.

    Attributes
    ----------
    extra : str or None
        The name of the extra to install: pip install polyrelu[extra].
    """

    def __init__(self, message: str, extra: str | None = None) -> None:
        super().__init__(message)
        self.extra = extra


class VerificationError(PolyreluError, ArithmeticError):
    """A result that failed one of its own checks. Never caused by input: please report it."""
