"""Two cards side by side: what became slower, what is no longer measured. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.benchmarks.latency.cards.card import Card, Timing
from stillwatch.benchmarks.latency.cards.ratios import quoted_ratios
from stillwatch.benchmarks.latency.statistics import Ratio, ratio

__all__ = [
    "COMPARISON_HEADER",
    "Comparison",
    "compare_cards",
    "comparison_rows",
    "disagreements",
    "remarks",
]

COMPARISON_HEADER = ("", "engine", "scenario", "old p50", "new p50", "new / old", "")


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One timing in both cards; new and ratio are None where the new card lacks it."""

    old: Timing
    new: Timing | None
    ratio: Ratio | None
    regressed: bool


def compare_cards(old: Card, new: Card, *, regression: float) -> list[Comparison]:
    """Returns a comparison for each timing of the old card.

    Regressed is what takes more than `regression` times as long, and what the
    new card did not time: an engine that is gone, or that gave wrong answers.
    """
    result = {timing.key: timing for timing in new.timings}
    comparisons = []
    for before in old.timings:
        after = result.get(before.key)
        slower = ratio(_by_window(after), _by_window(before), paired=False) if after else None
        comparisons.append(
            Comparison(
                old=before,
                new=after,
                ratio=slower,
                regressed=slower is None or slower.value > regression,
            )
        )
    return comparisons


def _by_window(timing: Timing) -> list[list[float]]:
    """Returns the rounds a window: a quick run's Offline scenario has fewer than a full one's."""
    return [[us / timing.windows for us in rounds] for rounds in timing.rounds]


def comparison_rows(comparisons: Sequence[Comparison]) -> list[tuple[str, ...]]:
    """Returns the comparisons as rows of text."""
    return [
        (
            *(c.old.subject, c.old.engine, c.old.scenario, f"{c.old.p50:.4g} us"),
            f"{c.new.p50:.4g} us" if c.new else "not timed",
            str(c.ratio) if c.ratio else "",
            "REGRESSED" if c.regressed else "",
        )
        for c in comparisons
    ]


def disagreements(old: Card, new: Card) -> list[str]:
    """Returns the ratios between engines that the runs do not agree on, in lines, and the count.

    Two runs agree on a ratio where the intervals that they print overlap.
    """
    before, after = quoted_ratios(old), quoted_ratios(new)
    both = [name for name in before if name in after]
    apart = [name for name in both if not before[name].overlaps(after[name])]
    lines = [f"the runs disagree on {name}: {before[name]} and {after[name]}" for name in apart]
    return [*lines, f"{len(both) - len(apart)} of {len(both)} ratios agree within their intervals"]


def remarks(old: Card, new: Card) -> list[str]:
    """Returns what makes two cards hard to compare, and why timings are missing, in lines."""
    lines = []
    for what in ("cpu", "cores", "governor"):
        before, after = getattr(old.machine, what), getattr(new.machine, what)
        if before != after:
            lines.append(f"other {what}: {before} and {after}; the ratios compare machines too")
    if old.threads != new.threads:
        lines.append(f"other threads: {old.threads} and {new.threads}")
    networks = {subject.name: subject.parameters for subject in old.subjects}
    lines += [
        f"{subject.name} is another network: {networks[subject.name]} and {subject.parameters}"
        for subject in new.subjects
        if networks.get(subject.name, subject.parameters) != subject.parameters
    ]
    lines += [f"{name} is absent from the new run: {why}" for name, why in new.absent.items()]
    lines += [f"{p.engine} on {p.subject} was not timed: {p}" for p in new.parity if not p.passed]
    return lines
