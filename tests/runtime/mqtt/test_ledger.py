"""The rule by which a redelivered packet is known."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.runtime.errors import SnapshotError
from stillwatch.runtime.mqtt.ledger import Ledger, Packet


def packet(identifier: int, payload: bytes = b"1", *, again: bool = False) -> Packet:
    return Packet("plant/a", payload, identifier, again)


def kept(ledger: Ledger) -> Ledger:
    """Returns a ledger as the next life has it."""
    restored = Ledger()
    restored.restore(json.loads(json.dumps(ledger.state())))
    return restored


def test_a_redelivered_packet_is_known_in_the_next_life() -> None:
    ledger = Ledger()
    ledger.connected(present=False)
    assert ledger.take(packet(1))
    assert ledger.take(packet(2))
    ledger = kept(ledger)
    ledger.connected(present=True)
    assert not ledger.take(packet(1, again=True))
    assert ledger.take(packet(3, again=True))  # came before, but no saved state has it
    assert ledger.saved() == [1, 3]


def test_one_identifier_used_anew_is_another_packet() -> None:
    ledger = Ledger()
    ledger.connected(present=False)
    ledger.take(packet(1, b"1"))
    assert ledger.take(packet(1, b"1"))  # without DUP
    ledger.connected(present=True)
    assert ledger.take(packet(1, b"2", again=True))  # other bytes


def test_a_broker_that_lost_the_session_repeats_nothing() -> None:
    ledger = Ledger()
    ledger.connected(present=False)
    ledger.take(packet(1))
    ledger.connected(present=False)
    assert ledger.take(packet(1, again=True))


def test_what_is_not_of_this_connection_is_not_acknowledged_in_it() -> None:
    ledger = Ledger()
    ledger.connected(present=False)
    ledger.take(packet(1))
    ledger.connected(present=True)
    assert ledger.saved() == []


def test_packets_are_held_until_the_broker_has_their_acknowledgement() -> None:
    ledger = Ledger()
    ledger.connected(present=False)
    ledger.take(packet(1))
    ledger.answered()  # to something before the acknowledgement
    assert ledger.state()["held"]
    ledger.saved()
    ledger.take(packet(2))
    ledger.answered()
    assert [name for name, _ in ledger.state()["held"]] == [2]


def test_packets_of_the_last_connection_are_held_until_something_new_comes() -> None:
    ledger = Ledger()
    ledger.connected(present=False)
    ledger.take(packet(1))
    ledger.take(packet(2))
    ledger.connected(present=True)
    ledger.answered()
    assert not ledger.take(packet(1, again=True))
    ledger.answered()
    assert not ledger.take(packet(2, again=True))
    assert ledger.saved() == [1, 2]
    ledger.take(packet(3))
    ledger.answered()
    assert [name for name, _ in ledger.state()["held"]] == [3]


def test_quality_0_is_taken_as_it_comes_and_not_acknowledged() -> None:
    ledger = Ledger()
    assert ledger.take(packet(0))
    assert ledger.take(packet(0))
    assert not ledger.due


def test_no_state_of_ours() -> None:
    with pytest.raises(SnapshotError, match="do not fit their schema"):
        Ledger().restore({"held": [["one"]]})


class Broker:
    """A queue at QoS 1, by MQTT 5: what is not acknowledged is sent again, first and in order."""

    def __init__(self, count: int) -> None:
        self.waiting = list(range(count))
        self.flying: list[tuple[int, int, bool]] = []  # identifier, message, sent before
        self._next = 0

    def send(self, most: int) -> list[Packet]:
        while self.waiting and len(self.flying) < most:
            self._next = self._next % 7 + 1  # identifiers come round soon
            if self._next in [flying[0] for flying in self.flying]:
                continue
            self.flying.append((self._next, self.waiting.pop(0), False))
        sent = [packet(name, b"%d" % number, again=old) for name, number, old in self.flying]
        self.flying = [(name, number, True) for name, number, _ in self.flying]
        return sent

    def acknowledged(self, name: int) -> None:
        self.flying = [flying for flying in self.flying if flying[0] != name]


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 5), st.booleans()), max_size=30))
def test_each_message_once_whatever_is_lost(lives: list[tuple[int, int, bool]]) -> None:
    """Each life takes what is sent and saves; some acknowledgements arrive, then it is killed."""
    broker, scored, state = Broker(40), 0, Ledger().state()
    for most, arrived, saves in [*lives, (5, 5, True)]:
        ledger = Ledger()
        ledger.restore(state)
        ledger.connected(present=True)
        before = scored
        found = sum(ledger.take(one) for one in broker.send(most))
        if not saves:
            continue  # killed before the save: nothing of this life is left
        scored, state = before + found, json.loads(json.dumps(ledger.state()))
        for name in ledger.saved()[:arrived]:
            broker.acknowledged(name)
    assert scored == 40 - len(broker.waiting)  # the last life has saved all that was sent
