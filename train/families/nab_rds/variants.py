"""Variants of the single-feature recipe, one thing changed at a time: what each choice is worth.

For comparison only: a variant has no checkpoint and no capsule. The recipe
that ships is nab_rds.py, and the first variant is that recipe.
"""

from dataclasses import dataclass

import numpy as np

from stillwatch.runtime.alarms.thresholds import mean_plus_sigmas
from stillwatch.runtime.arrays import Bool, Float32, Float64
from stillwatch.runtime.scoring.distance import squared_error
from stillwatch.train.data.mxnet_compat import mx
from stillwatch.train.data.sets.series import LabelledSeries
from stillwatch.train.families.nab_rds.sequences import (
    SequenceOptions,
    sequences,
    standardised,
    train_on_sequences,
)
from stillwatch.train.loop.fit import to_nd

__all__ = ["Variant", "alarms"]

_VALIDATION, _SIGMAS = 0.2, 3.0
_INITIALIZERS = {
    "xavier": mx.init.Xavier,
    "uniform": mx.init.Uniform,
    "normal": mx.init.Normal,
    "orthogonal": mx.init.Orthogonal,
}
_LOSSES = {"L2": mx.gluon.loss.L2Loss, "L1": mx.gluon.loss.L1Loss, "Huber": mx.gluon.loss.HuberLoss}


@dataclass(frozen=True, kw_only=True)
class Variant:
    """The recipe's choices; the defaults are the published ones.

    activation: of the dense layer, "" for none. dropout: after the LSTM.
    batch: how many consecutive values are fed as one sequence.
    """

    units: int = 1
    layers: int = 1
    activation: str = "tanh"
    dropout: float = 0.0
    batch: int = 48
    learning_rate: float = 0.01
    optimizer: str = "sgd"
    initializer: str = "xavier"
    epochs: int = 15
    loss: str = "L2"
    masked: bool = True


def alarms(train: LabelledSeries, test: LabelledSeries, variant: Variant, seed: int) -> Bool:
    """Returns the alarms (T,) on the test series of a network trained by a variant.

    As published otherwise: each series is standardised by itself, and the
    threshold is mean + 3 deviations of the errors of the whole training series.
    """
    scaled, _ = standardised(train.masked() if variant.masked else train.values)
    split = int(len(scaled) * (1 - _VALIDATION))
    net = _network(variant)
    train_on_sequences(
        net,
        scaled[:split],
        scaled[split:],
        SequenceOptions(
            seed=seed,
            window=variant.batch,
            epochs=variant.epochs,
            optimizer=variant.optimizer,
            learning_rate=variant.learning_rate,
            initializer=_INITIALIZERS[variant.initializer](),
            loss=_LOSSES[variant.loss](),
        ),
    )
    threshold = mean_plus_sigmas(_scores(net, scaled, variant), _SIGMAS).value
    of_test, _ = standardised(test.values)
    alarm: Bool = _scores(net, of_test, variant) > threshold
    return alarm


def _network(variant: Variant) -> mx.gluon.nn.HybridSequential:
    net = mx.gluon.nn.HybridSequential()
    net.add(mx.gluon.rnn.LSTM(variant.units, num_layers=variant.layers, input_size=1))
    if variant.dropout:
        net.add(mx.gluon.nn.Dropout(variant.dropout))
    activation = variant.activation or None
    net.add(mx.gluon.nn.Dense(1, activation=activation, flatten=False, in_units=variant.units))
    return net


def _scores(net: mx.gluon.nn.HybridSequential, scaled: Float32, variant: Variant) -> Float64:
    """Returns the squared error (T,) of each value."""
    parts = [net(to_nd(part)).asnumpy()[:, 0] for part in sequences(scaled, variant.batch)]
    scores: Float64 = squared_error(scaled, np.concatenate(parts))
    return scores
