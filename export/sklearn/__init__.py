"""`stillwatch.sklearn`: a calibrated network as scikit-learn's users expect a detector."""

from stillwatch.sklearn.detector import CalibratedDetector

__all__ = ["CalibratedDetector"]
