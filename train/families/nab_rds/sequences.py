"""What the single-feature recipe and its variants share: standardise, cut, train."""

from dataclasses import dataclass

import numpy as np
from sklearn.preprocessing import StandardScaler

from stillwatch.runtime.arrays import Float32, Float64
from stillwatch.runtime.scoring.scaling import Moments
from stillwatch.train.data.mxnet_compat import mx
from stillwatch.train.loop.fit import fit, seed_everything

__all__ = ["SequenceOptions", "sequences", "standardised", "train_on_sequences"]


@dataclass(frozen=True, kw_only=True)
class SequenceOptions:
    """How a network is trained; initializer: by default Xavier. loss: as for `fit`."""

    seed: int
    window: int
    epochs: int
    optimizer: str
    learning_rate: float
    initializer: mx.init.Initializer | None = None
    loss: mx.gluon.loss.Loss | None = None


def standardised(values: Float64) -> tuple[Float32, Moments]:
    """Returns values (T,) in scaled units, (T, 1), and their mean and deviation."""
    # As published, and checkpoints hold its last digits: series_moments rounds otherwise.
    scaler = StandardScaler().fit(values[:, None])
    scaled: Float32 = scaler.transform(values[:, None]).astype(np.float32)
    return scaled, Moments(scaler.mean_[None], scaler.scale_[None])


def sequences(scaled: Float32, window: int) -> list[Float32]:
    """Returns consecutive values as sequences (window, 1, 1), TNC; the last may be shorter."""
    return [scaled[i : i + window, None] for i in range(0, len(scaled), window)]


def train_on_sequences(
    net: mx.gluon.HybridBlock,
    training: Float32,
    validation: Float32,
    options: SequenceOptions,
    *,
    progress: str | None = None,
) -> dict[str, list[float]]:
    """Initializes and trains `net`, one sequence of `window` values a step; returns its curves.

    training, validation: scaled values (T, 1), each cut from its own first
    value. progress: as for `fit`.
    """
    window = options.window
    seed_everything(options.seed)
    net.initialize(options.initializer or mx.init.Xavier())
    net.hybridize()
    rate = {"learning_rate": options.learning_rate}
    trainer = mx.gluon.Trainer(net.collect_params(), options.optimizer, rate)
    return fit(
        net,
        sequences(training, window),
        sequences(validation, window),
        trainer=trainer,
        step_size=window,
        epochs=options.epochs,
        progress=progress,
        loss=options.loss,
    )
