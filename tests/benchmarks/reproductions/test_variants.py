"""Variants of the single-feature recipe: one thing changed at a time, counted once."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillwatch.benchmarks.reproductions.nab_rds.document import Published
from stillwatch.benchmarks.reproductions.variants import run as variants
from stillwatch.benchmarks.reproductions.variants.document import HEADER, Results, variants_rows
from stillwatch.benchmarks.reproductions.variants.report import variants_page
from stillwatch.train.data.sets.series import LabelledSeries
from stillwatch.train.data.sets.simulate import simulate_cpu
from stillwatch.train.families.nab_rds.config import NabRdsConfig
from stillwatch.train.families.nab_rds.recipe import load_network, reconstruct, train_nab_rds
from stillwatch.train.families.nab_rds.variants import Variant, alarms

TRAIN, TEST = simulate_cpu(0), simulate_cpu(1)
PUBLISHED: Published = {"parameters": 18, "tp": 2, "fp": 1, "f1": 0.8, "nab": 89}


SHORT = simulate_cpu(2, days=3)


def test_the_first_variant_is_the_recipe_that_ships(tmp_path: Path) -> None:
    config = NabRdsConfig(seed=3, scaling=("series",))
    checkpoint = train_nab_rds(TRAIN, config, tmp_path, progress=False)
    scaled = ((TEST.values - TEST.values.mean()) / TEST.values.std()).astype(np.float32)[:, None]
    decoded = reconstruct(load_network(tmp_path), scaled, config)
    score = np.square(scaled - decoded)[:, 0]
    expected = score > checkpoint.calibrations["series"].threshold.value
    np.testing.assert_array_equal(alarms(TRAIN, TEST, Variant(), 3), expected)


def test_every_change_is_one_and_is_a_change() -> None:
    published = dataclasses.asdict(Variant())
    for name, values in variants.CHANGES.items():
        assert name in published
        assert published[name] not in values
        assert len(set(values)) == len(values)
    assert set(variants.CHANGES) == set(published)


@pytest.mark.parametrize(
    "changes",
    [{name: values[-1]} for name, values in variants.CHANGES.items() if name != "epochs"],
    ids=lambda changes: next(iter(changes)),
)
def test_every_kind_of_variant_trains(changes: dict[str, Any]) -> None:
    variant = dataclasses.replace(Variant(epochs=1), **changes)
    found = alarms(SHORT, SHORT, variant, 0)
    assert found.shape == SHORT.values.shape
    assert found.dtype == bool


def test_a_run_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variants, "CHANGES", {"units": (2,), "activation": ("",)})
    calls: list[int] = []

    def counted(_train: object, test: LabelledSeries, variant: Variant, seed: int) -> Any:
        calls.append(seed)
        return test.labels if variant.units == 1 else ~test.labels

    monkeypatch.setattr(variants, "alarms", counted)
    first = variants.measure(TRAIN, TEST, 2, tmp_path)
    assert calls == [0, 1] * 3
    next(tmp_path.iterdir()).unlink()
    assert variants.measure(TRAIN, TEST, 2, tmp_path) == first
    assert len(calls) == 7
    assert [row["f1"]["median"] for row in first] == [1.0, 0.0, 1.0]
    results: Results = {
        "published": PUBLISHED, "rows": first, "seeds": 2, "command": "c", "date": "d",
        "machine": {"cpu": "x", "cores": 2, "system": "s"}, "versions": {"python": "3"},
    }  # fmt: skip
    rows = variants_rows(results)
    assert [row[:2] for row in rows] == [
        ("published", ""), ("as published", ""), ("units", "2"), ("activation", "none"),
    ]  # fmt: skip
    assert {len(row) for row in rows} == {len(HEADER)}
    page = variants_page(results)
    assert "activation" in page
    assert '<figure class="plot"' in page
