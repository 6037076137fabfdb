"""Every engine on a shipped network, as a peer's time over ours: who is ahead, who behind."""

from stillwatch.benchmarks.latency.cards.card import Card
from stillwatch.benchmarks.latency.cards.peers import (
    CONTROL,
    PEERS,
    compared_networks,
    ours,
    peer_ratio,
    standing,
)
from stillwatch.benchmarks.latency.cards.ratios import WINDOWED

__all__ = ["BEHIND", "ENERGY_HEADER", "energy_rows", "is_behind", "peer_tables"]

BEHIND = "behind"
ENERGY_HEADER = ("network", "engine", "windows", "mJ a query")

Table = tuple[str, tuple[str, ...], list[tuple[str, ...]]]


def peer_tables(card: Card) -> list[Table]:
    """Returns title, header and rows, twice for each network: alone, and the whole capsule.

    The first row is our own time of a query; below, a peer's time over it.
    """
    result = []
    for subject in compared_networks(card):
        for whole in (False, True):
            what = "the whole capsule" if whole else "the network alone"
            header, rows = _table(card, subject, whole=whole)
            result.append((f"{subject}: a peer's time over {what}'s", header, rows))
    return result


def is_behind(cell: str) -> bool:
    """Whether a cell of these tables says that we trail: it is red."""
    return cell.endswith(BEHIND)


def energy_rows(card: Card) -> list[tuple[str, ...]]:
    """Returns a row for each engine's energy, with the least and the most of its processes."""
    return [
        (
            *(one.subject, one.engine, f"{one.windows:,}"),
            f"{min(one.millijoules):.3g} to {max(one.millijoules):.3g}",
        )
        for one in card.energy
    ]


def _table(
    card: Card, subject: str, *, whole: bool
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    mine = [ours(card, subject, scenario, whole=whole) for scenario in WINDOWED]
    header = ["engine"]
    for scenario, timing in zip(WINDOWED, mine, strict=True):
        header.append(f"N = {timing.windows:,}" if timing else scenario)
    name = next((timing.engine for timing in mine if timing), "ours")
    rows = [
        (f"{name}, us", *(f"{timing.p50:,.3g}" if timing else "" for timing in mine)),
    ]
    for engine in (*PEERS, CONTROL):
        cells = [_cell(card, subject, engine, scenario, whole=whole) for scenario in WINDOWED]
        if any(cells):
            rows.append((engine, *cells))
    return tuple(header), rows


def _cell(card: Card, subject: str, engine: str, scenario: str, *, whole: bool) -> str:
    quoted = peer_ratio(card, subject, engine, scenario, whole=whole)
    if quoted is None:
        return ""
    where = standing(quoted)
    return str(quoted) if where == "ahead" else f"{quoted}, {where}"
