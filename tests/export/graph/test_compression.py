"""The compression of features by plain operators, against NumPy in double precision."""

import numpy as np
import onnxruntime

from stillwatch.export.graph.builder import Graph
from stillwatch.export.graph.compression import compressed
from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.scoring.features import COMPRESSION

_ULPS = 8 * 2.0**-24  # a dozen roundings, of which few go the same way


def _compressed(numbers: AnyArray) -> AnyArray:
    graph = Graph()
    graph.input("signals", ["n"])
    graph.output(compressed(graph, "signals"), ["n"])
    session = onnxruntime.InferenceSession(
        graph.model("compression", "0").SerializeToString(), providers=["CPUExecutionProvider"]
    )
    answer: AnyArray = session.run(None, {"signals": numbers})[0]
    return answer


def test_every_size_keeps_its_digits() -> None:
    sizes = np.logspace(-15, 13, 50_001)  # beyond what is fed to a graph
    numbers = np.concatenate([sizes, -sizes]).astype(np.float32)
    expected = COMPRESSION * np.arcsinh(numbers.astype(np.float64) / COMPRESSION)
    assert np.abs(_compressed(numbers) / expected - 1).max() <= _ULPS


def test_zero_is_zero_and_signs_do_not_matter() -> None:
    numbers = np.linspace(0, 60, 1001, dtype=np.float32)
    positive, negative = _compressed(numbers), _compressed(-numbers)
    assert positive[0] == 0
    assert (positive == -negative).all()
    assert (np.diff(positive) > 0).all()


def test_what_is_no_number_stays_none() -> None:
    assert np.isnan(_compressed(np.array([np.nan], np.float32))).all()
