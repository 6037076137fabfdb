"""A publisher that sends again what no saved state has: what docs/mqtt.md asks of one."""

import json
import time
from collections.abc import Mapping, Sequence

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from support.mosquitto import PATIENCE, Mosquitto

WAIT = 1.0  # seconds without a step forward after which everything is sent again
AHEAD = 500  # messages of a stream that are sent before their state is heard of


class RepeatingPublisher:
    """Publishes rows by topic, each with its time, until their streams' states are past them."""

    def __init__(self, broker: Mosquitto, rows: Mapping[str, Sequence[bytes]]) -> None:
        self._rows = {
            topic: [(json.loads(row)["t"], row) for row in held] for topic, held in rows.items()
        }
        self._until = dict.fromkeys(rows, float("-inf"))
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self._client.on_connect = lambda client, *_: client.subscribe("stillwatch/+/+/state", 1)
        self._client.on_message = self._heard
        self._client.reconnect_delay_set(1, 1)
        self._client.connect(broker.host, broker.port, 5)
        self._client.loop_start()

    def _heard(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        topic = message.topic.removeprefix("stillwatch/").removesuffix("/state")
        until = json.loads(message.payload)["until"]
        if topic in self._until and until is not None:
            self._until[topic] = max(self._until[topic], until)

    @property
    def left(self) -> int:
        """How many rows no state is known to have."""
        return sum(
            moment > self._until[topic] for topic, held in self._rows.items() for moment, _ in held
        )

    def run(self, seconds: float = 2 * PATIENCE) -> None:
        """Returns once every row is in a state."""
        end = time.monotonic() + seconds
        while self.left:
            assert time.monotonic() < end, f"{self.left} rows are in no state"
            goals = {}
            for topic, held in self._rows.items():
                until = self._until[topic]
                due = [(moment, row) for moment, row in held if moment > until][:AHEAD]
                for _, row in due:
                    self._client.publish(topic, row, qos=1)
                if due:
                    goals[topic] = due[-1][0]
            self._wait(goals)

    def _wait(self, goals: Mapping[str, float]) -> None:
        """Waits until states have come so far, or none has come on for a while."""
        last, moved = dict(self._until), time.monotonic()
        while any(self._until[topic] < goal for topic, goal in goals.items()):
            if self._until != last:
                last, moved = dict(self._until), time.monotonic()
            if time.monotonic() - moved > WAIT:
                return
            time.sleep(0.02)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
