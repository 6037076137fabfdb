"""What this machine can do on so many threads: matrix products, and reading memory."""

import time
from collections.abc import Callable
from functools import partial

import numpy as np

from stillwatch.benchmarks.latency.cards.card import Peaks

__all__ = ["measure_peaks", "read_peak"]

_GEMM = 1024  # rows and columns: 12 MiB in all, far past where overheads show
_SETS = (2**16, 2**18, 2**20, 2**22, 2**28)  # bytes: from the first cache to main memory


def measure_peaks(seconds: float = 0.3) -> Peaks:
    """Returns the best rates that were seen; threads are as the environment has them.

    GEMM by NumPy's BLAS in single precision; reading by its dot product of an
    array with itself, the fastest there is that does nothing else.
    """
    generator = np.random.default_rng(0)
    a, b = (generator.random((_GEMM, _GEMM), np.float32) for _ in range(2))
    out = np.empty_like(a)
    gemm = 2 * _GEMM**3 / _fastest(partial(np.matmul, a, b, out=out), seconds)
    reads = {}
    for size in _SETS:
        values = np.ones(size // 4, np.float32)
        reads[str(size)] = round(size / _fastest(partial(np.dot, values, values), seconds) / 1e9, 2)
    return Peaks(gemm_gflops=round(gemm / 1e9, 2), read_gb_s=reads)


def read_peak(peaks: Peaks, size: int) -> float:
    """Returns the rate of reading over `size` bytes again and again, in GB/s."""
    rates = sorted((int(of), rate) for of, rate in peaks.read_gb_s.items())
    return next((rate for of, rate in rates if of >= size), rates[-1][1])


def _fastest(task: Callable[[], object], seconds: float) -> float:
    """Returns the seconds of the fastest call."""
    task()
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        begin = time.perf_counter()
        task()
        best = min(best, time.perf_counter() - begin)
    return best
