"""A network calibrated in `fit`, by scikit-learn's conventions, with PyOD's names beside them.

Rows are samples in time order, one after the other at equal distance. Polarity
is scikit-learn's where the name is: `score_samples` and `decision_function`
are lower for what is less normal. PyOD's names are higher for it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from stillwatch.export.calibrate.calibration import calibrate
from stillwatch.export.calibrate.options import CalibrationOptions
from stillwatch.runtime.alarms.policies.table import alarm_rule
from stillwatch.runtime.arrays import Bool, Float64
from stillwatch.runtime.capsule import opening
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import StillwatchError

__all__ = ["CalibratedDetector"]


class CalibratedDetector(OutlierMixin, BaseEstimator):
    """A capsule's network, calibrated on the rows that `fit` is given, which count as normal.

    capsule: a shipped one's name, or a path, of independent channels; a
    network of any other kind takes just its own channels. budget: false
    alarms that may come, as `5/week`, or None for the 0.99 quantile of the
    normal rows. period: seconds from one row to the next, which a budget
    wants to know. threads: that share out the windows.

    After `fit`: `capsule_`, the calibrated capsule's bytes, which any host
    scores with; `offset_`, so that `decision_function` is `score_samples`
    less it; and by PyOD's conventions `decision_scores_`, `labels_` (1 is an
    outlier) and `threshold_`, of the rows that were fitted.
    """

    def __init__(
        self,
        capsule: str | Path = "smd-micro",
        budget: str | None = "5/week",
        *,
        period: float = 60.0,
        threads: int = 1,
    ) -> None:
        """Nothing is read before `fit`."""
        self.capsule = capsule
        self.budget = budget
        self.period = period
        self.threads = threads

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803
        """Returns the detector, calibrated on X (T, C); y is ignored, as there are no labels.

        Raises ValueError for rows that do not serve, with what to do.
        """
        rows = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        names = getattr(self, "feature_names_in_", None)
        if names is None:
            names = [f"channel_{c + 1}" for c in range(rows.shape[1])]
        with _as_value_errors():
            content = opening.read_bytes(self.capsule)
            options = CalibrationOptions(channels=tuple(map(str, names)), source="fit")
            self.capsule_ = calibrate(content, str(self.capsule), rows, options).content
            self._detector = Detector.from_bytes(self.capsule_, str(self.capsule))
            self.threshold_ = self._threshold()
        self.offset_ = -self.threshold_
        self.decision_scores_ = self._scores(rows)
        self.labels_ = self._above(self.decision_scores_).astype(np.int64)
        return self

    def score_samples(self, X: Any) -> Float64:  # noqa: N803
        """Returns a figure a row, (T,); the lower, the less normal."""
        check_is_fitted(self)
        return -self._scores(validate_data(self, X, dtype=np.float64, reset=False))

    def decision_function(self, X: Any) -> Float64:  # noqa: N803
        """Returns a figure a row, (T,), below 0 for an outlier."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> Any:  # noqa: N803
        """Returns -1 for each row that is an outlier and 1 for each other, (T,)."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def __getstate__(self) -> dict[str, Any]:
        """The state is the capsule's bytes; a session of onnxruntime has none to keep."""
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_detector"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Opens the capsule again, checked as any capsule is."""
        super().__setstate__(state)
        if "capsule_" in state:
            self._detector = Detector.from_bytes(self.capsule_, str(self.capsule))

    def _threshold(self) -> float:
        """Returns the score above which a row, by itself, is an outlier."""
        info = self._detector.info
        if self.budget is None:
            return float(info.threshold.value)
        return alarm_rule(f"budget({self.budget},{self.period:g}s)", info).value

    def _scores(self, rows: Float64) -> Float64:
        with _as_value_errors():
            result = self._detector.score(rows, threads=self.threads)
        return result.score.astype(np.float64)

    def _above(self, scores: Float64) -> Bool:
        return -scores - self.offset_ < 0  # as predict has it, to the last bit


@contextmanager
def _as_value_errors() -> Iterator[None]:
    """Raises what is wrong with a call as scikit-learn's callers expect it."""
    try:
        yield
    except StillwatchError as error:
        raise ValueError(str(error)) from error
