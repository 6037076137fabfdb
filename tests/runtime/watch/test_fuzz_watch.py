"""Any lines are answered one by one, any state is taken or refused, and no input stops a watch."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stillwatch.runtime import Detector, SnapshotError
from stillwatch.runtime.streaming.snapshot import pack, unpack
from stillwatch.runtime.watch.options import WatchOptions
from stillwatch.runtime.watch.watcher import Watcher

DETECTOR = Detector.load("nab-rds")
NUMBERS = st.floats() | st.integers(-(10**400), 10**400) | st.sampled_from(["NaN", "1e999", "-0"])
CELLS = NUMBERS.map(str) | st.text(max_size=8) | st.sampled_from(["", "2026-11-24T10:00", "1e308"])
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=5,
)
OBJECTS = st.fixed_dictionaries({"value": JSON, "t": JSON, "rack": JSON}).map(json.dumps)
LINES = (
    st.binary(max_size=40)
    | CELLS.map(str.encode)
    | st.tuples(CELLS, CELLS).map(lambda pair: ",".join(pair).encode())
    | (OBJECTS | JSON.map(json.dumps)).map(str.encode)
)
OPTIONS = st.builds(
    WatchOptions,
    mean=st.just([20.0]),
    scale=st.just([5.0]),
    threshold=st.sampled_from(["trained", "0.5", "rolling(0.9,3)"]),
    fill=st.sampled_from([None, "forward"]),
    form=st.sampled_from(["auto", "csv", "json"]),
    time=st.just("t"),
    period=st.sampled_from([None, 1.0, 1e-300, 300.0]),
    gap=st.sampled_from(["ignore", "restart"]),
    only_events=st.booleans(),
)


def strict(line: bytes) -> Any:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    return json.loads(line, parse_constant=refuse)


@given(options=OPTIONS, lines=st.lists(LINES, max_size=12), cut=st.integers(0, 12))
def test_any_lines_are_answered_alike_in_one_run_and_in_two(
    options: WatchOptions, lines: list[bytes], cut: int
) -> None:
    lines = [b"t,value", *(line.replace(b"\n", b"") for line in lines)]
    whole, _ = Watcher(DETECTOR, options).take(lines)
    for line in whole.splitlines():
        strict(line)
    first = Watcher(DETECTOR, options)
    before, _ = first.take(lines[:cut])
    figures, snapshot = first.state()
    kept, _ = unpack("watch", pack("watch", figures, {}))
    second = Watcher(DETECTOR, options)
    second.restore(kept, snapshot, "the state")
    after, _ = second.take(lines[cut:])
    assert before + after == whole


@given(
    changes=st.lists(st.tuples(st.integers(0, 10**6), JSON), min_size=1, max_size=3),
    line=LINES,
)
def test_a_state_with_other_figures_is_taken_or_refused(
    changes: list[tuple[int, Any]], line: bytes
) -> None:
    options = WatchOptions(mean=[20.0], scale=[5.0], time="t")
    watcher = Watcher(DETECTOR, options)
    watcher.take([b"t,value", b"1,20", b"2,21", b"2100-01-01,9"])
    figures, snapshot = watcher.state()
    figures = json.loads(json.dumps(figures))
    for place, value in changes:
        holder = figures
        key = sorted(holder)[place % len(holder)]
        if isinstance(holder[key], dict) and holder[key] and place % 3:
            holder = holder[key]
            key = sorted(holder)[place % len(holder)]
        holder[key] = value
    again = Watcher(DETECTOR, options)
    try:
        again.restore(figures, snapshot, "the state")
    except SnapshotError:
        return
    again.take([line.replace(b"\n", b""), b"3,22"])
