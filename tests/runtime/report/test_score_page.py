"""The page of a scored series: what it says first, what it leaves out, how large it is."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.pump import NORMAL, SERIES, files

from stillwatch.runtime.alarms.events import EventPolicy, find_events
from stillwatch.runtime.alarms.judged import ENDS, Judged
from stillwatch.runtime.cli.main import main
from stillwatch.runtime.report.score_page import score_page
from stillwatch.runtime.report.scored import ScoredSeries
from stillwatch.runtime.result import Result

EXAMPLES = Path(__file__).resolve().parents[3] / "runtime" / "examples"
LARGEST_PAGE = 5_000_000


def scored(rows: int, channels: int, alarms: list[int]) -> ScoredSeries:
    """A series of noise with alarms at these rows, the score and the last channel high there."""
    draw = np.random.default_rng(0)
    names = tuple(f"s{c}" for c in range(channels))
    error = draw.random((rows, channels)).astype(np.float32)
    score = draw.random(rows).astype(np.float32)
    alarm = np.zeros(rows, bool)
    for place, row in enumerate(alarms):
        score[row], error[row, -1], alarm[row] = 10 + place, 50, True
    made = draw.random((rows, channels)).astype(np.float32)
    result = Result(score, alarm, made, error, error)
    return ScoredSeries(
        name="series.csv",
        model="a model",
        channels=names,
        values=draw.random((rows, channels)),
        result=result,
        events=tuple(find_events(result, names, EventPolicy(cooldown=1))),
        limit=5.0,
        rule="above 5",
    )


def verdict(drawn: str) -> str:
    """The first thing below the title."""
    found = re.search(r'</h1>\s*<(div|p) class="verdict.*?</\1>', drawn, re.DOTALL)
    assert found is not None
    return re.sub(r"<[^>]+>", " ", found[0])


def test_the_verdict_comes_first_with_the_three_worst() -> None:
    drawn = score_page(scored(1000, 3, [10, 11, 200, 500, 900]))
    said = verdict(drawn)
    assert "4 events in 1,000 rows (5 alarms, 0.5 % of the rows)." in said
    assert re.findall(r"row (\d+)", said) == ["901", "501", "201"]  # the highest score first
    assert "s2 9" in said  # most of it by the channel with the high error
    assert drawn.count('class="event"') == 4
    for number in range(1, 5):
        assert f'id="event-{number}"' in drawn
    assert "row 11" in drawn
    assert "row 12" in drawn


def test_one_event_and_none_are_said_so() -> None:
    assert "1 event in 100 rows (1 alarms, 1 % of the rows). It is:" in verdict(
        score_page(scored(100, 1, [40]))
    )
    assert "Nothing found in 100 rows." in verdict(score_page(scored(100, 1, [])))


def test_rows_are_called_by_their_times_and_names_are_escaped() -> None:
    labels = [f"2026-03-02 00:{m:02}" for m in range(60)]
    drawn = score_page(
        replace(
            scored(60, 2, [30]),
            labels=labels,
            channels=("<b>", "x"),
            name="<i>.csv",
            remarks=("a<b",),
        )
    )
    assert "2026-03-02 00:30" in verdict(drawn)
    assert "&lt;i&gt;.csv: 1 event" in drawn
    assert "a&lt;b" in drawn
    assert not re.search(r"<(b|i)>", drawn)


def test_where_a_judge_alarmed_the_worst_is_the_most_surprising() -> None:
    plain = scored(1000, 2, [100, 500, 900])
    surprise = np.full(1000, 0.5)
    surprise[[100, 500, 900]] = 30, 4, 12  # the scores rise from one to the next
    judged = Judged(
        surprise,
        plain.result.alarm,
        np.where(np.arange(2) == 0, 1.0, 0.0) * np.ones((1000, 2)),
        np.zeros(1000),
        np.full(1000, ENDS),
    )
    result = replace(plain.result, judged=judged)
    events = find_events(result, plain.channels, EventPolicy())
    drawn = score_page(replace(plain, result=result, events=tuple(events), limit=None))
    assert re.findall(r"surprise (\d+)", verdict(drawn)) == ["30", "12", "4"]
    assert "surprise in nats" in drawn
    assert ">s0" in drawn or "s0 100%" in drawn


def test_of_many_events_the_page_pictures_the_worst_and_says_so() -> None:
    drawn = score_page(scored(5000, 1, list(range(0, 5000, 10))))
    assert drawn.count('class="event"') == 20
    assert "The first 200 of 500" in drawn
    assert "Below, the 20 that went highest." in drawn


def test_a_series_of_a_million_rows_with_many_channels_stays_below_five_megabytes() -> None:
    rows = 1_000_000
    one = score_page(scored(rows, 1, list(range(0, rows, 20_000))))
    many = score_page(scored(rows // 10, 38, list(range(0, rows // 10, 2_000))))
    assert 100_000 < len(one.encode()) < LARGEST_PAGE
    assert 100_000 < len(many.encode()) < LARGEST_PAGE


def test_nothing_is_fetched_from_elsewhere() -> None:
    drawn = score_page(scored(300, 3, [100]))
    links = re.findall(r'(?:href|src)="([^"]*)"', drawn)
    assert links
    assert all(link.startswith(("#", "data:")) for link in links)
    assert "<script" not in drawn
    assert "url(" not in drawn


def test_the_sample_is_what_its_simulation_gives(tmp_path: Path) -> None:
    for name, text in files().items():
        assert (EXAMPLES / name).read_text(encoding="utf-8") == text
    assert main(["sample", "--out", str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {NORMAL, SERIES}
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 35_000
    assert (tmp_path / SERIES).read_text(encoding="utf-8") == files()[SERIES]


def test_the_program_writes_the_page_beside_the_scores(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine, out, report = (tmp_path / name for name in ("mine.onnx", "out.csv", "out.html"))
    normal = str(EXAMPLES / "pump-normal.csv")
    assert main(["calibrate", "smd-segments", normal, "-o", str(mine)]) == 0
    series = str(EXAMPLES / "pump.csv")
    asked = ["score", str(mine), series, "-o", str(out), "--report", str(report)]
    assert main([*asked, "--budget", "1/week"]) == 0
    assert f"report: {report}" in capsys.readouterr().err
    drawn = report.read_text(encoding="utf-8")
    assert drawn.startswith("<!doctype html>")
    said = verdict(drawn)
    assert "3 events in 336 rows" in said
    for day, channel in (
        ("2026-03-17T", "bearing_c"),
        ("2026-03-19T17:00", "flow_l_per_s"),
        ("2026-03-21T", "pressure_bar"),
    ):  # the planted faults, each with its own channel to blame, and nothing else
        assert re.search(rf"{day}[^<]*?: surprise [\d.]+, most by {channel}", said)
    assert main([*asked[:2], series, "-o", str(out), "--report", str(tmp_path / "no" / "x")]) == 2
    assert "cannot write" in capsys.readouterr().err
