"""What no forecast can be made of: one line each, exit status 2, and no output."""

from collections.abc import Callable
from pathlib import Path

import pytest
from battery.forecaster_cases import FORECASTERS, build, times

from stillwatch.runtime.cli.main import main
from stillwatch.runtime.forecasting.times import like

ROWS = 60
Table = list[list[str]]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A direct forecaster of a, b and c that reads load, wind, the hour and the weekday."""
    folder = tmp_path_factory.mktemp("made")
    built = build(folder, FORECASTERS["direct, linear of rank 2, covariates"])
    path = folder / "model.onnx"
    path.write_bytes(built.capsule())
    return path


def table() -> Table:
    built = FORECASTERS["direct, linear of rank 2, covariates"]
    names = ["when", "a", "b", "c", *built.covariates]
    when = like(times(ROWS), "2024-02-27 22:00")
    rows = [[when[i], *(f"{i % 7 + k}.5" for k in range(5))] for i in range(ROWS)]
    return [names, *rows]


def write(rows: Table, path: Path) -> Path:
    path.write_text("".join(";".join(row) + "\n" for row in rows))
    return path


def forecast(model: Path, rows: Table, folder: Path, *more: str) -> int:
    series = write(rows, folder / "series.csv")
    out = str(folder / "out.csv")
    return main(["forecast", str(model), str(series), "--time-column", "when", "-o", out, *more])


def test_the_table_itself_is_forecast(model: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert forecast(model, table(), tmp_path, "--delimiter", ";", "--report", str(page)) == 0
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[0].startswith("when,a,a_low,a_high,b,")
    assert lines[1].startswith("2024-03-01 10:00,")
    assert len(lines) == 1 + FORECASTERS["direct, linear of rank 2, covariates"].horizon
    assert "what comes after" in page.read_text()


def every_second(rows: Table) -> Table:
    return [rows[0], *rows[1::2]]


def without_a_row(rows: Table) -> Table:
    return [*rows[:30], *rows[31:]]


def without_a_covariate(rows: Table) -> Table:
    return [[cell for name, cell in zip(rows[0], r, strict=True) if name != "wind"] for r in rows]


def hole_in_a_covariate(rows: Table) -> Table:
    return [*rows[:40], [*rows[40][:-1], ""], *rows[41:]]


BAD: list[tuple[str, Callable[[Table], Table], list[str], str]] = [
    ("horizon 0", list, ["--horizon", "0"], "expected a horizon of 1 to 13 rows, got 0"),
    ("too far", list, ["--horizon", "14"], "got 14; train with a longer --horizon"),
    ("too short", lambda r: r[:15], [], "at least 20 rows, the capsule's lookback, got 14"),
    ("covariate", without_a_covariate, [], "has no column 'wind': it has 'when', 'a', 'b'"),
    ("hole", hole_in_a_covariate, [], "row 40, column 'wind': expected a number, got ''; --fill"),
    ("irregular", without_a_row, [], "times are not regular: row 30 comes 2 hours after the one"),
    ("frequency", every_second, [], "expected rows 1 hour apart, as in training, got rows 2 hours"),
    ("no times", list, ["--time-column", "nix"], "has no column 'nix'"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "more", "line"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_bad_input_is_one_line(
    change: Callable[[Table], Table],
    more: list[str],
    line: str,
    model: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert forecast(model, change(table()), tmp_path, *more) == 2
    said = capsys.readouterr().err
    assert said.startswith("stillwatch: ")
    assert line in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out.csv").exists()


def test_a_hole_is_filled_where_that_is_asked_for(model: Path, tmp_path: Path) -> None:
    assert forecast(model, hole_in_a_covariate(table()), tmp_path, "--fill", "forward") == 0
