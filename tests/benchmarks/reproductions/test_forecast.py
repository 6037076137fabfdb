"""The committed figures of forecasts: the guide has them, and they say what it says of them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from stillwatch.benchmarks.reproductions.forecast.choices import CHOICES, chosen
from stillwatch.benchmarks.reproductions.forecast.report import (
    choice_rows,
    closes_rows,
    demand_rows,
    ett_rows,
    forecast_page,
)
from stillwatch.runtime.errors import InputError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(params=["etth1", "demand"])
def results(request: pytest.FixtureRequest) -> dict[str, Any]:
    path = ROOT / "benchmarks" / "results" / "forecast" / f"{request.param}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def test_the_guide_has_the_committed_figures(results: dict[str, Any]) -> None:
    guide = (ROOT / "docs" / "forecasting.md").read_text(encoding="utf-8")
    parts = {"etth1": ett_rows, "choices": choice_rows, "demand": demand_rows}
    parts["closes"] = closes_rows
    shown: list[Sequence[str]] = [
        row for part, rows in parts.items() if part in results for row in rows(results)
    ]
    assert len(shown) > 10
    for row in shown:
        assert f"| {' | '.join(row)} |\n" in guide


def test_the_page_shows_every_part(results: dict[str, Any]) -> None:
    page = forecast_page(results)
    for name in ("linear alone", "micro, distilled") if "etth1" in results else ("MSTL", "closes"):
        assert name in page


def test_below_the_linear_half_at_every_horizon() -> None:
    """The guide says so of the sum, and not of the LSTM alone."""
    path = ROOT / "benchmarks" / "results" / "forecast" / "etth1.json"
    for found in json.loads(path.read_text(encoding="utf-8"))["etth1"].values():
        ours = found["median"]["forecaster"]["mse"]
        assert ours < found["median"]["linear alone"]["mse"]
        assert ours < found["published"]["NLinear"][0]
        assert all(seed["windows"] == 2880 - seed["horizon"] + 1 for seed in found["seeds"])


def test_choices_by_name() -> None:
    assert chosen(None) == tuple(CHOICES)
    assert chosen(["micro"]) == ("micro",)
    with pytest.raises(InputError, match="expected a choice of as it is, micro"):
        chosen(["deeper"])
