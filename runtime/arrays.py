"""Names for the array types that the signatures use, and for what single precision holds."""

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["LARGEST", "SMALLEST", "AnyArray", "Bool", "Float32", "Float64"]

# Of float32: what is fed to a graph is no larger, and what divides in one no smaller.
LARGEST = float(np.finfo(np.float32).max)
SMALLEST = float(np.finfo(np.float32).tiny)

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]
AnyArray = npt.NDArray[Any]
