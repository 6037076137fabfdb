"""Buffers of a generated function that share their place once nobody reads them any more.

emx-onnx-cgen declares a buffer for each tensor of the graph, all alive at once.
Its function is a list of calls, one a node, so the first and the last call
that names a buffer are its life; two that do not meet become members of one
union. A call's own arguments are all alive in it and never share.
"""

import re
from dataclasses import dataclass, field

__all__ = ["BUFFER", "padded", "shared"]

BUFFER = re.compile(r"^    (float|double|bool|u?int\d+_t) (tmp\w+)((?:\[\d+\])+);$")
_CALL = re.compile(r"^    \w+\(.*\);$")
_NAME = re.compile(r"\btmp\w+\b")
_BYTES = {
    "float": 4, "double": 8, "int32_t": 4, "int64_t": 8, "bool": 1, "int8_t": 1, "uint8_t": 1,
}  # fmt: skip
_ALIGNED = 8


@dataclass
class _Place:
    """Buffers that share memory: their declarations, bytes, and the last call that reads one."""

    members: list[str] = field(default_factory=list)
    size: int = 0
    last: int = -1


def padded(kind: str, sizes: str) -> int:
    """Returns the bytes of a declared array, its alignment among them."""
    count = 1
    for size in re.findall(r"\d+", sizes):
        count *= int(size)
    return -(-count * _BYTES[kind] // _ALIGNED) * _ALIGNED


def shared(text: str, function: str) -> tuple[str, int]:
    """Returns C whose `function` shares its buffers, and the bytes that they take.

    A function that is anything but declarations and calls stays as it is.
    """
    start = text.index("\n", text.index(f"void {function}(")) + 1
    stop = text.index("\n}", start) + 1
    lines = text[start:stop].splitlines()
    declared = {m[2]: (m[1], m[3]) for line in lines if (m := BUFFER.match(line))}
    calls = [line for line in lines if not BUFFER.match(line) and line.strip()]
    if not all(_CALL.match(call) for call in calls):
        return text, sum(padded(*of) for of in declared.values())
    places, place_of = _placed(declared, calls)
    head = []
    for number, place in enumerate(places):
        one = len(place.members) == 1
        inner = " ".join(f"{member};" for member in place.members)
        head.append(f"    {inner}" if one else f"    union {{ {inner} }} shared{number};")

    def renamed(match: re.Match[str]) -> str:
        number = place_of.get(match[0])
        if number is None or len(places[number].members) == 1:
            return match[0]
        return f"shared{number}.{match[0]}"

    body = [_NAME.sub(renamed, call) for call in calls]
    result = text[:start] + "\n".join([*head, *body]) + "\n" + text[stop:]
    return result, sum(place.size for place in places)


def _placed(
    declared: dict[str, tuple[str, str]], calls: list[str]
) -> tuple[list[_Place], dict[str, int]]:
    """Returns the places, and the number of each buffer's: of those free, the one that fits best.

    In the order of their first calls; a buffer that no call names has no place.
    """
    life: dict[str, tuple[int, int]] = {}
    for at, call in enumerate(calls):
        for name in _NAME.findall(call):
            if name in declared:
                life[name] = (life.get(name, (at, at))[0], at)
    places: list[_Place] = []
    place_of: dict[str, int] = {}
    for name, (first, last) in sorted(life.items(), key=lambda item: item[1][0]):
        kind, sizes = declared[name]
        size = padded(kind, sizes)
        free = [number for number, place in enumerate(places) if place.last < first]
        if not free:
            places.append(_Place())
            free = [len(places) - 1]
        # The smallest that it fits; else the largest, which it makes larger.
        number = min(free, key=lambda n: (places[n].size < size, abs(places[n].size - size)))
        place = places[number]
        place.members.append(f"{kind} {name}{sizes}")
        place.size, place.last = max(place.size, size), last
        place_of[name] = number
    return places, place_of
