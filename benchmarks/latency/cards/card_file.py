"""Latency cards as JSON files, of a versioned schema.

Reading is strict: a field that is missing, is not known or has another type
is refused, with its place in the document. A card of the schema before is read
as what it would be now; older ones are refused.
"""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

from stillwatch.benchmarks.latency.cards.card import CARD_SCHEMA, Card
from stillwatch.benchmarks.latency.cards.decoding import decoded
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.files import write_text

__all__ = ["read_card", "write_card"]

_BEFORE = 2  # without energy, and without the shipped networks and capsules
_RENAMED = {"micro 16": "smd-micro"}  # the same architecture, by the name that is shipped
_NOT_ASKED = "energy was not measured when this card was made"


def write_card(path: Path, card: Card) -> None:
    """Writes the card as JSON, a list of numbers on one line."""
    text = json.dumps(dataclasses.asdict(card), indent=1, allow_nan=False)
    compact = re.sub(r"\[\n[^][{}\"]+\]", lambda found: " ".join(found[0].split()), text)
    write_text(path, compact + "\n")


def read_card(path: Path) -> Card:
    """Returns the card in a file; raises InputError where it is not one of this schema."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON: {error}") from error
    value = document.get("schema") if isinstance(document, dict) else None
    if value == _BEFORE:
        document = _upgraded(document)
    elif value != CARD_SCHEMA:
        raise InputError(
            f"{path} is no latency card of schema {_BEFORE} or {CARD_SCHEMA}: it says {value!r}; "
            "make one with 'stillwatch bench'"
        )
    try:
        card: Card = decoded(Card, document, "card")
    except (TypeError, ValueError) as error:
        raise InputError(f"{path} does not fit the schema: {error}") from error
    return card


def _upgraded(document: dict[str, Any]) -> dict[str, Any]:
    """Returns a card of the schema before as one of this schema."""
    renamed = {
        part: [_renamed(entry) for entry in entries]
        for part, entries in document.items()
        if part in ("subjects", "parity", "timings", "cold", "sweep") and isinstance(entries, list)
    }
    return document | renamed | {"schema": CARD_SCHEMA, "energy": [], "no_energy": _NOT_ASKED}


def _renamed(entry: Any) -> Any:
    """Returns an entry with its network's name of today; what is no entry is refused later."""
    if not isinstance(entry, dict):
        return entry
    names = {key: entry[key] for key in ("name", "subject") if isinstance(entry.get(key), str)}
    return entry | {key: _RENAMED.get(name, name) for key, name in names.items()}
