"""Data frames in and out: matched by name or refused, the index kept, nothing imported for it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from support.detectors import nab_rds, windowed

from stillwatch.runtime import Detector, InputError
from stillwatch.runtime.arrays import Float64


@pytest.fixture(scope="module")
def detector() -> Detector:
    return windowed("joint", 3)


@pytest.fixture(scope="module")
def names(detector: Detector) -> list[str]:
    return list(detector.info.channel_names)


@pytest.fixture(scope="module")
def values() -> Float64:
    return np.random.default_rng(5).normal(size=(130, 3))


@pytest.fixture(scope="module")
def frame(values: Float64, names: list[str]) -> pd.DataFrame:
    times = pd.date_range("2026-03-02", periods=len(values), freq="20min")
    return pd.DataFrame(values, columns=names, index=times)


def test_columns_are_matched_by_name_and_the_index_is_kept(
    detector: Detector, values: Float64, frame: pd.DataFrame, names: list[str]
) -> None:
    plain = detector.score(values)
    mixed = frame[names[::-1]].assign(note="text", more=1.0)
    result = detector.score(mixed)
    assert np.array_equal(result.score, plain.score)
    answered = result.to_frame()
    assert isinstance(answered, pd.DataFrame)
    assert answered.index.equals(frame.index)
    assert np.array_equal(answered["score"], plain.score)
    assert answered["alarm"].dtype == bool
    for c, name in enumerate(names):
        assert np.array_equal(answered[f"error_{name}"], plain.error[:, c])
        assert np.array_equal(answered[f"reconstruction_{name}"], plain.reconstruction[:, c])
    joined = frame.join(answered)
    assert len(joined) == len(frame)


def test_polars_comes_back_as_polars(detector: Detector, values: Float64, names: list[str]) -> None:
    frame = pl.DataFrame(dict(zip(names[::-1], values.T[::-1], strict=True)))
    result = detector.score(frame)
    assert np.array_equal(result.score, detector.score(values).score)
    answered = result.to_frame()
    assert isinstance(answered, pl.DataFrame)
    assert answered["score"].to_numpy().tolist() == result.score.tolist()
    with pytest.raises(InputError, match="no column"):
        detector.score(frame.drop(names[0]))
    with pytest.raises(InputError, match="expected numbers in column"):
        detector.score(frame.with_columns(pl.lit("x").alias(names[0])))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f.rename(columns={f.columns[1]: "other"}), "no column"),
        (lambda f: f.drop(columns=f.columns[2]), "no column"),
        (lambda f: pd.concat([f, f[[f.columns[0]]]], axis=1), "more than one column"),
        (lambda f: f.assign(**{f.columns[1]: "text"}), "expected numbers in column"),
        (lambda f: f.assign(**{f.columns[1]: f.index}), "expected numbers in column"),
        (
            lambda f: f.astype("Float64").where(f.index.to_series() != f.index[7]),
            "got nan at row 7",
        ),
        (lambda f: f[f.columns[0]], "got one series"),
        (lambda f: f.iloc[:0], "at least one row"),
        (lambda f: f.set_axis(range(3), axis=1), "no column"),
    ],
    ids=["renamed", "missing", "twice", "text", "times", "gap", "series", "empty", "numbered"],
)
def test_what_does_not_fit_is_refused(
    change: Callable[[pd.DataFrame], object], said: str, detector: Detector, frame: pd.DataFrame
) -> None:
    with pytest.raises(InputError, match=said):
        detector.score(change(frame))


def test_a_series_serves_one_channel_and_a_frame_wants_its_name() -> None:
    detector = nab_rds("series")
    series = pd.Series(np.arange(100.0), name="cpu", index=range(500, 600))
    result = detector.score(series)
    assert result.reconstruction.shape == (100,)
    by_channel = ["reconstruction", "error", "contribution"]
    assert list(result.to_frame().columns) == ["score", "alarm", *by_channel]
    assert result.to_frame().index[0] == 500
    with pytest.raises(InputError, match="pass one column as a series"):
        detector.score(series.to_frame())


def test_streams_fleets_and_batches_match_by_name_too(
    detector: Detector, values: Float64, frame: pd.DataFrame, names: list[str]
) -> None:
    turned = frame[names[::-1]]
    plain = detector.score(values)
    stream = detector.stream()
    first = stream.extend(turned.iloc[:100])
    assert np.array_equal(first.score, plain.score[: len(first.score)])
    other = detector.stream()
    for _, row in turned.iloc[:20].iterrows():
        verdict = other.update(row)
    assert verdict is not None
    assert verdict.score == plain.score[:20].max()
    (one,) = detector.score_many([turned])
    assert np.array_equal(one.score, plain.score)
    assert one.to_frame().index.equals(frame.index)
    with pytest.raises(InputError, match="no column"):
        detector.stream().extend(frame.drop(columns=names[0]))


def test_an_array_gives_a_numbered_frame_and_a_batch_none(
    detector: Detector, values: Float64
) -> None:
    assert detector.score(values).to_frame().index[0] == 0
    with pytest.raises(InputError, match="score_many"):
        detector.score(values[None]).to_frame()


def test_a_result_draws_itself(detector: Detector, frame: pd.DataFrame, tmp_path: Path) -> None:
    figure = detector.score(frame).plot(cooldown=3)
    shown = figure._repr_html_()
    assert "<iframe srcdoc=" in shown
    assert "2026-03-02 00:00" in shown
    figure.save(tmp_path / "page.html")
    assert "verdict" in (tmp_path / "page.html").read_text(encoding="utf-8")
    with pytest.raises(InputError, match="whole series"):
        detector.stream().extend(frame).plot()


def test_neither_library_is_imported_for_arrays() -> None:
    code = """
import sys, numpy as np
from stillwatch.runtime import Detector
Detector.load("nab-rds").score(np.arange(100.0)).plot()
print(sorted({"pandas", "polars", "matplotlib"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
