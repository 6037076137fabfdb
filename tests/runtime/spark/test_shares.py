"""A series that is shared out scores as the whole does, to the bit."""

import numpy as np
import pytest
from support.detectors import nab_rds, nab_rds_capsule, windowed, windowed_capsule
from support.series import cpu_like

from stillwatch.runtime import Detector, InputError
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.spark.options import FIGURES, SparkOptions
from stillwatch.runtime.spark.workers.at_rest import scores_at_rest
from stillwatch.runtime.spark.workers.carried import Job, carried
from stillwatch.runtime.spark.workers.shares import Shares, shares_of


def shared(capsule: bytes, detector: Detector, values: Float64, options: SparkOptions) -> Float64:
    """The scores and contributions (T, 1 + C) by shares, cut here as Spark's SQL cuts them."""
    shares = shares_of(detector.info, options)
    job = Job(capsule=carried(capsule), by=("sensor",), options=options)
    rows = np.arange(len(values))
    owner = shares.owner(rows)
    next_too = rows >= shares.first + (owner + 1) * shares.length - shares.overlap
    parts = []
    for share in range(owner[-1] + 1):
        read = (owner == share) | (next_too & (owner + 1 == share))
        columns = scores_at_rest(job, rows[read], values[read])
        own = owner[read] == share
        wanted = [name for name in columns if name == "score" or name.startswith(FIGURES)]
        parts.append(np.stack([columns[name][own] for name in wanted], axis=1))
    assert len(parts) > 3
    return np.concatenate(parts)


def expected(detector: Detector, values: Float64, stride: int | None = None) -> Float64:
    result = detector.score(values, stride=stride)
    wide = (result.reconstruction, result.error, result.contribution)
    by_channel = [figures.reshape(len(values), -1) for figures in wide]
    return np.concatenate([result.score[:, None], *by_channel], axis=1)


@pytest.mark.parametrize("rest", [0, 1, 7, 47])
@pytest.mark.parametrize("scaling", ["trained", "rolling(288)"])
def test_of_a_causal_model(scaling: str, rest: int) -> None:
    values = cpu_like(1, 2880 + rest)
    options = SparkOptions(share=400)
    detector = nab_rds(scaling)
    found = shared(nab_rds_capsule(scaling), detector, values[:, None], options)
    np.testing.assert_array_equal(found, expected(detector, values))


@pytest.mark.parametrize("rest", [0, 1, 6, 13, 19])
@pytest.mark.parametrize("stride", [None, 1, 7, 20])
def test_of_a_windowed_model(stride: int | None, rest: int) -> None:
    values = np.random.default_rng(2).normal(size=(240 + rest, 3))
    options = SparkOptions(share=41, stride=stride)
    detector = windowed("joint", 3)
    found = shared(windowed_capsule("joint", 3), detector, values, options)
    np.testing.assert_array_equal(found, expected(detector, values, stride))


def test_a_share_is_never_shorter_than_what_it_reads_of_the_one_before() -> None:
    info = nab_rds("rolling(288)").info
    shares = shares_of(info, SparkOptions(share=1))
    assert shares == Shares(first=288, length=336, overlap=336)


@pytest.mark.parametrize(
    ("scaling", "options", "problem"),
    [
        ("series", {}, "wants the whole series"),
        ("trained", {"threshold": "budget(5/week,300s)"}, "judges a row by all that were before"),
        ("trained", {"threshold": "rolling(0.99,100)"}, "judges a row by all that were before"),
        ("trained", {"fill": True}, "filled from row to row"),
    ],
)
def test_what_cannot_be_shared_out_is_refused(
    scaling: str, options: dict[str, object], problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        shares_of(nab_rds(scaling).info, SparkOptions(share=400, **options))  # type: ignore[arg-type]
