"""The line protocol: what is a point, how it is written, and the watch that speaks it."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.series import cpu_like

from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.watch.influx.line_protocol import as_point, parse_point
from stillwatch.runtime.watch.options import WatchOptions
from stillwatch.runtime.watch.watcher import Watcher

EXAMPLES = Path(__file__).parents[4] / "runtime" / "examples"
START = 1_700_000_000_000_000_000


@pytest.mark.parametrize(
    ("line", "series", "values", "time"),
    [
        ("cpu value=1", "cpu", {"value": "1"}, ""),
        ("cpu,host=a value=1.5,n=3i 17", "cpu,host=a", {"value": "1.5", "n": "3i"}, "17"),
        (r"my\ cpu,a\,b=c\=d x\ y=1 1", r"my\ cpu,a\,b=c\=d", {"x y": "1"}, "1"),
        (r'm f="a, b=\"c\" \\",g=t 1', "m", {"f": r'"a, b=\"c\" \\"', "g": "t"}, "1"),
        ("m f=-1.5e-3 -1", "m", {"f": "-1.5e-3"}, "-1"),
        ("m=x f=1u", "m=x", {"f": "1u"}, ""),  # an equals sign is nothing special there
        ('m f="#",g=1', "m", {"f": '"#"', "g": "1"}, ""),
    ],
)
def test_points(line: str, series: str, values: dict[str, str], time: str) -> None:
    point = parse_point(line)
    assert point is not None
    assert (point.series, point.values, point.time) == (series, values, time)


@pytest.mark.parametrize(
    "line",
    ["cpu", "cpu value", "cpu value=", "cpu value=x", "cpu value=1,", "cpu,host value=1",
     "cpu,host= value=1", ",host=a value=1", "cpu value=1 noon", "cpu value=1 1.5", "cpu value=nan",
     'cpu value="a', "cpu value=1i5", "_cpu value=1", "cpu value=1 1 1", 'cpu value="a"b'],
)  # fmt: skip
def test_no_points(line: str) -> None:
    with pytest.raises(InputError, match="line of InfluxDB's protocol"):
        parse_point(line)


def test_comments_and_blank_lines() -> None:
    assert parse_point("# a comment") is None
    assert parse_point("  ") is None


def test_a_number_is_wanted_of_a_channel() -> None:
    point = parse_point('cpu a="1",b=3i,c=true')
    assert point is not None
    assert (point.number("b"), point.number("none")) == ("3", "")
    for name in ("a", "c"):
        with pytest.raises(InputError, match=f"expected a number in the field '{name}'"):
            point.number(name)


names = st.text(st.characters(codec="utf-8", exclude_characters="\n\r\\\0"), min_size=1).filter(
    lambda name: name.strip() == name and not name.startswith(("_", "#", '"'))
)


@given(names, names, names, names, st.text(st.characters(codec="utf-8", exclude_characters="\n\r")))
def test_what_is_escaped_comes_back(
    measurement: str, key: str, value: str, field: str, text: str
) -> None:
    def escaped(name: str, signs: str) -> str:
        return "".join("\\" + sign if sign in signs else sign for sign in name)

    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    series = f"{escaped(measurement, ', ')},{escaped(key, ',= ')}={escaped(value, ',= ')}"
    point = parse_point(f"{series} {escaped(field, ',= ')}={quoted},z=1 5")
    assert point is not None
    assert point.series == series
    assert list(point.values) == ([field, "z"] if field != "z" else ["z"])
    assert point.time == "5"
    if field != "z":
        assert point.values[field] == quoted


def lines(count: int) -> list[bytes]:
    values = cpu_like(0, count).tolist()
    return [
        f"cpu,host=a\\ b value={value!r},idle=3i {START + i * 300_000_000_000}".encode()
        for i, value in enumerate(values)
    ]


def test_a_watch_scores_points_as_json_and_gives_them_back_to_the_nanosecond() -> None:
    detector = Detector.load("nab-rds-online")
    watcher = Watcher(detector, WatchOptions(form="influx", time="time"))
    answers, error = watcher.take(lines(700))
    assert error is None
    plain = Watcher(detector, WatchOptions(form="json"))
    expected, _ = plain.answer([json.dumps(v).encode() for v in cpu_like(0, 700).tolist()])
    for sent, line, verdict in zip(
        lines(700), answers.decode().splitlines(), expected, strict=True
    ):
        point = parse_point(line)
        assert point is not None
        before = parse_point(sent.decode())
        assert before is not None
        assert (point.series, point.time) == (before.series, before.time)
        assert dict(before.values).items() <= dict(point.values).items()
        if verdict["score"] is not None:
            assert float(point.values["stillwatch_score"]) == verdict["score"]
            assert point.values["stillwatch_alarm"] == str(verdict["alarm"]).lower()


def test_events_errors_and_another_series() -> None:
    detector = Detector.load("nab-rds-online")
    watcher = Watcher(detector, WatchOptions(form="influx", only_events=True, threshold=0.1))
    text = watcher.take(lines(700))[0].decode().splitlines()
    assert text
    for line in text:
        point = parse_point(line)
        assert point is not None
        assert point.series == r"stillwatch_event,host=a\ b"
        assert point.time
    for bad in (b"cpu value=", b"cpu,host=other value=1", b"cpu,host=a\\ b idle=1i"):
        said = watcher.take([bad])[0].decode()
        point = parse_point(said)
        assert point is not None
        assert point.series == "stillwatch_error"


def test_a_state_goes_on_with_its_series() -> None:
    detector = Detector.load("nab-rds-online")
    options = WatchOptions(form="influx")
    first = Watcher(detector, options)
    first.take(lines(300))
    second = Watcher(detector, options)
    second.restore(*first.state(), "state")
    assert second.take(lines(310)[300:]) == first.take(lines(310)[300:])
    assert b"stillwatch_error" in second.take([b"cpu,host=other value=1"])[0]


def test_an_error_without_a_series_is_a_point() -> None:
    assert as_point({"line": 3, "error": 'a "b" \\ c'}) == (
        'stillwatch_error line=3i,error="a \\"b\\" \\\\ c"\n'
    )


def test_the_flow_for_node_red_is_wired() -> None:
    flow = json.loads((EXAMPLES / "node-red.json").read_text())
    known = {node["id"] for node in flow}
    assert len(known) == len(flow)
    wires = [end for node in flow for port in node.get("wires", []) for end in port]
    assert wires
    assert set(wires) <= known
    daemon = next(node for node in flow if node["type"] == "daemon")
    assert "--format influx" in daemon["args"]
