"""A causal forecaster as a detector on NAB: the pointwise residual of the judge, from its errors.

The network of the NAB table reads no recent value; here it is given the value
of one row before, or of twelve, and so forecasts that far ahead, with its
state carried along. Everything behind it is the same judge.
"""

import dataclasses
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from stillwatch.benchmarks.reproductions.cache import kept
from stillwatch.benchmarks.reproductions.nab.document import ByProfile, Row
from stillwatch.benchmarks.reproductions.nab.fleet import context_residuals
from stillwatch.benchmarks.reproductions.nab.run import Bench, control_rows, expected_by_network
from stillwatch.benchmarks.reproductions.nab.series import CLIP, Prepared, prepare
from stillwatch.benchmarks.reproductions.nab.summary import figures, row
from stillwatch.runtime.arrays import Float64
from stillwatch.train.data.sets import NAB_SERIES, load_nab

__all__ = ["nab_detection"]

_AHEAD = (1, 12)  # rows
_UNITS = 16


def nab_detection(seeds: int, out: Path) -> list[Row]:
    """Returns rows of NAB's official score; kept in `out`, so resumable."""
    series = [prepare(load_nab(name)) for name in NAB_SERIES]
    bench = Bench.of(series)
    rows = []
    for ahead in _AHEAD:
        known = [_with_recent(one, ahead) for one in series]
        result, parameters = [], 0
        for seed in range(seeds):
            expected, parameters = expected_by_network(
                known, _UNITS, seed, out / f"nab-forecaster{ahead}-{seed}.params"
            )
            judged = partial(_figures, bench, expected)
            result.append(kept(out / f"nab-forecast{ahead}-{seed}.json", judged))
        rows.append(row(f"LSTM forecaster, {_rows(ahead)} ahead", parameters, result))
    for ahead in _AHEAD:
        before = [_shifted(one, ahead) for one in series]
        judged = partial(_figures, bench, before)
        result = [kept(out / f"nab-last{ahead}.json", judged)]
        rows.append(row(f"last value, {_rows(ahead)} before", None, result))
    controls = kept(out / "nab-controls.json", lambda: control_rows(bench)[0])
    return rows + controls


def _figures(bench: Bench, expected: Sequence[Float64]) -> ByProfile:
    return figures(bench.judge(context_residuals(bench.series, expected)))


def _with_recent(one: Prepared, ahead: int) -> Prepared:
    recent = np.clip(_shifted(one, ahead), -CLIP, CLIP).astype(np.float32)
    return dataclasses.replace(one, inputs=np.column_stack([one.inputs, recent]))


def _shifted(one: Prepared, ahead: int) -> Float64:
    return np.concatenate([np.zeros(ahead), one.z[:-ahead]])


def _rows(count: int) -> str:
    return f"{count} row{'s' * (count > 1)}"
