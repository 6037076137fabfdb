from pathlib import Path

import numpy as np
import pytest

from stillwatch.benchmarks.detection.nab_score import probation
from stillwatch.benchmarks.reproductions.nab.fleet import judged, surprises
from stillwatch.benchmarks.reproductions.nab.nab_tables import what_the_network_adds
from stillwatch.benchmarks.reproductions.nab.result_files import read_results, write_results
from stillwatch.benchmarks.reproductions.nab.series import CLOCK, prepare
from stillwatch.benchmarks.reproductions.nab.summary import CHOSEN, HELD
from stillwatch.runtime.alarms.judge.one import one_step, start_one
from stillwatch.runtime.errors import InputError
from stillwatch.train.data.sets import NAB_SERIES, LabelledSeries, simulate_cpu


def short(seed: int, rows: int) -> LabelledSeries:
    full = simulate_cpu(seed, days=4)
    windows = tuple((a, b) for a, b in full.windows if b < rows)
    return LabelledSeries(
        full.name + str(rows), full.timestamps[:rows], full.values[:rows], full.labels[:rows],
        windows,
    )  # fmt: skip


def test_all_series_together_are_judged_as_each_alone_by_the_runtime() -> None:
    series = [prepare(short(0, 700)), prepare(short(1, 900)), prepare(short(2, 700))]
    rule = series[0].rule
    parts = [
        surprises(series, [one.residuals[:, k] for one in series], rule.tails[k]) for k in range(5)
    ]
    for number, one in enumerate(series):
        state = start_one(one.z[: one.start, None], one.rule)
        expected = np.zeros(len(one.z))
        for row in range(one.start, len(one.z)):
            weighed, state = one_step(state, one.z[row : row + 1], None, one.rule)
            expected[row] = weighed.level[0]
        scores = judged(one, [part[number] for part in parts]).scores
        assert (scores > 0).any()
        np.testing.assert_array_equal(scores, expected)


def test_what_the_context_reads_is_known_before_the_row() -> None:
    series = short(0, 900)
    values = series.values.copy()
    values[500:] += 100
    changed = LabelledSeries(series.name, series.timestamps, values, series.labels, ())
    before, after = prepare(series).inputs, prepare(changed).inputs
    np.testing.assert_array_equal(before[:501], after[:501])
    assert (before[501:, CLOCK:] != after[501:, CLOCK:]).any(axis=0).all()


def test_probation_alone_scales_a_series() -> None:
    series = short(0, 700)
    one = prepare(series)
    head = series.values[: probation(700)]
    np.testing.assert_allclose(one.z, (series.values - np.median(head)) / head.std())


def test_the_halves_are_fixed_and_share_nothing() -> None:
    assert (len(CHOSEN), len(HELD)) == (31, 27)
    assert sorted(CHOSEN + HELD) == sorted(NAB_SERIES)


def test_result_files_are_read_as_they_are_written(tmp_path: Path) -> None:
    series = {"realTweets/a.csv": short(0, 600), "realAWSCloudwatch/b.csv": short(1, 500)}
    generator = np.random.default_rng(0)
    scores = {name: generator.random(len(one.values)) * 9 for name, one in series.items()}
    write_results(tmp_path, "ours", series, scores)
    lines = (tmp_path / "ours/realTweets/ours_a.csv").read_text().splitlines()
    assert lines[0] == "timestamp,value,anomaly_score,label"
    assert lines[1].startswith("2026-01-01 00:00:00,")
    found = read_results(tmp_path / "ours", series)
    for scored, (name, one) in zip(found, series.items(), strict=True):
        np.testing.assert_allclose(scored.scores, scores[name] / (1 + scores[name]))
        assert scored.windows == one.windows


def test_a_result_folder_that_is_none_is_refused_in_one_line(tmp_path: Path) -> None:
    series = {"realTweets/a.csv": short(0, 600)}
    with pytest.raises(InputError, match=r"expected a result file of NAB at .*theirs_a\.csv"):
        read_results(tmp_path / "theirs", series)
    path = tmp_path / "theirs/realTweets/theirs_a.csv"
    path.parent.mkdir(parents=True)
    path.write_text("timestamp,score\n")
    with pytest.raises(InputError, match="expected a column anomaly_score"):
        read_results(tmp_path / "theirs", series)
    path.write_text("anomaly_score\n0.5\n")
    with pytest.raises(InputError, match="expected 600 scores"):
        read_results(tmp_path / "theirs", series)


@pytest.mark.parametrize(
    ("network", "verdict"), [((70.0, 69.0, 71.0), "that is nothing"), ((80.0, 79.0, 81.0), "judge")]
)
def test_what_the_network_adds_is_said_as_it_is(
    network: tuple[float, float, float], verdict: str
) -> None:
    def row(name: str, median: float, low: float, high: float) -> dict[str, object]:
        figures = {"median": median, "min": low, "max": high}
        return {"row": name, "standard": {"all": figures}, "seeds": [0, 1, 2]}

    rows = [row("LSTM of 16 units", *network), row("slow mean", 70.1, 70.1, 70.1)]
    text = what_the_network_adds({"rows": rows})
    assert verdict in text
    assert f"{network[0] - 70.1:+.1f}" in text
