"""Paths and bytes, for the readers and the writers of every format."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from polyrelu.errors import FileError, LimitError, NetworkError, NumberError
from polyrelu.rational import describe

MAX_BYTES = 2**28
"""Largest file that is read (a network of ten million weights fits)."""

_PIECE = 2**20


def checked_path(path: object) -> tuple[str, str]:
    """How the path is shown, in one line, and the path as a string. No integer: open() takes it as an open file."""
    try:
        target = os.fspath(path)  # type: ignore[call-overload]
    except TypeError:
        raise FileError(f"expected a path (a string or path object), got {describe(path)}") from None
    if isinstance(target, bytes):
        target = os.fsdecode(target)
    shown = target if target.isprintable() and target else repr(target)
    if not target or "\0" in target:
        raise FileError(f"{shown}: not a path", shown)
    return shown, target


def read_bytes(target: str) -> bytes:
    """The content of a file. FileError if it cannot be read or is larger than MAX_BYTES."""
    data = bytearray()
    try:
        with open(target, "rb") as file:
            # piece by piece: one read of MAX_BYTES sets aside as much memory, however small the file
            while len(data) <= MAX_BYTES and (piece := file.read(_PIECE)):
                data += piece
    except (OSError, ValueError) as error:
        raise FileError(f"cannot be read: {reason(error)}") from None
    if len(data) > MAX_BYTES:
        raise FileError(f"larger than {MAX_BYTES} bytes, which is no network meant for this")
    return bytes(data)


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A new, empty file beside `path` to write to, which takes the place of `path` when all went well.

    Otherwise, also after Ctrl-C, it is removed and `path` is what it was. It has the same suffix. Raises FileError for
    a path that cannot be written, and for one that is there and is not a regular file.

    The content is on the disk before the name is, and the name before this returns (fsync of both): a machine that
    stops leaves what was there or what came, whole. A process that is killed with no time to clean up leaves the
    draft, a hidden file beside `path`; the command `polyrelu` takes that time for SIGTERM and SIGHUP.
    """
    shown, given = checked_path(path)
    try:
        target = Path(given).resolve()  # a link stays a link
        if target.is_symlink() or (target.exists() and not target.is_file()):
            what = "Is a directory" if target.is_dir() else "not a regular file"
            raise FileError(f"{shown}: cannot be written: {what}", shown)
        draft = target.with_name(f".{target.stem[:50]}-{os.urandom(8).hex()}{target.suffix}")
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, up to Python 3.12
        raise FileError(f"{shown}: cannot be written: {reason(error)}", shown) from None
    try:
        draft.open("xb").close()
        yield draft
        _to_disk(draft)
        os.replace(draft, target)
        with suppress(OSError):  # there are file systems whose directories cannot be opened; the file is there
            _to_disk(target.parent)
    except OSError as error:
        raise FileError(f"{shown}: cannot be written: {reason(error)}", shown) from None
    finally:
        draft.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    """Waits until a file, or the names in a directory, are on the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextmanager
def reading(shown: str) -> Iterator[None]:
    """What goes wrong within is told with the path before it."""
    try:
        yield
    except NetworkError as error:
        raise NetworkError(f"{shown}: {error}", error.layer) from None
    except NumberError as error:
        raise NumberError(f"{shown}: {error}") from None
    except LimitError as error:
        raise LimitError(f"{shown}: {error}", error.reached) from None
    except FileError as error:
        raise FileError(f"{shown}: {error}", shown) from None


def reason(error: BaseException) -> str:
    """An exception of another library in one line that is not too long."""
    text = getattr(error, "strerror", None) or str(error)
    return " ".join(text.split())[:200] or type(error).__name__
