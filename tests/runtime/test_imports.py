"""What an edge process imports for a score: nothing that a score does not need."""

import subprocess
import sys

import pytest

# Beyond what NumPy and onnxruntime import themselves; each costs a cold start milliseconds. Some
# that were here once came in by a helper for one line, which is how the next one will.
_NOT_NEEDED = frozenset(
    """
argparse asyncio bz2 concurrent.futures csv ctypes.util difflib doctest email gzip html http
importlib.metadata importlib.resources logging lzma multiprocessing optparse pdb pickle pydoc
queue shutil smtplib socket sqlite3 ssl statistics subprocess tarfile tempfile tomllib traceback
unittest urllib.request uuid xml zipfile zoneinfo matplotlib mxnet onnx pandas polars scipy
sklearn torch stillwatch.runtime.cli stillwatch.runtime.report stillwatch.runtime.serve
stillwatch.runtime.watch stillwatch.runtime.tables stillwatch.runtime.forecasting
stillwatch.runtime.spark stillwatch.runtime.mqtt stillwatch.train stillwatch.export
""".split()  # noqa: SIM905  (a name a line would be a page)
)
_SCORE = """
from stillwatch.runtime import Detector
import numpy as np
detector = Detector.load("nab-rds-online")
detector.score(20 + np.arange(400) % 7.0)
"""
_STREAM = """
stream = detector.stream()
for value in range(300):
    stream.update(20 + value % 7)
windowed = Detector.load("smd-segments")
windowed.score(np.ones((100, 38)))
windowed.fleet(2).update(np.ones((2, 38)))
"""


def imported(code: str) -> set[str]:
    code += "\nimport sys\nprint(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.fixture(scope="module")
def beneath() -> set[str]:
    """What the two libraries bring along, which is not ours to choose."""
    return imported("import numpy, onnxruntime")


@pytest.mark.parametrize("code", [_SCORE, _SCORE + _STREAM], ids=["score", "streams"])
def test_a_score_imports_nothing_that_it_does_not_need(code: str, beneath: set[str]) -> None:
    assert sorted((imported(code) - beneath) & _NOT_NEEDED) == []


def test_what_is_looked_for_would_be_seen(beneath: set[str]) -> None:
    names = "concurrent.futures, logging, zipfile"
    seen = (imported(f"{_SCORE}\nimport {names}") - beneath) & _NOT_NEEDED
    assert seen >= set(names.split(", "))
