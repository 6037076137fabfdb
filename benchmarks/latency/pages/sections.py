"""What the documentation says of speed, made of every kind of CPU there is a card of."""

from stillwatch.benchmarks.latency.cards.aims import AIMS, aim_rows
from stillwatch.benchmarks.latency.cards.card import Card
from stillwatch.benchmarks.latency.cards.claims import claims
from stillwatch.benchmarks.latency.cards.kinds import Kept
from stillwatch.benchmarks.latency.cards.kinds_command import KINDS_HEADER, kind_rows
from stillwatch.benchmarks.latency.cards.peers import compared_networks
from stillwatch.benchmarks.latency.pages.footprint_tables import COLD_HEADER, cold_rows
from stillwatch.benchmarks.latency.pages.latency_tables import (
    ENGINE_HEADER,
    NETWORK_HEADER,
    engine_rows,
    network_rows,
)
from stillwatch.benchmarks.latency.pages.peer_tables import peer_tables
from stillwatch.runtime.report.tables import as_markdown

__all__ = ["bench_section", "claims_section"]


def claims_section(kept: Kept) -> str:
    """Returns README's sentences on speed as a list."""
    return "\n".join(f"- {claim}" for claim in claims(kept))


def bench_section(kept: Kept) -> str:
    """Returns the part on latency: kinds of CPU, aims, peers, then networks of one full run."""
    parts = ["Of which kinds of CPU there are cards:", as_markdown(KINDS_HEADER, kind_rows(kept))]
    parts += ["What was aimed at, and what each measured:", _aims(kept)]
    for name, (card, _) in kept.items():
        if compared_networks(card):
            parts.append(
                f"On {name}, a peer's time over ours with its 99 % interval; above 1 we are ahead, "
                "and who is not is called so. `linear-window` is no network but the control."
            )
        for title, header, rows in peer_tables(card):
            parts += [f"{title}:", as_markdown(header, rows)]
    name = _latest(kept)
    card = kept[name][0]
    parts += [
        f"On {name}, every network in its capsules:",
        as_markdown(NETWORK_HEADER, network_rows(card)),
        "Every engine on the student's weights:",
        as_markdown(ENGINE_HEADER, engine_rows(card)),
        "Cold start in fresh processes, milliseconds by part, and what it takes:",
        as_markdown(COLD_HEADER, cold_rows(card)),
        _made(card),
    ]
    return "\n\n".join(parts)


def _aims(kept: Kept) -> str:
    """Returns the aims, a column for each kind of CPU."""
    header = ("what", "against", "aim", *kept)
    by_kind = [aim_rows(card) for card, _ in kept.values()]
    rows = [
        (*by_kind[0][place][:3], *(_joined(rows[place]) for rows in by_kind))
        for place in range(len(AIMS))
    ]
    return as_markdown(header, rows)


def _joined(row: tuple[str, ...]) -> str:
    measured, said = row[3:]
    return f"{measured}, {said}" if said else measured


def _latest(kept: Kept) -> str:
    """Returns the kind whose card is the latest of those with a second run, else of all."""
    return max(kept, key=lambda name: (kept[name][1] is not None, kept[name][0].date))


def _made(card: Card) -> str:
    packages = {engine.package: engine.version for engine in card.engines}
    versions = ", ".join(f"{name} {version}" for name, version in packages.items())
    absent = "".join(f"; {name} absent" for name in card.absent)
    energy = f" {card.no_energy[0].upper()}{card.no_energy[1:]}." if card.no_energy else ""
    return (
        f"`{card.command}` on {card.date}: {card.machine.cpu}, {card.machine.cores} cores, "
        f"{card.threads} thread{'s' * (card.threads > 1)}, {card.plan['processes']} processes; "
        f"{versions}{absent}. Ratios with their 99 % interval.{energy}"
    )
