"""Segment students: which are trained, and which is chosen, by the rule and no other."""

import itertools
from typing import Any

import pytest

from stillwatch.benchmarks.reproductions.segments.choice import (
    FIGURES,
    choose,
    not_below,
    summarize,
)
from stillwatch.benchmarks.reproductions.segments.networks import ALPHA, Plan, students
from stillwatch.benchmarks.reproductions.smd.scores import CHOSEN, OTHERS
from stillwatch.runtime.errors import InputError

LATENCY = {name: {"window_us": us} for name, us in (("base", 100.0), ("a", 9.0), ("b", 7.0))}
BASE = 0.5


def rows(name: str, figures: list[float], held: float = 0.4) -> list[dict[str, Any]]:
    """A row a machine and seed; every figure of a seed's chosen machines is the same."""
    return [
        {
            "row": name, "size": name, "seed": seed, "machine": machine, "parameters": 10,
            **dict.fromkeys(FIGURES, figure if machine in CHOSEN else held),
        }
        for (seed, figure), machine in itertools.product(enumerate(figures), CHOSEN + OTHERS)
    ]  # fmt: skip


def chosen(*others: list[dict[str, Any]]) -> tuple[str, int] | None:
    everything = list(itertools.chain(rows("base", [BASE]), *others))
    return choose(everything, summarize(everything, LATENCY), "base")


def test_the_cheapest_that_is_below_in_nothing_is_chosen() -> None:
    assert chosen(rows("a", [0.6, 0.7, 0.65]), rows("b", [0.5, 0.5, 0.5])) == ("b", 2)
    # Of its seeds that are not below, the best; held machines have no say.
    assert chosen(rows("a", [0.6, 0.7, 0.4], held=0.0), rows("b", [0.9, 0.49, 0.4])) == ("a", 1)


def test_one_figure_below_is_below() -> None:
    almost = rows("b", [0.6, 0.6, 0.6])
    for row in almost:
        row["hit_rate_100"] = 0.49
    assert chosen(almost) is None
    assert chosen(almost, rows("a", [0.5, 0.5, 0.5])) == ("a", 2)
    beside = not_below(almost, rows("base", [BASE]))
    assert beside["chosen"] == {"f1": True, "vus_pr": True, "hit_rate_100": False}


def test_a_row_of_one_seed_is_not_chosen_where_others_have_more() -> None:
    assert chosen(rows("b", [0.9]), rows("a", [0.5, 0.5, 0.5])) == ("a", 2)


def test_every_student_has_a_folder_of_its_own_and_taught_ones_a_control() -> None:
    found = list(students(Plan()))
    assert len({student.name for student in found}) == len(found)
    configs = [student.config for student in found]
    assert {(c.segment, c.units) for c in configs} == set(
        itertools.product((5, 10, 20, 50), (8, 16, 32))
    )
    taught = {(c.segment, c.units, c.seed) for c in configs if c.alpha}
    alone = {(c.segment, c.units, c.seed) for c in configs if not c.alpha and c.scale_free}
    assert taught <= alone
    assert {c.alpha for c in configs} == {0.0, ALPHA}
    with pytest.raises(InputError, match="at least one segment"):
        Plan(segments=())
