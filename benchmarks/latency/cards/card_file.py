"""Latency cards as JSON files, of a versioned schema.

Reading is strict: a field that is missing, is not known or has another type
is refused, with its place in the document.
"""

import dataclasses
import json
import re
from pathlib import Path

from stillwatch.benchmarks.latency.cards.card import CARD_SCHEMA, Card
from stillwatch.benchmarks.latency.cards.decoding import decoded
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.files import write_text

__all__ = ["read_card", "write_card"]


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
    if value != CARD_SCHEMA:
        raise InputError(
            f"{path} is no latency card of schema {CARD_SCHEMA}: it says {value!r}; "
            "make one with 'stillwatch bench'"
        )
    try:
        card: Card = decoded(Card, document, "card")
    except (TypeError, ValueError) as error:
        raise InputError(f"{path} does not fit the schema: {error}") from error
    return card
