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
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.capsule import opening
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import StillwatchError
from stillwatch.runtime.result import Result

__all__ = ["CalibratedDetector"]

_ROW_BY_ROW = "quantile(0.99)"


class CalibratedDetector(OutlierMixin, BaseEstimator):
    """A capsule's network, calibrated on the rows that `fit` is given, which count as normal.

    capsule: a shipped one's name, or a path, of independent channels; a
    network of any other kind takes just its own channels. budget: what the
    normal rows exceed so often, as `5/week`, by the tail that is fitted to
    their peaks; or None for their 0.99 quantile. Either is one threshold, so
    that a row is called by itself and not by those before it, as the judge
    of the threshold policy `budget` would. period: seconds from one row to the
    next, which a budget wants to know. threads: that share out the windows.

    After `fit`: `capsule_`, the calibrated capsule's bytes, which any host
    scores with; `offset_`, so that `decision_function` is `score_samples`
    less it; and by PyOD's conventions `decision_scores_`, `labels_` (1 is an
    outlier) and `threshold_`, of the rows that were fitted.
    """

    def __init__(
        self,
        capsule: str | Path = "smd-segments",
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

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: ARG002, N803  (scikit-learn's names)
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
        result = self._result(rows)
        limit = result.origin.limit if result.origin else None
        trained = self._detector.info.threshold.value
        self.threshold_ = float(trained if limit is None else limit)
        self.offset_ = -self.threshold_
        self.decision_scores_ = result.score.astype(np.float64)
        self.labels_ = result.alarm.astype(np.int64)
        return self

    def score_samples(self, X: Any) -> Float64:  # noqa: N803
        """Returns a figure a row, (T,); the lower, the less normal."""
        return -self._checked(X).score.astype(np.float64)

    def decision_function(self, X: Any) -> Float64:  # noqa: N803
        """Returns a figure a row, (T,), below 0 where a row by itself is above the threshold."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> Any:  # noqa: N803
        """Returns -1 for each row that is an outlier and 1 for each other, (T,)."""
        return np.where(self._checked(X).alarm, -1, 1)

    def __getstate__(self) -> dict[str, Any]:
        """The state is the capsule's bytes; a session of onnxruntime has none to keep."""
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_detector"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Opens the capsule again, checked as any capsule is."""
        super().__setstate__(state)
        if "capsule_" in state:
            self._detector = Detector.from_bytes(self.capsule_, str(self.capsule))

    def _checked(self, X: Any) -> Result:  # noqa: N803
        check_is_fitted(self)
        return self._result(validate_data(self, X, dtype=np.float64, reset=False))

    def _result(self, rows: Float64) -> Result:
        with _as_value_errors():
            asked = f"tail({self.budget},{self.period:g}s)" if self.budget else _ROW_BY_ROW
            return self._detector.score(rows, threshold=asked, threads=self.threads)


@contextmanager
def _as_value_errors() -> Iterator[None]:
    """Raises what is wrong with a call as scikit-learn's callers expect it."""
    try:
        yield
    except StillwatchError as error:
        raise ValueError(str(error)) from error
