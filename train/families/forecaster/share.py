"""The linear half put into the network, and its share in the forecast chosen by validation."""

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Float32
from stillwatch.train.data.mxnet_compat import mx
from stillwatch.train.families.forecaster.network import Direct
from stillwatch.train.families.forecaster.ridge import Linear
from stillwatch.train.families.forecaster.samples import ForecastSamples
from stillwatch.train.loop.fit import to_nd

__all__ = ["answers", "set_linear", "set_share"]

_BATCH = 256  # windows a call: bounds memory


def answers(net: mx.gluon.Block, samples: ForecastSamples) -> Float32:
    """Returns a network's forecasts (N, H, C) of all samples, scaled units."""
    parts = []
    for start in range(0, len(samples), _BATCH):
        numbers = np.arange(start, min(start + _BATCH, len(samples)))
        parts.append(net(*map(to_nd, samples.inputs(numbers))).asnumpy())
    return np.concatenate(parts)


def set_linear(net: Direct, linear: Linear) -> None:
    """Gives the network a linear half that was solved beside it."""
    for layer, factor in zip(net.linear, reversed(linear.factors), strict=True):
        layer.weight.set_data(_single(factor))
    net.linear[-1].bias.set_data(_single(linear.bias))


def set_share(net: Direct, validation: ForecastSamples) -> float:
    """Gives the LSTM the share of least squared error on validation windows, and returns it.

    The share s in [0, 1] of s * lstm + (1 - s) * linear, by least squares.
    """
    _fill_share(net, 1.0)
    of_lstm = answers(net, validation)
    _fill_share(net, 0.0)
    of_linear = answers(net, validation)
    wanted = validation.targets(np.arange(len(validation)))
    apart = (of_lstm - of_linear).astype(np.float64)
    share = float(((wanted - of_linear) * apart).sum() / max(np.square(apart).sum(), 1e-30))
    share = min(max(share, 0.0), 1.0)
    _fill_share(net, share)
    return share


def _fill_share(net: Direct, share: float) -> None:
    net.share.set_data(_single(np.full(net.share.shape, share)))


def _single(array: AnyArray) -> mx.nd.NDArray:
    return to_nd(array.astype(np.float32))
