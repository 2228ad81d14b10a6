"""Texts packed for pages: compressed by LZMA, in base 85. `unpack.js` unpacks them in a browser.

Compressed so, the JavaScript of plotly is a quarter smaller than by gzip, which browsers could unpack themselves.
"""

from __future__ import annotations

import base64
import hashlib
import lzma
import os
from contextlib import suppress
from functools import cache
from pathlib import Path

from polyrelu.files import replacing

ALPHABET = "".join(c for c in map(chr, range(33, 127)) if c not in "\"&'<>\\`|~")
"""The digits of base 85: characters that mean nothing in HTML or in strings of JavaScript."""
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"  # of base64.b85encode
_TABLE = bytes.maketrans(_DIGITS.encode(), ALPHABET.encode())
FILTER = {"id": lzma.FILTER_LZMA1, "preset": 6, "lc": 4, "lp": 0, "pb": 0}
"""As `unpack.js` expects; for text these numbers of bits are the best."""


@cache
def unpacker() -> str:
    """The JavaScript of the function unpacked(packed, alphabet, size)."""
    return Path(__file__).with_name("unpack.js").read_text(encoding="utf-8")


def packed(text: str) -> str:
    """The packed text; the same text gives the same result."""
    small = lzma.compress(text.encode(), lzma.FORMAT_RAW, filters=[FILTER])
    small += bytes(-len(small) % 4)
    return base64.b85encode(small).translate(_TABLE).decode()


@cache
def packed_library(text: str) -> str:
    """`packed` for a text of megabytes, which takes seconds: the result is kept in the user's folder for caches."""
    path = _kept_at(hashlib.sha256(f"{FILTER}{ALPHABET}{text}".encode()).hexdigest())
    with suppress(OSError, ValueError):  # it is not there, or no text
        check, _, found = path.read_text(encoding="ascii").partition("\n")
        if check == hashlib.sha256(found.encode()).hexdigest():
            return found
    made = packed(text)
    with suppress(OSError):  # which FileError is, too
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as draft:
            draft.write_text(f"{hashlib.sha256(made.encode()).hexdigest()}\n{made}", encoding="ascii")
    return made


def _kept_at(name: str) -> Path:
    """Where a packed text is kept; a path that is not there if the user has no home."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(home):  # as its specification says, others count as none
        home = os.path.expanduser("~/.cache")
    return Path(home, "polyrelu", f"{name}.txt")
