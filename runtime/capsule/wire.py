"""Protocol buffers, read so that no two readers can differ.

Numbers are as short as they can be, lengths within bounds, fields in the
order of their numbers, each of them known and of its own wire type, and given
once unless it repeats: what `SerializeToString(deterministic=True)` writes.
Anything else is a ValueError, whatever a more lenient reader would make of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Field", "Message", "fields", "read_message"]

Message = dict[str, Any]

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_WIRES = {"int": _VARINT, "float": _FIXED32}  # all others have a length


@dataclass(frozen=True)
class Field:
    """A field of a message. kind: int, float, text, bytes, or the name of a message."""

    name: str
    kind: str
    repeats: bool = False


Messages = Mapping[str, Mapping[int, Field]]


def read_message(content: memoryview, kind: str, messages: Messages, depth: int = 24) -> Message:
    """Returns a message's fields by name: one value, a list of them where it repeats.

    messages: by kind, the fields by number. depth: how many messages deep it
    may nest. Raises ValueError.
    """
    if not depth:
        raise ValueError("messages nest too deeply")
    known = messages[kind]
    result: Message = {field.name: [] for field in known.values() if field.repeats}
    last = 0
    for number, wire, value, place in fields(content):
        field = known.get(number)
        if field is None:
            raise ValueError(f"a field {number} of a {kind} that no capsule has, at byte {place}")
        if wire != _WIRES.get(field.kind, _LENGTH):
            raise ValueError(f"{field.name} of a {kind} with wire type {wire} at byte {place}")
        if number < last or (number == last and not field.repeats):
            raise ValueError(f"{field.name} of a {kind} out of its order at byte {place}")
        last = number
        read = _read(value, field, messages, depth)
        if field.repeats:
            result[field.name].append(read)
        else:
            result[field.name] = read
    return result


def _read(value: memoryview | int, field: Field, messages: Messages, depth: int) -> Any:
    if isinstance(value, int):
        return value - 2**64 if value >= 2**63 else value
    if field.kind == "text":
        try:
            return bytes(value).decode()
        except UnicodeDecodeError as error:
            raise ValueError(f"{field.name} is not UTF-8") from error
    if field.kind in ("bytes", "float"):
        return value
    return read_message(value, field.kind, messages, depth - 1)


def fields(content: memoryview) -> Iterator[tuple[int, int, memoryview | int, int]]:
    """Yields number, wire type, value and place of each field; raises ValueError."""
    place = 0
    while place < len(content):
        start = place
        key, place = _varint(content, place)
        number, wire = key >> 3, key & 7
        if key >= 2**32 or not number:
            raise ValueError(f"a tag {key:#x} out of range at byte {start}")
        if wire == _VARINT:
            value, place = _varint(content, place)
            yield number, wire, value, start
            continue
        size = 8 if wire == _FIXED64 else 4
        if wire == _LENGTH:
            size, place = _varint(content, place)
        elif wire not in (_FIXED32, _FIXED64):
            raise ValueError(f"wire type {wire} at byte {start}")
        if size > len(content) - place:
            raise ValueError(f"a field of {size} bytes at byte {start} runs over the end")
        yield number, wire, content[place : place + size], start
        place += size


def _varint(content: memoryview, place: int) -> tuple[int, int]:
    """Returns a number of up to 64 bits, in as few bytes as it takes, and the place after it."""
    value = 0
    for i, byte in enumerate(content[place : place + 10]):
        value |= (byte & 0x7F) << 7 * i
        if byte < 0x80:
            if (i and not byte) or value >= 2**64:
                raise ValueError(f"a number that is longer than it need be at byte {place}")
            return value, place + i + 1
    raise ValueError(f"a number without end at byte {place}")
