"""The articles' own networks, trained and saved by their own frameworks."""

from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.export.importing.understood import Options
from stillwatch.runtime.arrays import Float32
from stillwatch.train.data.mxnet_compat import mx

EPOCHS, BATCH, UNITS = 3, 32, 12
Files = list[tuple[str, Options]]


def batches(windows: Float32) -> list[Float32]:
    order = np.random.default_rng(0).permutation(len(windows))
    return [windows[order[i : i + BATCH]] for i in range(0, len(windows) - BATCH + 1, BATCH)]


class GluonEncoderDecoder(mx.gluon.HybridBlock):
    """Two layers a side, under names of its author's."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        with self.name_scope():
            self.enc = mx.gluon.rnn.LSTM(UNITS, 2)
            self.dec = mx.gluon.rnn.LSTM(UNITS, 2)
            self.out = mx.gluon.nn.Dense(channels, flatten=False)

    def hybrid_forward(self, F: Any, x: Any) -> Any:  # noqa: N803
        hidden = self.enc(x)
        last = F.slice_axis(hidden, axis=0, begin=-1, end=None)
        return self.out(self.dec(F.broadcast_like(last, hidden, lhs_axes=(0,), rhs_axes=(0,))))


def mxnet_files(folder: Path, windows: Float32) -> Files:
    """Returns the files of a Gluon network: the article's Sequential for one channel."""
    channels, window = windows.shape[2], windows.shape[1]
    mx.random.seed(0)
    if channels == 1:
        name, net = "article", mx.gluon.nn.HybridSequential()
        net.add(mx.gluon.rnn.LSTM(1), mx.gluon.nn.Dense(1, activation="tanh", flatten=False))
    else:
        name, net = "two-layers", GluonEncoderDecoder(channels)
    net.initialize()
    net.hybridize()
    trainer, loss = None, mx.gluon.loss.L2Loss()
    for _ in range(EPOCHS):
        for batch in batches(windows):
            steps = mx.nd.array(batch.transpose(1, 0, 2))
            with mx.autograd.record():
                off = loss(net(steps), steps)
            off.backward()
            trainer = trainer or mx.gluon.Trainer(
                net.collect_params(), "adam", {"learning_rate": 0.01}
            )
            trainer.step(batch.shape[0] * window)
    net.save_parameters(str(folder / f"{name}.params"))
    net.collect_params().save(str(folder / f"{name}-collected.params"))
    net.export(str(folder / f"{name}-exported"))
    family = None if channels == 1 else "repeat-vector"
    options = Options(window=window, family=family)
    endings = (".params", "-collected.params", "-exported-symbol.json")
    return [(f"{name}{ending}", options) for ending in endings]


def torch_files(folder: Path, windows: Float32) -> Files:
    """Returns the files of the sensor article's PyTorch class."""
    import torch
    from safetensors.torch import save_file

    class LSTMAutoencoder(torch.nn.Module):
        def __init__(self, channels: int) -> None:
            super().__init__()
            self.encoder = torch.nn.LSTM(channels, UNITS, 2, batch_first=True)
            self.decoder = torch.nn.LSTM(UNITS, UNITS, 2, batch_first=True)
            self.fc = torch.nn.Linear(UNITS, channels)

        def forward(self, x: Any) -> Any:
            _, (h, c) = self.encoder(x)
            repeated = h[-1:].transpose(0, 1).expand(-1, x.shape[1], -1)
            return self.fc(self.decoder(repeated, (h, c))[0])

    torch.manual_seed(0)
    module = LSTMAutoencoder(windows.shape[2])
    optimizer = torch.optim.Adam(module.parameters(), 0.01)
    for _ in range(EPOCHS):
        for batch in batches(windows):
            steps = torch.from_numpy(batch)
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(module(steps), steps).backward()
            optimizer.step()
    state = module.state_dict()
    torch.save(state, folder / "sensor.pt")
    lightning = {f"model.{name}": tensor for name, tensor in state.items()}
    torch.save({"state_dict": lightning, "epoch": EPOCHS}, folder / "lightning.ckpt")
    save_file({name: t.contiguous() for name, t in state.items()}, folder / "sensor.safetensors")
    options = Options(window=windows.shape[1])
    return [(name, options) for name in ("sensor.pt", "lightning.ckpt", "sensor.safetensors")]


def keras_files(folder: Path, windows: Float32) -> Files:
    """Returns the files of the autoencoder that most people have, and of two variants of it."""
    import keras

    layer, (_, window, channels) = keras.layers, windows.shape
    keras.utils.set_random_seed(0)

    def lstm(units: int, **options: Any) -> Any:
        return layer.LSTM(units, **options)

    def dense() -> Any:
        return layer.TimeDistributed(layer.Dense(channels))

    repeat = layer.RepeatVector(window)
    stacks = {
        "autoencoder": [lstm(UNITS), repeat, lstm(UNITS, return_sequences=True), dense()],
        "four-layers": [
            lstm(24, return_sequences=True),
            lstm(UNITS),
            layer.RepeatVector(window),
            lstm(UNITS, return_sequences=True),
            lstm(24, return_sequences=True),
            dense(),
        ],
        "both-directions": [
            layer.Bidirectional(lstm(UNITS)),
            layer.RepeatVector(window),
            lstm(UNITS, return_sequences=True, activation="relu"),
            dense(),
        ],
    }
    files: Files = []
    for name, layers in stacks.items():
        model = keras.Sequential([keras.Input((window, channels)), *layers])
        model.compile("adam", "mse")
        model.fit(windows, windows, epochs=EPOCHS, batch_size=BATCH, verbose=0)
        model.save(folder / f"{name}.keras")
        model.save(folder / f"{name}.h5")
        files += [(f"{name}{ending}", Options()) for ending in (".keras", ".h5")]
    return files
