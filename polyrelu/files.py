"""Paths, and files that are replaced only when they are complete."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from polyrelu.errors import FileError
from polyrelu.exact.rational import describe

MAX_PATH = 4096 * 4
"""Maximum length of a path, as it is shown; systems allow 4096 bytes or fewer."""


def checked_path(path: object) -> tuple[str, str]:
    """The path as shown in messages, in one line, and as a string; no integer, which open() takes as an open file."""
    try:
        target = os.fspath(path)  # type: ignore[call-overload]
    except TypeError:
        raise FileError(f"expected a path (a string or path object), got {describe(path)}") from None
    if isinstance(target, bytes):
        target = os.fsdecode(target)
    shown = target if target.isprintable() and target else repr(target)
    if len(shown) > MAX_PATH:
        raise FileError(f"{describe(target)}: no path is that long")
    if not target or "\0" in target:
        raise FileError(f"{shown}: not a path", shown)
    return shown, target


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A new, empty file beside `path`, with the same suffix, that replaces `path` if no exception is raised.

    After an exception, Ctrl-C included, it is removed and `path` is unchanged. Raises FileError for a path that cannot
    be written, and for an existing path that is not a regular file.

    The content is on the disk before the name is, and the name before this returns (fsync of both). So if the machine
    stops, either the old or the new content is there, complete. A process that is killed without time to clean up
    leaves the draft, a hidden file beside `path`; the command `polyrelu` takes that time for SIGTERM and SIGHUP.
    """
    shown, given = checked_path(path)
    try:
        target = Path(given).resolve()  # a link stays a link
        if target.is_symlink() or (target.exists() and not target.is_file()):
            what = "Is a directory" if target.is_dir() else "not a regular file"
            raise FileError(f"{shown}: cannot be written: {what}", shown)
        draft = target.with_name(f".{target.stem[:50]}-{os.urandom(8).hex()}{target.suffix}")
    except FileError:  # which is an OSError
        raise
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: links in a circle, up to Python 3.12
        raise FileError(f"{shown}: cannot be written: {reason(error)}", shown) from None
    try:
        draft.open("xb").close()
        yield draft
        _to_disk(draft)
        os.replace(draft, target)
        with suppress(OSError):  # there are file systems whose directories cannot be opened; the file is there
            _to_disk(target.parent)
    except FileError:
        raise
    except (OSError, UnicodeEncodeError) as error:
        raise FileError(f"{shown}: cannot be written: {reason(error)}", shown) from None
    finally:
        with suppress(OSError):  # there may be no draft, or the file system be read-only
            draft.unlink()


def _to_disk(path: Path) -> None:
    """Waits until a file, or the names in a directory, are on the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def reason(error: BaseException) -> str:
    """The message of another library's exception, in one line of limited length."""
    text = getattr(error, "strerror", None) or str(error)
    return " ".join(text.split())[:200] or type(error).__name__
