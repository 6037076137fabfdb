"""InfluxDB's line protocol: points in, and the same points out with fields of ours.

    measurement,tag=value field=1.5,other=3i,text="a b" 1700000000000000000

https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/. Series,
fields and time are kept as they were written, escapes and all, so that what
goes out is what came in, to the nanosecond.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stillwatch.runtime.errors import InputError

__all__ = ["Point", "as_point", "parse_point"]

_SHOWN = 80  # characters of a bad line that its error repeats
# A name ends at a sign that no backslash precedes: a backslash escapes what is special after it,
# and is one of its own before anything else.
_MEASUREMENT = re.compile(r"(?:\\.|[^, \\])+", re.S)
_NAME = re.compile(r"(?:\\.|[^,= \\])+", re.S)
_TEXT = re.compile(r'"(?:\\.|[^"\\])*"', re.S)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_WHOLE = re.compile(r"[+-]?\d+[iu]")
_TRUTH = frozenset({"t", "T", "true", "True", "TRUE", "f", "F", "false", "False", "FALSE"})
_TIME = re.compile(r"-?\d{1,19}")
_ESCAPED = re.compile(r"\\([,= ])")
_SPECIAL = re.compile(r"([,= ])")
_NANO = 1e9


@dataclass(frozen=True)
class Point:
    """One line. series: measurement and tags; fields, time: all as they were written.

    values: the fields by their names without escapes, as written.
    """

    series: str
    fields: str
    time: str
    values: Mapping[str, str]

    @property
    def seconds(self) -> float | None:
        """The time in seconds, of nanoseconds as the protocol has them; None without one."""
        return int(self.time) / _NANO if self.time else None

    def number(self, name: str) -> str:
        """Returns a field as a number's text, empty where it is not there; raises InputError."""
        written = self.values.get(name)
        if written is None:
            return ""
        if not (_NUMBER.fullmatch(written) or _WHOLE.fullmatch(written)):
            raise InputError(f"expected a number in the field {name!r}, got {written[:_SHOWN]}")
        return written.rstrip("iu")


def parse_point(text: str) -> Point | None:
    """Returns a line's point, None for a comment or a blank line; raises InputError."""
    text = text.strip(" \r\n")
    if not text or text.startswith("#"):
        return None
    series = _series_end(text)
    values = {}
    at = series + 1
    for name, written, end in _fields(text, at):
        values[name] = written
        at = end
    time = text[at:].strip(" ")
    if time and not _TIME.fullmatch(time):
        raise _wrong(text, "nanoseconds at its end")
    return Point(text[:series], text[series + 1 : at], time, values)


def as_point(answer: Mapping[str, Any]) -> str:
    """Returns an answer as a line: of a sample, its own point and our fields; else one of ours."""
    if "event" in answer:
        return _event(answer)
    if "series" not in answer:
        return f"stillwatch_error line={answer['line']}i,error={_text(str(answer['error']))}\n"
    ours = {
        f"stillwatch_{name}": answer[name]
        for name in ("line", "score", "alarm", "surprise", "warm_up", "missing")
        if answer.get(name) is not None
    }
    time = f" {answer['time_ns']}" if answer["time_ns"] else ""
    return f"{answer['series']} {answer['fields']},{_written(ours)}{time}\n"


def _event(answer: Mapping[str, Any]) -> str:
    start, end = answer["start"], answer["end"] or answer["start"]
    tags = start["series"][_MEASUREMENT.match(start["series"]).end() :]  # type: ignore[union-attr]
    fields: dict[str, Any] = {"event": answer["event"], "line": end["line"]}
    fields |= {"start_line": start["line"], "peak_line": answer["peak"]["line"]}
    fields |= {
        name: answer[name] for name in ("score", "alarms", "cause", "cost") if answer.get(name)
    }
    fields |= {f"share_{name}": share for name, share in answer["channels"].items()}
    time = f" {end['time_ns']}" if end["time_ns"] else ""
    return f"stillwatch_event{tags} {_written(fields)}{time}\n"


def _written(fields: Mapping[str, Any]) -> str:
    return ",".join(f"{_SPECIAL.sub(_escape, name)}={_value(v)}" for name, v in fields.items())


def _escape(result: re.Match[str]) -> str:
    return "\\" + result[1]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value}i"
    return repr(value) if isinstance(value, float) else _text(str(value))


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'


def _series_end(text: str) -> int:
    """Returns where the measurement and its tags end, at a space."""
    name = _MEASUREMENT.match(text)
    if name is None or text[0] == "_":
        raise _wrong(text, "a measurement")
    at = name.end()
    while text[at : at + 1] == ",":
        key = _NAME.match(text, at + 1)
        value = None
        if key is not None and text[key.end() : key.end() + 1] == "=":
            value = _NAME.match(text, key.end() + 1)
        if value is None:
            raise _wrong(text, "tags as key=value")
        at = value.end()
    if text[at : at + 1] != " ":
        raise _wrong(text, "a space before the fields")
    return at


def _fields(text: str, at: int) -> Iterator[tuple[str, str, int]]:
    """Yields each field's name, what is written as its value, and where that ends."""
    while True:
        key = _NAME.match(text, at)
        if key is None or text[key.end() : key.end() + 1] != "=":
            raise _wrong(text, "fields as key=value")
        begin = key.end() + 1
        quoted = _TEXT.match(text, begin)
        plain = None if quoted else _NAME.match(text, begin)
        value = quoted or plain
        if value is None or not (quoted or _is_plain(value[0])):
            raise _wrong(text, "a number, true, false or a quoted text in each field")
        yield _ESCAPED.sub(r"\1", key[0]), value[0], value.end()
        following = text[value.end() : value.end() + 1]
        if following not in (",", " ", ""):
            raise _wrong(text, "a comma or a space after a field")
        if following != ",":
            return
        at = value.end() + 1


def _is_plain(written: str) -> bool:
    return bool(written in _TRUTH or _NUMBER.fullmatch(written) or _WHOLE.fullmatch(written))


def _wrong(text: str, expected: str) -> InputError:
    return InputError(
        f"expected a line of InfluxDB's protocol with {expected}, got {text[:_SHOWN]!r}"
    )
