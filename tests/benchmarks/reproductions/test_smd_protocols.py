from typing import Any

import numpy as np
import pytest

from stillwatch.benchmarks.reproductions.smd.alarms.alarm_tables import what_the_network_adds
from stillwatch.benchmarks.reproductions.smd.alarms.budgets import summarize_budgets
from stillwatch.benchmarks.reproductions.smd.alarms.judge_fleet import judged_alarms
from stillwatch.runtime.alarms.judge.fitting import fit_judge
from stillwatch.runtime.alarms.judge.judge import Judge

PERIOD = 600.0


def rows(length: int, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return generator.normal(size=(length, 3)) + np.arange(3)


def test_machines_together_alarm_as_each_alone_in_the_runtime() -> None:
    normal = [rows(900, 0), rows(1000, 1)]
    test = [rows(500, 2), rows(450, 3)]
    test[0][200:210] += 9
    test[1][300:340, 1] = 12
    together = judged_alarms(normal, test, (1.0, 20.0), PERIOD)
    for number, answer in enumerate(together):
        spec = fit_judge(normal[number], PERIOD)
        for budget, alarm in answer.items():
            blank = np.zeros((1, len(test[number])))
            alone = Judge(spec, budget, 1, 3).advance(test[number][None], blank, blank.astype(bool))
            assert alone.alarm.any()
            np.testing.assert_array_equal(alarm, alone.alarm[0])


def test_the_summary_keeps_chosen_and_held_machines_apart() -> None:
    def row(machine: str, seed: int, hit: int, false: float) -> dict[str, Any]:
        return {
            "policy": "judge", "budget": 5, "seed": seed, "machine": machine,
            "false_per_week": false, "hit": hit, "events": 10, "covered": false / 100,
        }  # fmt: skip

    found = [row("2-1", 0, 3, 1.0), row("2-7", 0, 4, 2.0), row("2-1", 1, 5, 3.0)]
    found += [row("2-7", 1, 6, 4.0), row("2-8", 0, 1, 9.0), row("2-8", 1, 1, 9.0)]
    (summary,) = summarize_budgets(found)
    chosen, held = summary["chosen"], summary["held"]
    assert (chosen["false_mean"], chosen["false_worst"]) == (2.5, 4.0)
    assert (chosen["hit"], chosen["hit_spread"], chosen["events"]) == (9, [7, 11], 20)
    assert (held["false_worst"], held["hit"], held["covered_worst"]) == (9, 1, 0.09)


@pytest.mark.parametrize(("least", "within"), [(0.45, True), (0.51, False)])
def test_what_a_network_adds_is_said_against_the_spread_of_seeds(
    least: float, within: bool
) -> None:
    def alarms(policy: str, hit: int) -> dict[str, Any]:
        return {"policy": policy, "budget": 10, "chosen": {"hit": hit}, "held": {"hit": 1}}

    def ranking(score: str, median: float, low: float) -> dict[str, Any]:
        figures = {"median": median, "min": low, "max": 0.6}
        return {"protocol": "TSB-AD", "score": score, "all": {"tsb_vus_pr": figures}}

    text = what_the_network_adds(
        {
            "budgets": [1, 10],
            "alarms": [
                alarms("judge, no network", 47),
                alarms("judge, of values and residuals", 46),
            ],
            "ranking": [
                ranking("robust, network", 0.55, least),
                ranking("robust, no network", 0.5, 0.5),
            ],
        }
    )
    assert "hits 47 events" in text
    assert "48 without" in text
    assert "+0.050" in text
    assert ("within the spread" in text) is within
