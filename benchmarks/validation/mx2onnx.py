"""MXNet's own ONNX exporter as a witness: the same network by a graph that is not ours.

It was last touched for the onnx of 2021. Three repairs let it run: the
module `onnx.mapping`, which it reads its types from and onnx has dropped;
the opset, which it stamps with the newest that the installed onnx knows
while its nodes are those of 13; and the format version likewise. Networks
of two layers whose input is narrower than their units it slices wrongly, and
the graph does not run: that is its own, and is reported.
"""

import importlib
import logging
import sys
import tempfile
import types
import warnings
from pathlib import Path

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Float32
from stillwatch.runtime.errors import ExtraError

__all__ = ["run_mx2onnx"]

_OPSET, _IR = 13, 8
_BATCH = 38  # its graphs have one batch size for life
_ERRORS_ONLY, _NOTHING = 3, 4


def run_mx2onnx(checkpoint: Path, windows: Float32) -> AnyArray:
    """Returns the reconstruction (N, T, C) of windows (N, T, C) by the graph that MXNet exports.

    Raises ExtraError where MXNet is not installed, or its graph does not run.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = _NOTHING
    missing = -len(windows) % _BATCH
    filled = np.concatenate([windows, np.zeros((missing, *windows.shape[1:]), np.float32)])
    try:
        content = _export(checkpoint, (windows.shape[1], _BATCH, windows.shape[2]))
        session = onnxruntime.InferenceSession(content, options)
        (port,) = (port.name for port in session.get_inputs())
        parts = [
            session.run(None, {port: filled[start : start + _BATCH].transpose(1, 0, 2)})[0]
            for start in range(0, len(filled), _BATCH)
        ]
    except ExtraError:
        raise
    except Exception as error:  # whatever a graph of unknown make may raise
        raise ExtraError(
            f"its graph does not run: {' '.join(str(error).split())[-160:]}"
        ) from error
    decoded: AnyArray = np.concatenate([np.asarray(part) for part in parts], axis=1)
    return decoded.transpose(1, 0, 2)[: len(windows)]  # TNC -> NTC


def _export(checkpoint: Path, shape: tuple[int, int, int]) -> bytes:
    """Returns the exported graph's bytes, for steps (T, N, C) of this shape."""
    import onnx

    from stillwatch.benchmarks.latency.engines.mxnet import network
    from stillwatch.train.data.mxnet_compat import mx

    _restore_mapping()
    net = network(checkpoint)
    net.hybridize()
    net(mx.nd.zeros(shape))
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            exporter = importlib.import_module(f"{mx.__name__}.onnx")
            place = f"{scratch}/net"
            net.export(place, 0)
            exporter.export_model(
                f"{place}-symbol.json", f"{place}-0000.params", [shape], np.float32, f"{place}.onnx"
            )
        finally:
            logging.disable(logging.NOTSET)
        model = onnx.load(f"{place}.onnx")
    model.ir_version = _IR
    model.opset_import[0].version = _OPSET
    return bytes(model.SerializeToString())


def _restore_mapping() -> None:
    """Puts back the module `onnx.mapping`, made from what took its place."""
    import onnx

    if "onnx.mapping" not in sys.modules:
        kinds = [np.dtype(n) for n in ("float16", "float32", "float64", "int8", "int32", "int64")]
        mapping = types.ModuleType("onnx.mapping")
        numbers = {kind: onnx.helper.np_dtype_to_tensor_dtype(kind) for kind in kinds}
        vars(mapping)["NP_TYPE_TO_TENSOR_TYPE"] = numbers
        vars(mapping)["TENSOR_TYPE_TO_NP_TYPE"] = {n: kind for kind, n in numbers.items()}
        sys.modules["onnx.mapping"] = vars(onnx)["mapping"] = mapping
