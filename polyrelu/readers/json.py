"""Network files in JSON.

A file is one object with the keys `weights` and `biases` (lists of matrices and of vectors, one for each layer, the
output layer last). Optional keys are `slopes` (one entry for each hidden layer; by default all neurons are ReLUs),
`assumptions` (a list of strings: what the reader of another file assumed), `units` (a list of strings: the units of
the inputs, see `Network.units`), `claims` (an object), `name` and `note` (strings). A number is a JSON integer, or a
string such as "p/q" or "0.1", both read exactly, or a JSON number with a point or exponent, read as the nearest double.
"""

from __future__ import annotations

import decimal
import json
import math
import os
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NoReturn

from polyrelu.errors import FileError, NumberError
from polyrelu.exact.floats import nearest, ordinary
from polyrelu.exact.memory import spend
from polyrelu.exact.rational import describe, exact
from polyrelu.files import checked_path, reason, replacing
from polyrelu.network.network import Network
from polyrelu.readers.files import read_bytes, reading
from polyrelu.readers.kinds import looks_like

REQUIRED_KEYS = ("weights", "biases")
OPTIONAL_KEYS = ("slopes", "assumptions", "units", "claims", "name", "note")
_NETWORK_KEYS = ("weights", "biases", "slopes", "assumptions", "units")


@dataclass(frozen=True)
class Document:
    """The content of a network file: the network, and claims, a name and a note about it."""

    network: Network
    claims: dict[str, Any] = field(default_factory=dict)
    name: str | None = None
    note: str | None = None


def read_document(path: str | os.PathLike[str]) -> Document:
    """The content of a network file.

    Raises FileError if the file is missing, a directory, unreadable, empty, too large, not UTF-8, not JSON, or has
    missing, duplicate or unknown keys; NetworkError or NumberError if it does not contain a network, or an entry is not
    a number. The message is one line and starts with the path.
    """
    shown, target = checked_path(path)
    with reading(shown):
        data = read_bytes(target)
        if (what := looks_like(data)) is not None:
            raise FileError(f"not JSON, as which files of this suffix are read; it looks like {what}")
        return _document(_parse(data))


def write_document(
    path: str | os.PathLike[str],
    network: Network,
    *,
    claims: dict[str, Any] | None = None,
    name: str | None = None,
    note: str | None = None,
) -> None:
    """Write a network file that `read_document` reads back as given, with one row of weights in a line.

    Raises FileError if the path cannot be written, the claims are not a JSON object, or the name or note is not a
    string; then nothing is written.
    """
    shown, _ = checked_path(path)
    if not isinstance(network, Network):
        raise FileError(f"{shown}: expected a Network to write, got {describe(network)}", shown)
    content = network.to_dict()
    extra = {"claims": claims, "name": name, "note": note}
    content.update((key, value) for key, value in extra.items() if value is not None)
    try:
        parts = [f"{json.dumps(key)}: {_layout(key, value)}" for key, value in content.items()]
        data = ("{\n" + ",\n".join(parts) + "\n}\n").encode()
        _document(_parse(data))
    except (TypeError, ValueError, RecursionError) as error:
        raise FileError(f"{shown}: cannot be written as a network file: {reason(error)}", shown) from None
    with replacing(path) as draft:
        draft.write_bytes(data)


def _document(content: dict[str, Any]) -> Document:
    allowed = REQUIRED_KEYS + OPTIONAL_KEYS
    listing = f"expected {', '.join(REQUIRED_KEYS)}, and optionally {', '.join(OPTIONAL_KEYS)}"
    if unknown := [key for key in content if key not in allowed]:
        names = ", ".join(map(describe, unknown[:5])) + (", ..." if len(unknown) > 5 else "")
        raise FileError(f"unknown key{'s' if len(unknown) > 1 else ''} {names}; {listing}")
    if missing := [key for key in REQUIRED_KEYS if key not in content]:
        raise FileError(f"missing key{'s' if len(missing) > 1 else ''} {', '.join(map(repr, missing))}; {listing}")
    _check_type(content, "name", str, "a string")
    _check_type(content, "note", str, "a string")
    _check_type(content, "claims", dict, "an object")
    _check_type(content, "slopes", list, "a list with one entry per hidden layer")
    for key in ("assumptions", "units"):
        _check_type(content, key, list, "a list of lines of text")
    network = Network.from_dict({key: content[key] for key in _NETWORK_KEYS if key in content})
    return Document(network, content.get("claims", {}), content.get("name"), content.get("note"))


def _check_type(content: dict[str, Any], key: str, kind: type, expected: str) -> None:
    """Check an optional key: null is refused, and so is text that cannot be printed (half of a surrogate pair)."""
    if key not in content:
        return
    value = content[key]
    if not isinstance(value, kind):
        raise FileError(f"{key}: expected {expected}, got {describe(value)}")
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise FileError(f"{key}: not valid Unicode (half of a surrogate pair)") from None
    except RecursionError:
        raise FileError(f"{key}: nested too deeply") from None


def _parse(data: bytes) -> dict[str, Any]:
    """The object of the JSON text of a network."""
    content = parse_strictly(data, "a network")
    if not isinstance(content, dict):
        raise FileError(f"expected an object with keys {', '.join(REQUIRED_KEYS)}, got {describe(content)}")
    return content


def parse_strictly(data: bytes, expected: str) -> Any:
    """The value of a JSON text; FileError for NaN, duplicate keys, overflow and integers of excessive length."""
    _spend_on_values(data)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(f"not UTF-8 text (byte {error.start + 1}); expected {expected} in JSON") from None
    if not text.strip(" \t\r\n"):
        raise FileError(f"the file is empty; expected {expected} in JSON")
    try:
        return json.loads(
            text,
            parse_int=_parse_int,
            parse_float=_parse_float if ordinary() else _parse_float_exactly,
            parse_constant=_parse_constant,
            object_pairs_hook=_parse_object,
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise FileError(f"not valid JSON: {error.msg} at {where}; expected {expected} in JSON") from None
    except RecursionError:
        raise FileError(f"not {expected}: brackets are nested too deeply") from None


_COSTS = {b"{": 300, b"[": 96, b",": 44, b'"': 40, b":": 200}
"""Maximum number of bytes of what begins with a character or follows it: an object, a list, a value, a string."""


def _spend_on_values(data: bytes) -> None:
    """Count the memory of the values of a JSON text before they are made.

    An upper bound on the memory of all values but the digits of long integers, which are no more than the text itself.
    Characters within strings count as well, which only makes the bound larger.
    """
    spend(len(data) if data.isascii() else 4 * len(data), "its text")
    spend(sum(cost * data.count(character) for character, cost in _COSTS.items()), "the values in it")


def _parse_int(text: str) -> int:
    return exact(text, "integer").numerator


def _parse_float(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise NumberError(f"{describe(text)} is beyond the range of doubles; write an exact number as a string")
    return value


def _parse_float_exactly(text: str) -> float:
    """The same where the processor rounds in another direction, or flushes subnormal numbers to zero."""
    number = decimal.Decimal(text)
    digits = number.adjusted()
    value = 0.0 if digits < -400 else _parse_float(text) if digits > 400 else nearest(Fraction(number))
    return _parse_float(text) if math.isinf(value) else value


def _parse_constant(text: str) -> NoReturn:
    raise NumberError(f"{text} is not a finite number")


def _parse_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise FileError(f"the key {describe(key)} occurs twice")
        result[key] = value
    return result


def _layout(key: str, value: Any) -> str:
    """JSON text of one value; weights take a line per row, biases a line per layer."""
    if key == "weights":
        layers = ["[" + ",\n   ".join(map(json.dumps, matrix)) + "]" for matrix in value]
        return "[\n  " + ",\n  ".join(layers) + "\n]"
    if key == "biases":
        return "[\n  " + ",\n  ".join(map(json.dumps, value)) + "\n]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
