"""Names for the array types that the signatures use."""

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["AnyArray", "Bool", "Float32", "Float64"]

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]
AnyArray = npt.NDArray[Any]
