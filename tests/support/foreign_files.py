"""Makes the small files of other frameworks that the tests of importing read.

    PYTHONPATH=tests KERAS_BACKEND=torch python -m support.foreign_files FOLDER [gluon ...]

Run by hand, for tests/export/importing/files, where MXNet, PyTorch, safetensors
and Keras are installed; what it made is committed, each file beside
`NAME.answers.npz`: values (N, T, C) and what the framework itself answered.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.runtime.arrays import Float32
from stillwatch.train.data.mxnet_compat import mx

WINDOW, CHANNELS, UNITS = 12, 3, 4


def values(channels: int) -> Float32:
    drawn = np.random.default_rng(0).normal(0, 1, (5, WINDOW, channels))
    return drawn.astype(np.float32)


def write_answers(folder: Path, name: str, given: Float32, answers: Any) -> None:
    np.savez(folder / f"{name}.answers.npz", values=given, answers=np.asarray(answers, np.float32))


class GluonAutoencoder(mx.gluon.HybridBlock):
    """As somebody would write it: other names than ours, two layers a side."""

    def __init__(self) -> None:
        super().__init__()
        with self.name_scope():
            self.enc = mx.gluon.rnn.LSTM(UNITS, 2)
            self.dec = mx.gluon.rnn.LSTM(UNITS, 2)
            self.out = mx.gluon.nn.Dense(CHANNELS, flatten=False)

    def hybrid_forward(self, F: Any, x: Any) -> Any:  # noqa: N803
        hidden = self.enc(x)
        last = F.slice_axis(hidden, axis=0, begin=-1, end=None)
        return self.out(self.dec(F.broadcast_like(last, hidden, lhs_axes=(0,), rhs_axes=(0,))))


def gluon(folder: Path) -> None:
    net = mx.gluon.nn.HybridSequential()
    net.add(mx.gluon.rnn.LSTM(1), mx.gluon.nn.Dense(1, activation="tanh", flatten=False))
    both = {"article": (net, values(1)), "gluon-two-layers": (GluonAutoencoder(), values(CHANNELS))}
    for name, (block, given) in both.items():
        block.initialize()
        block.hybridize()
        block(mx.nd.array(given.transpose(1, 0, 2)))  # which gives its weights their shapes
        drawn = np.random.default_rng(3)
        for parameter in block.collect_params().values():  # biases too, which Gluon sets to zero
            parameter.set_data(mx.nd.array(drawn.normal(0, 1, parameter.shape)))
        answers = block(mx.nd.array(given.transpose(1, 0, 2))).asnumpy().transpose(1, 0, 2)
        block.save_parameters(str(folder / f"{name}.params"))
        block.collect_params().save(str(folder / f"{name}-collected.params"))
        block.export(str(folder / f"{name}-exported"))
        arrays = {n: p.data().asnumpy() for n, p in block._collect_params_with_prefix().items()}
        np.savez(folder / f"{name}.npz", **arrays)
        write_answers(folder, name, given, answers)


def pytorch(folder: Path) -> None:
    import torch
    from safetensors.torch import save_file

    class LSTMAutoencoder(torch.nn.Module):
        """The sensor article's: batch first, the decoder begun from (h, c)."""

        def __init__(self) -> None:
            super().__init__()
            self.encoder = torch.nn.LSTM(CHANNELS, UNITS, 2, batch_first=True)
            self.decoder = torch.nn.LSTM(UNITS, UNITS, 2, batch_first=True)
            self.fc = torch.nn.Linear(UNITS, CHANNELS)

        def forward(self, x: Any) -> Any:
            _, (h, c) = self.encoder(x)
            repeated = h[-1:].transpose(0, 1).expand(-1, x.shape[1], -1)
            return self.fc(self.decoder(repeated, (h, c))[0])

    torch.manual_seed(0)
    module = LSTMAutoencoder().eval()
    given = values(CHANNELS)
    with torch.no_grad():
        write_answers(folder, "sensor", given, module(torch.from_numpy(given)).numpy())
    torch.save(module.state_dict(), folder / "sensor.pt")
    lightning = {f"model.{name}": tensor for name, tensor in module.state_dict().items()}
    torch.save({"state_dict": lightning, "epoch": 3}, folder / "sensor-lightning.ckpt")
    parallel = {f"module.{name}": t.contiguous() for name, t in module.state_dict().items()}
    save_file(parallel, folder / "sensor.safetensors")
    torch.onnx.export(
        module,
        (torch.from_numpy(given),),
        folder / "sensor.onnx",
        dynamo=False,
        opset_version=17,
    )


def keras(folder: Path) -> None:
    import keras as k

    layer = k.layers

    def made(*layers: Any) -> Any:
        model = k.Sequential([k.Input((WINDOW, CHANNELS)), *layers])
        drawn = np.random.default_rng(1)
        for one in model.layers:
            one.set_weights([drawn.normal(0, 0.4, w.shape) for w in one.get_weights()])
        return model

    def lstm(units: int, **options: Any) -> Any:
        return layer.LSTM(units, **options)

    def dense(**options: Any) -> Any:
        return layer.TimeDistributed(layer.Dense(CHANNELS, **options))

    makers: dict[str, Callable[[], Any]] = {
        "keras": lambda: made(
            lstm(UNITS), layer.RepeatVector(WINDOW), lstm(UNITS, return_sequences=True), dense()
        ),
        "keras-four-layers": lambda: made(
            lstm(6, return_sequences=True, activation="relu"),
            layer.Dropout(0.2),
            lstm(UNITS),
            layer.RepeatVector(WINDOW),
            lstm(UNITS, return_sequences=True),
            lstm(6, return_sequences=True, recurrent_activation="hard_sigmoid"),
            dense(),
        ),
        "keras-both-directions": lambda: made(
            layer.Bidirectional(lstm(UNITS)),
            layer.RepeatVector(WINDOW),
            lstm(UNITS, return_sequences=True, use_bias=False),
            dense(activation="tanh"),
        ),
    }
    given = values(CHANNELS)
    for name, make in makers.items():
        model = make()
        model.save(folder / f"{name}.keras")
        model.save_weights(folder / f"{name}.weights.h5")
        model.save(folder / f"{name}.h5")
        write_answers(folder, name, given, model.predict(given, verbose=0))


if __name__ == "__main__":
    where = Path(sys.argv[1])
    where.mkdir(parents=True, exist_ok=True)
    for make in (gluon, pytorch, keras):
        if make.__name__ in sys.argv[2:] or len(sys.argv) == 2:
            make(where)
