"""What Home Assistant is told of a stream: one device, with an alarm, a score and events.

https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload
"""

import hashlib
import json
import re

__all__ = ["discovery_message"]

_ALARM = "{{ 'ON' if value_json.alarm else 'OFF' }}"
_SCORE = "{{ value_json.score }}"
_EVENT = (
    "{{ {'event_type': value_json.event, 'score': value_json.score, 'cause': value_json.cause, "
    "'channels': value_json.channels} | to_json }}"
)


def discovery_message(
    discovery: str, prefix: str, stream: str, *, model: str, version: str
) -> tuple[str, bytes]:
    """Returns the topic and the payload that make a device of a stream.

    discovery: Home Assistant's prefix. prefix: of our topics. model: what the
    capsule is, in a few words; version: of stillwatch.
    """
    name = _identifier(prefix, stream)
    below = f"{prefix}/{stream}"
    components: dict[str, dict[str, object]] = {
        "alarm": {
            "platform": "binary_sensor",
            "name": "Anomaly",
            "device_class": "problem",
            "state_topic": f"{below}/state",
            "value_template": _ALARM,
        },
        "score": {
            "platform": "sensor",
            "name": "Score",
            "state_class": "measurement",
            "state_topic": f"{below}/state",
            "value_template": _SCORE,
        },
        "event": {
            "platform": "event",
            "name": "Event",
            "event_types": ["start", "end", "learnt"],
            "state_topic": f"{below}/event",
            "value_template": _EVENT,
        },
    }
    content = {
        "device": {
            "identifiers": [name],
            "name": stream,
            "manufacturer": "stillwatch",
            "model": model,
            "sw_version": version,
        },
        "origin": {"name": "stillwatch", "sw_version": version},
        "components": {
            key: component | {"unique_id": f"{name}_{key}"} for key, component in components.items()
        },
        "availability_topic": f"{prefix}/status",
        "qos": 1,
    }
    return f"{discovery}/device/{name}/config", json.dumps(content).encode()


def _identifier(prefix: str, stream: str) -> str:
    """Returns a name of letters, digits, _ and - that no other stream has."""
    told = f"{prefix}/{stream}"
    plain = re.sub(r"[^a-zA-Z0-9_-]", "_", told)
    return f"{plain}_{hashlib.blake2b(told.encode(), digest_size=4).hexdigest()}"
