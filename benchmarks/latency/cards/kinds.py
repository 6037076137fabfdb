"""Kinds of CPU, by maker and by the widest instructions that matter here, and a folder of cards."""

from pathlib import Path

from stillwatch.benchmarks.latency.cards.card import Card
from stillwatch.benchmarks.latency.cards.card_file import read_card
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.report.machine import Machine

__all__ = ["AGAIN", "CARDS", "Kept", "cards_in", "file_name", "kind", "kinds_line"]

CARDS = Path("benchmarks/results/bench/cards")  # below the checkout; it is not installed
AGAIN = "-again"  # what a second run's file has in its name

# The first that a processor has; all of what comes after it, as a rule, too.
_WIDEST = (
    ("amx_tile", "AMX"),
    ("avx512_vnni", "AVX-512 and VNNI"),
    ("avx512f", "AVX-512"),
    ("avx2", "AVX2"),
    ("asimd", "NEON"),
)
_MAKERS = (("AMD", "AMD"), ("Intel", "Intel"))

Kept = dict[str, tuple[Card, Card | None]]  # by kind: a card, and that of a second run


def kind(machine: Machine) -> str:
    """Returns what two machines must share for their times to be compared, as "AMD with AVX2"."""
    maker = next((short for word, short in _MAKERS if word in machine.cpu), machine.cpu)
    widest = next((name for flag, name in _WIDEST if flag in machine.flags), "")
    return f"{maker} with {widest}" if widest else maker


def file_name(card: Card) -> str:
    """Returns the stem of the file that cards of its kind are kept in."""
    letters = "".join(c if c.isalnum() else "-" for c in kind(card.machine).lower())
    return "-".join(part for part in letters.split("-") if part)


def cards_in(folder: Path) -> Kept:
    """Returns the cards of a folder by kind, sorted; raises InputError where there are none."""
    files = sorted(folder.glob("*.json"))
    if not files:
        raise InputError(
            f"no cards in {folder}: 'stillwatch bench' makes one, a checkout has some in {CARDS}"
        )
    first = {file.stem: read_card(file) for file in files if not file.stem.endswith(AGAIN)}
    result: Kept = {}
    for stem, card in first.items():
        again = folder / f"{stem}{AGAIN}.json"
        result[kind(card.machine)] = (card, read_card(again) if again.is_file() else None)
    return dict(sorted(result.items()))


def kinds_line(kept: Kept) -> str:
    """Returns which kinds there are cards of, in a line."""
    listed = ", ".join(f"{name} ({card.date})" for name, (card, _) in kept.items())
    return f"cards of {len(kept)} kind{'s' * (len(kept) > 1)} of CPU: {listed}"
