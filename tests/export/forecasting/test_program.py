"""`stillwatch train forecaster` and `stillwatch forecast`, as a user calls them."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from battery.forecaster_cases import FORECASTERS, build
from support.checkpoints import save

from stillwatch.export.forecasting.rolling import Rolled, coverage, measure_intervals
from stillwatch.runtime.cli.main import main

OPTIONS = [
    "--horizon",
    "6",
    "--lookback",
    "24",
    "--segment",
    "6",
    "--units",
    "8",
    "--epochs",
    "2",
    "--steps",
    "4",
    "--fast",
]


def write(path: Path, rows: int = 420, step: str = "h", gap: bool = False) -> Path:
    times = np.datetime64("2024-03-01T00", step) + np.arange(rows)
    row = np.arange(rows)
    noise = np.random.default_rng(1).normal(0, 0.3, rows)
    wind = np.cos(row / 9)
    load = 50 + 10 * np.sin(row * 2 * np.pi / 24) + noise + wind
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["t", "load", "wind"])
        for number, cells in enumerate(zip(times, load, wind, strict=True)):
            if not (gap and number == 100):
                writer.writerow([str(cells[0]).replace("T", " ") + ":00", *cells[1:]])
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    data = write(folder / "my.csv")
    words = ["train", "forecaster", "--data", str(data), "--time-column", "t", "--out", str(folder)]
    words += ["--covariate", "wind", "--calendar", "hour", "--backtests", "2"]
    assert main([*words, *OPTIONS]) == 0
    return folder


def test_a_csv_becomes_a_capsule_and_a_report(trained: Path) -> None:
    report = json.loads((trained / "report.json").read_text())
    assert 0.5 < report["coverage"]["found"] <= 1
    page = (trained / "report.html").read_text()
    assert "came less forecast" in page
    assert main(["verify", str(trained / "model.onnx")]) == 0
    assert main(["info", str(trained / "model.onnx")]) == 0
    pytest.importorskip("statsforecast")
    assert set(report["backtests"]) == {"forecaster", "last value", *(
        f"seasonal naive ({season})" for season in (24, 168)
    )}  # fmt: skip


def test_a_forecast_goes_on_with_the_times(trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    words = ["forecast", str(trained / "model.onnx"), str(trained / "my.csv")]
    assert main([*words, "--horizon", "3", "-o", str(out)]) == 0
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert [row["t"] for row in rows] == [f"2024-03-18 {hour}:00" for hour in (12, 13, 14)]
    for row in rows:
        assert float(row["load_low"]) <= float(row["load"]) <= float(row["load_high"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--horizon", "0"], "expected a horizon of 1 to 6 rows, got 0"),
        (["--horizon", "7"], "train with a longer --horizon"),
        (["--time-column", "when"], "no column 'when'"),
    ],
)
def test_a_wrong_call_is_one_line(
    trained: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    model, data = str(trained / "model.onnx"), str(trained / "my.csv")
    assert main(["forecast", model, data, *words]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (slice(0, 10), "expected at least 24 rows, the capsule's lookback, got 9"),
        (slice(0, None, 2), "expected rows 1 hour apart, as in training, got rows 2 hours apart"),
    ],
)
def test_a_wrong_file_is_one_line(
    trained: Path,
    tmp_path: Path,
    lines: slice,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = (trained / "my.csv").read_text().splitlines(keepends=True)
    path = tmp_path / "other.csv"
    path.write_text("".join(text[lines]))
    assert main(["forecast", str(trained / "model.onnx"), str(path)]) == 2
    assert message in capsys.readouterr().err


def test_a_missing_covariate_and_a_gap_are_one_line(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(trained / "model.onnx")
    path = tmp_path / "other.csv"
    rows = [line.rsplit(",", 1)[0] for line in (trained / "my.csv").read_text().splitlines()]
    path.write_text("\n".join(rows) + "\n")
    assert main(["forecast", model, str(path)]) == 2
    assert "no column 'wind'" in capsys.readouterr().err
    assert main(["forecast", model, str(write(path, gap=True))]) == 2
    assert "times are not regular: row 101 comes 2 hours after" in capsys.readouterr().err


def test_a_detector_and_a_forecaster_are_told_apart(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score", str(trained / "model.onnx"), str(trained / "my.csv")]) == 2
    assert "forecasts and finds no anomalies: use 'stillwatch forecast'" in capsys.readouterr().err
    assert main(["forecast", "nab-rds", str(trained / "my.csv")]) == 2
    assert "finds anomalies and does not forecast" in capsys.readouterr().err


def test_intervals_hold_what_they_say_on_rows_like_those_they_were_measured_on() -> None:
    generator = np.random.default_rng(3)
    errors = generator.gamma(2.0, 1.0, (4000, 3, 2)) * np.array([1.0, 5.0])  # not symmetric
    rolled = Rolled(np.arange(4000), np.zeros_like(errors), errors, None, None)
    halves = [
        Rolled(rolled.origins[part], rolled.forecast[part], rolled.actual[part], None, None)
        for part in (slice(0, 2000), slice(2000, None))
    ]
    measured = measure_intervals(halves[0], 0.9)
    # Errors are all above: the lower width is none, and 5 % are left above.
    assert (measured.below == 0).all()
    assert coverage(halves[1], measured) == pytest.approx(0.95, abs=0.01)


def test_a_forecasters_frameworks_are_compared_by_the_program(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    built = build(tmp_path / "made", FORECASTERS["recursive, joint, covariates"])
    model = tmp_path / "model.onnx"
    model.write_bytes(built.capsule())
    assert main(["verify", str(model), "--checkpoint", str(built.folder)]) == 0
    said = capsys.readouterr().out
    assert "on what follows waves, 20 rows" in said
    assert said.count("in forecasts (scaled), ") == 1 + 3  # golden vectors; three frameworks
    assert "FAILED" not in said
    # Weights that are not the capsule's answer otherwise.
    mixed = build(tmp_path / "mixed", FORECASTERS["recursive, joint, covariates"])
    weights = {name: 2 * weight for name, weight in mixed.weights.items()}
    save(mixed.folder, mixed.checkpoint, weights)
    assert main(["verify", str(model), "--checkpoint", str(mixed.folder)]) == 1
    assert "FAILED" in capsys.readouterr().out
