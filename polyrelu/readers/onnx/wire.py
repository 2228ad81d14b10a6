"""The memory that a protobuf message will take when it is parsed, counted before that.

In the wire format a message within a message takes at least two bytes, and the object made from it some hundreds.
"""

from __future__ import annotations

from typing import Any

from polyrelu.errors import FileError
from polyrelu.exact.memory import spend

MAX_FIELDS = 2 * 10**6
"""Maximum number of fields of all messages together; the numbers of a tensor are one field."""

_MESSAGE = 600  # bytes of a message and of the object made from it, without its fields
_FIELD = 16
_VARINTS = frozenset((3, 4, 5, 8, 13, 14, 17, 18))  # types of fields whose numbers take at least one byte each
_MESSAGE_TYPE = 11
_LENGTH = 2  # the wire type of fields that begin with their length


def spend_on_message(data: bytes, descriptor: Any) -> None:
    """Count the memory of a message of the type described, and of all messages in it.

    FileError for more than MAX_FIELDS fields, LimitError beyond the budget. Damaged bytes are counted up to the
    damage, which the parser reports.
    """
    types: dict[str, dict[int, Any]] = {}
    seen = 0
    open_messages = [(0, len(data), descriptor)]
    while open_messages:
        at, end, kind = open_messages.pop()
        fields = types.get(kind.full_name)
        if fields is None:
            fields = types[kind.full_name] = dict(kind.fields_by_number)
        spend(_MESSAGE, "its graph")
        while at < end:
            seen += 1
            if seen > MAX_FIELDS:
                raise FileError(f"has more than {MAX_FIELDS} fields, the maximum for a network")
            tag, at = _varint(data, at, end)
            wire = tag & 7
            if wire == 0:
                _, at = _varint(data, at, end)
            elif wire in (1, 5):
                at += 8 if wire == 1 else 4
            elif wire == _LENGTH:
                size, at = _varint(data, at, end)
                field = fields.get(tag >> 3)
                if field is not None and field.type == _MESSAGE_TYPE:
                    open_messages.append((at, min(at + size, end), field.message_type))
                else:
                    spend(_FIELD + size * (8 if field is not None and field.type in _VARINTS else 1), "its graph")
                at += size
            elif wire not in (3, 4):  # the ends of groups
                break


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where it ends; past the end if it does not."""
    number = shift = 0
    while at < end and shift < 70:
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
        shift += 7
    return number, end
