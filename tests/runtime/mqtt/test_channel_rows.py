"""Rows of messages by channel."""

import json

import pytest

from stillwatch.runtime.errors import InputError
from stillwatch.runtime.mqtt.channel_rows import ChannelRows


def message(value: object, moment: object) -> bytes:
    return json.dumps({"value": value, "t": moment}).encode()


def taken(rows: ChannelRows, channel: str, value: object, moment: object) -> list[object]:
    return [json.loads(line) for line in rows.take(channel, message(value, moment))]


def test_a_row_is_whole_once_each_channel_has_come() -> None:
    rows = ChannelRows(["flow", "heat"], "t")
    assert taken(rows, "heat", 1, 10) == []
    assert taken(rows, "heat", 2, 20) == []  # the next row's, before this one is whole
    assert taken(rows, "flow", 3, 10) == [{"t": 10, "flow": 3, "heat": 1}]
    assert taken(rows, "flow", 4, 20) == [{"t": 20, "flow": 4, "heat": 2}]


def test_a_whole_row_ends_the_wait_of_those_before() -> None:
    rows = ChannelRows(["flow", "heat"], "t")
    taken(rows, "heat", 1, 10)
    taken(rows, "heat", 2, 20)
    found = taken(rows, "flow", 3, 20)
    assert found == [{"t": 10, "flow": None, "heat": 1}, {"t": 20, "flow": 3, "heat": 2}]
    with pytest.raises(InputError, match="repeated or late"):
        taken(rows, "flow", 9, 10)


def test_a_repeated_message_is_known() -> None:
    rows = ChannelRows(["flow", "heat"], "t")
    taken(rows, "heat", 1, 10)
    with pytest.raises(InputError, match="repeated"):
        taken(rows, "heat", 1, 10)


def test_rows_that_never_become_whole_do_not_pile_up() -> None:
    rows = ChannelRows(["flow", "heat"], "t")
    found = [line for moment in range(1000) for line in taken(rows, "heat", 1, moment)]
    assert len(found) == 1000 - 64


def test_a_state_has_the_rows_that_wait() -> None:
    rows = ChannelRows(["flow", "heat"], "t")
    taken(rows, "heat", 1, "2026-01-01T00:00:00Z")
    again = ChannelRows(["flow", "heat"], "t")
    again.restore(json.loads(json.dumps(rows.state())))
    assert len(taken(again, "flow", 2, "2026-01-01T00:00:00Z")) == 1


@pytest.mark.parametrize(
    ("channel", "payload", "complaint"),
    [
        ("level", b"1", "expected a channel flow, heat"),
        ("flow", b"{", "expected JSON"),
        ("flow", b'{"t": 1}', "expected a member 'value'"),
        ("flow", b"1", "expected a time 't'"),
        ("flow", b'{"value": 1, "t": "noon"}', "expected a time in seconds"),
    ],
)
def test_no_message(channel: str, payload: bytes, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        ChannelRows(["flow", "heat"], "t").take(channel, payload)


def test_one_channel_needs_no_time() -> None:
    assert ChannelRows(["flow"], None).take("flow", b"2.5") == [b'{"flow": 2.5}']
