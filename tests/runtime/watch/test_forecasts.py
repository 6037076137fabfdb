"""`watch --forecast`: an answer to every line, gaps, bad lines, and a state to go on from."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from battery.forecaster_cases import FORECASTERS, build, times

from stillwatch.runtime import Forecaster, InputError, SnapshotError
from stillwatch.runtime.cli.main import main
from stillwatch.runtime.watch.forecasting.forecast_watcher import ForecastWatcher
from stillwatch.runtime.watch.options import WatchOptions

ROWS = 30


@pytest.fixture(scope="module", params=["direct", "recursive, 3 layers, covariates"])
def forecaster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Forecaster:
    return build(tmp_path_factory.mktemp("made"), FORECASTERS[request.param]).forecaster


def options(forecaster: Forecaster, **more: Any) -> WatchOptions:
    return WatchOptions(time="when" if forecaster.info.calendar else None, **more)


def rows(forecaster: Forecaster) -> tuple[list[dict[str, Any]], Any, Any]:
    """JSON members of each line, the values themselves, and their times."""
    names = forecaster.info.columns
    values = np.random.default_rng(3).normal(0, 9, (ROWS, len(names))).astype(np.float32)
    when = times(ROWS)
    lines = [
        {"when": f"{moment}Z", "id": n, **dict(zip(names, row.tolist(), strict=True))}
        for n, (moment, row) in enumerate(zip(when.astype("datetime64[s]"), values, strict=True))
    ]
    return lines, values.astype(np.float64), when


def answers(watcher: ForecastWatcher, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    content, error = watcher.take([json.dumps(line).encode() for line in lines])
    assert error is None
    return [json.loads(text) for text in content.splitlines()]


def test_each_line_has_the_forecast_of_all_before_it(forecaster: Forecaster) -> None:
    lines, values, when = rows(forecaster)
    found = answers(ForecastWatcher(forecaster, options(forecaster)), lines)
    assert [answer["line"] for answer in found] == list(range(1, ROWS + 1))
    assert [answer["id"] for answer in found] == list(range(ROWS))
    timed = bool(forecaster.info.calendar)
    needed = 1 if forecaster.info.state else forecaster.info.lookback
    assert [answer.get("warm_up") for answer in found[: needed - 1]] == list(
        range(needed - 1, 0, -1)
    )
    for count in (needed, ROWS):
        whole = forecaster.forecast(values[:count], times=when[:count] if timed else None)
        answer = found[count - 1]
        for part in ("forecast", "low", "high"):
            wanted = getattr(whole, part)
            for place, name in enumerate(forecaster.info.channel_names):
                np.testing.assert_allclose(
                    answer[part][name], wanted[:, place], rtol=2e-6, atol=1e-4
                )
        if timed:
            assert answer["times"][0] == str(whole.times.astype("datetime64[s]")[0])


def test_a_state_goes_on_as_if_nothing_had_been(forecaster: Forecaster) -> None:
    lines, _, _ = rows(forecaster)
    whole = answers(ForecastWatcher(forecaster, options(forecaster)), lines)
    first = ForecastWatcher(forecaster, options(forecaster))
    begun = answers(first, lines[:17])
    state, snapshot = first.state()
    second = ForecastWatcher(forecaster, options(forecaster))
    second.restore(json.loads(json.dumps(state)), snapshot, "state")
    assert begun + answers(second, lines[17:]) == whole
    broken = dict(state, reader={"previous": [1.0]})
    with pytest.raises(SnapshotError, match="state does not fit its schema"):
        second.restore(broken, snapshot, "state")


def test_a_bad_line_is_an_answer_and_changes_nothing(forecaster: Forecaster) -> None:
    lines, _, _ = rows(forecaster)
    bad = ForecastWatcher(forecaster, options(forecaster))
    content, _ = bad.take([b"{", *(json.dumps(line).encode() for line in lines)])
    error, *found = [json.loads(text) for text in content.splitlines()]
    assert error["line"] == 1
    assert "expected" in error["error"]
    assert bad.bad == 1
    plain = answers(ForecastWatcher(forecaster, options(forecaster)), lines)
    assert [{**a, "line": 0} for a in found] == [{**a, "line": 0} for a in plain]
    _, ends = ForecastWatcher(forecaster, options(forecaster, strict=True)).take([b"{"])
    assert isinstance(ends, InputError)


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Forecaster:
    name = "recursive, 3 layers, covariates"
    return build(tmp_path_factory.mktemp("made"), FORECASTERS[name]).forecaster


@pytest.mark.parametrize("gap", ["ignore", "restart", "fill"])
def test_after_a_gap(gap: str, timed: Forecaster) -> None:
    lines, values, when = rows(timed)
    kept = lines[:10] + lines[13:]
    found = answers(ForecastWatcher(timed, options(timed, gap=gap)), kept)
    assert found[10]["missing"] == 3
    if gap == "fill":
        held = np.concatenate([values[:10], np.repeat(values[9:10], 3, axis=0), values[13:14]])
        wanted = timed.forecast(held, times=when[:14])
    else:
        wanted = timed.forecast(values[13:14], times=when[13:14])
    name = timed.info.channel_names[0]
    np.testing.assert_allclose(found[10]["forecast"][name], wanted.forecast[:, 0], atol=1e-4)


def test_a_time_off_the_grid_begins_another_stretch(timed: Forecaster) -> None:
    lines, values, _ = rows(timed)
    lines[8]["when"] = "2024-02-28T06:30:00Z"
    found = answers(ForecastWatcher(timed, options(timed)), lines[:9])
    when = np.array(["2024-02-28T06:30"], "datetime64[us]")
    wanted = timed.forecast(values[8:9], times=when)
    name = timed.info.channel_names[0]
    np.testing.assert_allclose(found[8]["forecast"][name], wanted.forecast[:, 0], atol=1e-4)


def test_the_calendar_wants_a_time(timed: Forecaster) -> None:
    with pytest.raises(InputError, match=r"reads the calendar \(hour, weekday\): say which"):
        ForecastWatcher(timed, WatchOptions())


def test_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    built = build(tmp_path / "made", FORECASTERS["recursive"])
    (tmp_path / "model.onnx").write_bytes(built.capsule())
    lines = "a;b;c\n" + "".join(f"{n},5;{n};7\n" for n in range(6))
    (tmp_path / "lines.csv").write_text(lines)
    out = tmp_path / "out.jsonl"
    command = ["watch", str(tmp_path / "model.onnx"), "--forecast", "3", "-o", str(out)]
    with (tmp_path / "lines.csv").open() as file:
        monkeypatch.setattr("sys.stdin", file)
        from stillwatch.runtime.watch import loop

        real = loop.watch_lines
        monkeypatch.setattr(
            "stillwatch.runtime.cli.watch.watch_lines",
            lambda *given, **more: real(*given, descriptor=file.fileno(), **more),
        )
        assert main(command) == 0
    found = [json.loads(text) for text in out.read_text().splitlines()]
    assert [len(answer["forecast"]["b"]) for answer in found] == [3] * 6
    assert found[0]["line"] == 2
    assert main([*command[:2], "--forecast", "0"]) == 2
    assert "expected a horizon of 1 to 100000 rows, got 0" in capsys.readouterr().err
