"""Makes the small files of TensorFlow's Keras 2, tf2onnx and skl2onnx that importing reads.

    python tests/support/tf2onnx_files.py FOLDER

Run by hand, for tests/export/importing/files, in an environment of its own with
tensorflow-cpu 2.15, tf2onnx 1.17, skl2onnx 1.20, scikit-learn and onnx 1.16
(TensorFlow wants another NumPy and protobuf than MXNet); it needs nothing of
stillwatch. Each file lies beside `NAME.answers.npz`: values (N, T, C), and what
TensorFlow answered, or onnxruntime for the pipeline.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import tensorflow as tf
import tf2onnx
from skl2onnx import convert_sklearn, update_registered_converter
from skl2onnx.algebra import onnx_ops as ops
from skl2onnx.common.data_types import FloatTensorType
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

WINDOW, CHANNELS, UNITS, OPSET = 12, 3, 4, 17
layer = tf.keras.layers


def made(*layers: Any) -> Any:
    model = tf.keras.Sequential([tf.keras.Input((WINDOW, CHANNELS)), *layers])
    drawn = np.random.default_rng(1)
    for one in model.layers:
        one.set_weights([drawn.normal(0, 0.4, w.shape) for w in one.get_weights()])
    return model


def lstm(units: int, **options: Any) -> Any:
    return layer.LSTM(units, **options)


def tensorflow(folder: Path, values: Any) -> None:
    repeat = layer.RepeatVector
    models = {
        "tf2onnx": made(
            lstm(UNITS), repeat(WINDOW), lstm(UNITS, return_sequences=True), layer.Dense(CHANNELS)
        ),
        "tf2onnx-four-layers": made(
            lstm(6, return_sequences=True),
            lstm(UNITS),
            repeat(WINDOW),
            lstm(UNITS, return_sequences=True),
            lstm(6, return_sequences=True),
            layer.TimeDistributed(layer.Dense(CHANNELS, activation="tanh")),
        ),
        "tf2onnx-both-directions": made(
            layer.Bidirectional(lstm(UNITS)),
            repeat(WINDOW),
            lstm(UNITS, return_sequences=True),
            layer.Dense(CHANNELS),
        ),
    }
    hard = {"recurrent_activation": "hard_sigmoid"}
    models["keras2-hard-sigmoid"] = made(
        lstm(UNITS, **hard), repeat(WINDOW), lstm(UNITS, return_sequences=True, **hard),
        layer.Dense(CHANNELS),
    )  # fmt: skip
    for ending in (".h5", ".keras"):
        models["keras2-hard-sigmoid"].save(folder / f"keras2-hard-sigmoid{ending}")
    for name, model in models.items():
        signature = (tf.TensorSpec((None, WINDOW, CHANNELS), tf.float32, name="input"),)
        proto, _ = tf2onnx.convert.from_keras(model, input_signature=signature, opset=OPSET)
        onnx.save(proto, folder / f"{name}.onnx")
        answers = model.predict(values, verbose=0)
        np.savez(folder / f"{name}.answers.npz", values=values, answers=answers)


class Recurrent(BaseEstimator, TransformerMixin):
    """A scikit-learn step around an LSTM and a dense layer, for rows (N * T, C)."""

    def __init__(self, weights: Any = None) -> None:
        self.weights = weights

    def fit(self, _rows: Any, _target: Any = None) -> "Recurrent":
        return self

    def transform(self, rows: Any) -> Any:
        return rows


def shapes(operator: Any) -> None:
    operator.outputs[0].type = FloatTensorType([None, CHANNELS])


def convert(scope: Any, operator: Any, container: Any) -> None:
    w, r, b, dense, bias = operator.raw_operator.weights
    shape = np.array([-1, WINDOW, CHANNELS], np.int64)
    windows = ops.OnnxReshape(operator.inputs[0], shape, op_version=OPSET)
    steps = ops.OnnxTranspose(windows, perm=[1, 0, 2], op_version=OPSET)
    hidden = ops.OnnxLSTM(steps, w, r, b, hidden_size=UNITS, op_version=OPSET)[0]
    hidden = ops.OnnxSqueeze(hidden, np.array([1], np.int64), op_version=OPSET)
    hidden = ops.OnnxTranspose(hidden, perm=[1, 0, 2], op_version=OPSET)
    rows = ops.OnnxReshape(hidden, np.array([-1, UNITS], np.int64), op_version=OPSET)
    product = ops.OnnxMatMul(rows, dense, op_version=OPSET)
    ops.OnnxAdd(
        product, bias, op_version=OPSET, output_names=[operator.outputs[0].full_name]
    ).add_to(scope, container)


def pipeline(folder: Path, values: Any) -> None:
    update_registered_converter(Recurrent, "Recurrent", shapes, convert)
    drawn = np.random.default_rng(2)
    weights = [
        drawn.normal(0, 0.5, shape).astype(np.float32)
        for shape in (
            (1, 4 * UNITS, CHANNELS), (1, 4 * UNITS, UNITS), (1, 8 * UNITS),
            (UNITS, CHANNELS), (CHANNELS,),
        )
    ]  # fmt: skip
    rows = drawn.normal([20, 30, 40], [2, 3, 4], (400, CHANNELS))
    steps = Pipeline([("scaler", StandardScaler()), ("lstm", Recurrent(weights))]).fit(rows)
    types = [("rows", FloatTensorType([None, CHANNELS]))]
    proto = convert_sklearn(steps, initial_types=types, target_opset=OPSET)
    onnx.save(proto, folder / "skl2onnx.onnx")
    session = onnxruntime.InferenceSession(proto.SerializeToString())
    scaler = steps.named_steps["scaler"]
    given = (values * scaler.scale_ + scaler.mean_).reshape(-1, CHANNELS)
    (answers,) = session.run(None, {"rows": given.astype(np.float32)})
    np.savez(folder / "skl2onnx.answers.npz", values=values, answers=answers.reshape(values.shape))


def main(folder: Path) -> None:
    drawn = np.random.default_rng(0).normal(0, 1, (5, WINDOW, CHANNELS)).astype(np.float32)
    tensorflow(folder, drawn)
    pipeline(folder, drawn)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
