"""onnxruntime on a windowed network alone, as the other engines have it: no scaling, no score.

The form is what export chooses: small networks read two windows of a batch as
one sequence, wherever they come in pairs.
"""

from pathlib import Path

import numpy as np

from stillwatch.benchmarks.latency.engines.base import (
    Engine,
    Run,
    network_alone,
    plain_session,
    write_model,
)
from stillwatch.benchmarks.latency.engines.onnxruntime import TOLERANCE, WHY, start
from stillwatch.runtime.arrays import AnyArray, Float32

__all__ = ["ENGINE"]

_PACKED = "packed-{}"  # folders beside the plain form's, by windows in one sequence


def _prepare(checkpoint: Path, folder: Path) -> Path:
    from stillwatch.benchmarks.latency.shipped.network_graph import network_graph
    from stillwatch.export.families.table import family_of
    from stillwatch.export.graph.packing import PACKED
    from stillwatch.runtime.errors import InputError
    from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig

    loaded, weights = network_alone(checkpoint)
    config = loaded.config
    if not isinstance(config, RepeatVectorConfig) or config.channels != "independent":
        raise InputError(
            "of the repeat-vector family alone; a causal network's is onnxruntime-operator"
        )
    network = family_of(loaded).network(config, weights)
    packed = PACKED.get((config.units, config.segment), 1)
    if packed > 1:
        inner = folder / _PACKED.format(packed)
        write_model(inner, network_graph(config, network, packed))
    return write_model(folder, network_graph(config, network, 1))


def _load(path: Path, threads: int) -> Run:
    files = {1: path}
    for packed in path.parent.glob(_PACKED.format("*")):
        files[int(packed.name.rpartition("-")[2])] = packed / path.name
    sessions = {
        count: plain_session(file, threads) for count, file in sorted(files.items(), reverse=True)
    }

    def run(windows: Float32) -> AnyArray:
        most = next(count for count in sessions if len(windows) % count == 0)
        return np.asarray(sessions[most].run(None, {"values": windows})[0])

    return run


ENGINE = Engine(
    name="onnxruntime-network",
    package="onnxruntime",
    tolerance=TOLERANCE,
    why=WHY,
    start=start,
    prepare=_prepare,
    load=_load,
    roles=("shipped",),
)
