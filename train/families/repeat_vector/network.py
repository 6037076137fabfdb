"""The repeat-vector autoencoder: encoder, its last hidden state repeated, decoder."""

from stillwatch.train.data.mxnet_compat import mx
from stillwatch.train.families.repeat_vector.config import REACH, RepeatVectorConfig

__all__ = ["RepeatVector", "build"]

_LARGEST = 3e38  # of single precision, nearly


class RepeatVector(mx.gluon.HybridBlock):
    """LSTM encoder and decoder of `layers` layers each, then Dense(channels) at every step.

    Called with scaled values (T, N, C), gives their reconstruction (T, N, C).
    segment: rows at a step; the network then has C * segment values in and out,
    a row's channels side by side, and T is in whole segments.
    scale_free: the network sees each channel of a window divided by its size,
    max(1, largest magnitude / REACH), and its answer is multiplied by it.
    One bias vector a layer, as the published parameter counts have it: of
    Gluon's two, the recurrent one stays at zero and is not trained.
    """

    def __init__(
        self, *, channels: int, units: int, layers: int, segment: int = 1, scale_free: bool = False
    ) -> None:
        """A network that is not yet initialized."""
        super().__init__()
        self._segment, self._scale_free = segment, scale_free
        width = channels * segment
        with self.name_scope():
            self.encoder = mx.gluon.rnn.LSTM(units, layers, input_size=width)
            self.decoder = mx.gluon.rnn.LSTM(units, layers, input_size=units)
            self.dense = mx.gluon.nn.Dense(width, flatten=False, in_units=units)
        for block in (self.encoder, self.decoder):
            for name, parameter in block.collect_params().items():
                if name.endswith("h2h_bias"):
                    parameter.grad_req = "null"

    def hybrid_forward(self, F, values):  # type: ignore[no-untyped-def]  # noqa: N803
        """Gluon's own signature: F is mx.nd, or mx.sym once hybridized."""
        size = None
        if self._scale_free:
            largest = F.max(F.abs(values), axis=0, keepdims=True)
            size = F.clip(largest / REACH, a_min=1.0, a_max=_LARGEST)
            values = F.broadcast_div(values, size)
        if self._segment > 1:
            values = F.reshape(values, shape=(-4, -1, self._segment, 0, 0))  # TNC -> SwNC
            values = F.reshape(F.transpose(values, axes=(0, 2, 1, 3)), shape=(0, 0, -3))
        hidden = self.encoder(values)
        # Not SequenceLast: behind an LSTM its backward pass crashes MXNet 1.9.1.
        last = F.slice_axis(hidden, axis=0, begin=-1, end=None)
        repeated = F.broadcast_like(last, hidden, lhs_axes=(0,), rhs_axes=(0,))
        decoded = self.dense(self.decoder(repeated))
        if self._segment > 1:
            decoded = F.reshape(decoded, shape=(0, 0, -4, self._segment, -1))  # SN(wC) -> SNwC
            decoded = F.reshape(F.transpose(decoded, axes=(0, 2, 1, 3)), shape=(-3, 0, 0))
        return decoded if size is None else F.broadcast_mul(decoded, size)


def build(config: RepeatVectorConfig, channels: int) -> RepeatVector:
    """Returns the network of a configuration, not yet initialized; `channels` if joint."""
    width = 1 if config.channels == "independent" else channels
    return RepeatVector(
        channels=width,
        units=config.units,
        layers=config.layers,
        segment=config.segment,
        scale_free=config.scale_free,
    )
