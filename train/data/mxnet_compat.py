"""The one place that imports MXNet, after making today's Python look as MXNet 1.9.1 expects.

MXNet is retired; its last release reads `numpy.bool`, removed in NumPy 1.24,
and imports `distutils`, removed in Python 3.12. setuptools brings a copy of
the latter, found once setuptools itself has been imported. NumPy 2 has
removed more than can be put back, so NumPy stays at 1.26.

    from stillwatch.train.data.mxnet_compat import mx
"""

import sys
import warnings

import numpy as np

from stillwatch.runtime.errors import ExtraError

__all__ = ["mx"]

_HOW = "pip install 'stillwatch[train]' on CPython 3.11 or 3.12"

if np.lib.NumpyVersion(np.__version__) >= "2.0.0":
    raise ExtraError(f"MXNet 1.9.1 wants numpy 1.26, got numpy {np.__version__}; {_HOW}")

with warnings.catch_warnings():
    # numpy warns of names that MXNet merely lists (mirr, np.bool); nothing here uses them.
    warnings.simplefilter("ignore")
    if "bool" not in vars(np):
        np.bool = np.bool_  # type: ignore[attr-defined]
    try:
        if sys.version_info >= (3, 12):
            import setuptools  # noqa: F401  (supplies distutils)
        import mxnet as mx
    except (ImportError, OSError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise ExtraError(f"MXNet 1.9.1 does not import here ({reason}); {_HOW}") from error
