"""stillwatch.sklearn by scikit-learn's own checks, and by the calls that PyOD and TSB-AD make."""

import pickle
import warnings
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils.estimator_checks import check_estimator
from support.pump import FAULTS, NORMAL, SERIES, files, pump
from support.repeat_vectors import make_capsule

from stillwatch.runtime import Detector
from stillwatch.runtime.arrays import Float64
from stillwatch.sklearn import CalibratedDetector
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig

# What a detector on ordered rows cannot pass, and why. All other checks are passed.
EXCEPTIONS = {
    "check_methods_sample_order_invariance": "rows are samples in time order: it scores windows",
    "check_methods_subset_invariance": "a row by itself is no window, and has no score",
}
ROWS = {name: np.loadtxt(text.splitlines()[1:], delimiter=",", usecols=(1, 2, 3))
        for name, text in files().items() if name in (NORMAL, SERIES)}  # fmt: skip


@pytest.fixture(scope="module")
def normal() -> Float64:
    return ROWS[NORMAL]


@pytest.fixture(scope="module")
def fitted(normal: Float64) -> CalibratedDetector:
    return CalibratedDetector(budget=None).fit(normal)


@pytest.fixture(scope="module")
def series() -> Float64:
    values: Float64 = ROWS[SERIES]
    return values


def test_scikit_learns_own_checks(tmp_path: Path) -> None:
    # Their data have 10 rows and more; a shipped capsule wants two windows of 100.
    path = tmp_path / "tiny.onnx"
    config = RepeatVectorConfig(units=3, channels="independent", window=2)
    path.write_bytes(make_capsule(config, 2))
    estimator = CalibratedDetector(capsule=path, budget=None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs, of what they try on purpose
        checks = check_estimator(estimator, on_skip=None, on_fail=None)
    outcome = {check["check_name"]: check["status"] for check in checks}
    failed = {name for name, status in outcome.items() if status == "failed"}
    assert failed == EXCEPTIONS.keys()
    assert sum(status == "passed" for status in outcome.values()) >= 40


def test_predictions_follow_the_scores(fitted: CalibratedDetector, series: Float64) -> None:
    samples = fitted.score_samples(series)
    decision = fitted.decision_function(series)
    assert np.array_equal(samples - fitted.offset_, decision)
    assert np.array_equal(fitted.predict(series) == -1, decision < 0)
    by_runtime = Detector.from_bytes(fitted.capsule_, "fitted").score(series)
    assert np.array_equal(-samples, by_runtime.score)
    hot, cool = FAULTS["the bearing runs hot"]
    found = np.flatnonzero(fitted.predict(series) == -1)
    assert ((found >= hot) & (found <= cool)).any()


def test_a_budget_says_what_is_called(tmp_path: Path, series: Float64) -> None:
    path = tmp_path / "short.onnx"
    config = RepeatVectorConfig(units=3, channels="independent", window=20)
    path.write_bytes(make_capsule(config, 2))
    normal = pump(3000, np.random.default_rng(1))
    few, many = (
        CalibratedDetector(path, budget, period=1200).fit(normal) for budget in ("1/week", "9/day")
    )
    assert 0 < (few.predict(series) == -1).sum() < (many.predict(series) == -1).sum()
    assert few.labels_.sum() <= many.labels_.sum()


def test_pyods_names_say_the_same_of_the_fitted_rows(
    fitted: CalibratedDetector, normal: Float64
) -> None:
    # pyod.models.base.BaseDetector: higher is more anomalous, labels 0 and 1.
    assert fitted.decision_scores_.shape == fitted.labels_.shape == (len(normal),)
    assert np.array_equal(fitted.decision_scores_, -fitted.score_samples(normal))
    assert np.array_equal(fitted.labels_, fitted.decision_scores_ > fitted.threshold_)
    assert np.array_equal(fitted.labels_ == 1, fitted.predict(normal) == -1)


def test_tsb_ads_calls_give_a_score_a_row() -> None:
    # TSB_AD.model_wrapper: clf = Model(**HP); clf.fit(train); clf.decision_scores_.ravel(), and
    # sklearn's MinMaxScaler over it; unsupervised ones fit what they score.
    def run_unsupervised(data: Float64, **options: object) -> Float64:
        clf = CalibratedDetector(**options)  # type: ignore[arg-type]
        clf.fit(data)
        score = MinMaxScaler().fit_transform(clf.decision_scores_.reshape(-1, 1))
        return np.asarray(score).ravel()

    score = run_unsupervised(ROWS[SERIES], budget=None)
    assert score.shape == (len(ROWS[SERIES]),)
    assert (score.min(), score.max()) == pytest.approx((0, 1))


def test_a_clone_a_pickle_and_joblib_score_alike(
    fitted: CalibratedDetector, normal: Float64, series: Float64, tmp_path: Path
) -> None:
    fresh = clone(fitted)
    assert fresh.get_params() == fitted.get_params()
    with pytest.raises(NotFittedError):
        fresh.predict(series)
    expected = fitted.score_samples(series)
    again = pickle.loads(pickle.dumps(fitted))  # noqa: S301  (our own bytes)
    joblib.dump(fitted, tmp_path / "fitted")
    loaded = joblib.load(tmp_path / "fitted")
    for other in (again, loaded, fresh.fit(normal)):
        assert np.array_equal(other.score_samples(series), expected)
    together = joblib.Parallel(n_jobs=2)(
        joblib.delayed(fitted.score_samples)(part) for part in (series, series)
    )
    assert all(np.array_equal(part, expected) for part in together)


def test_it_stands_in_a_pipeline(series: Float64) -> None:
    pipeline = make_pipeline(StandardScaler(), CalibratedDetector(budget=None))
    assert (pipeline.fit(ROWS[NORMAL]).predict(series) == -1).any()
    assert pipeline.score_samples(series).shape == (len(series),)


def test_columns_have_names_and_another_order_is_refused(series: Float64) -> None:
    names = ["flow", "pressure", "bearing"]
    fitted = CalibratedDetector(budget=None).fit(pd.DataFrame(ROWS[NORMAL], columns=names))
    assert Detector.from_bytes(fitted.capsule_, "fitted").info.channel_names == tuple(names)
    frame = pd.DataFrame(series, columns=names)
    assert len(fitted.predict(frame)) == len(series)
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.predict(frame[names[::-1]])


def test_what_is_wrong_is_a_value_error_with_what_to_do() -> None:
    normal = ROWS[NORMAL]
    with pytest.raises(ValueError, match="at least 200 normal rows"):
        CalibratedDetector().fit(normal[:150])
    with pytest.raises(ValueError, match="too few peaks"):
        CalibratedDetector().fit(normal)  # a week has too few peaks for 5 in one, at a row a minute
    with pytest.raises(ValueError, match="expected tail"):
        CalibratedDetector(budget="often").fit(normal)
    with pytest.raises(ValueError, match="no such"):
        CalibratedDetector(capsule="no-such").fit(normal)
