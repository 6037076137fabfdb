"""The repeat-vector autoencoder: encoder, its last hidden state repeated, decoder."""

from stillwatch.train.data.mxnet_compat import mx
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig

__all__ = ["RepeatVector", "build"]


class RepeatVector(mx.gluon.HybridBlock):
    """LSTM encoder and decoder of `layers` layers each, then Dense(channels) at every step.

    Called with scaled values (T, N, C), gives their reconstruction (T, N, C).
    One bias vector a layer, as the published parameter counts have it: of
    Gluon's two, the recurrent one stays at zero and is not trained.
    """

    def __init__(self, *, channels: int, units: int, layers: int) -> None:
        """A network that is not yet initialized."""
        super().__init__()
        with self.name_scope():
            self.encoder = mx.gluon.rnn.LSTM(units, layers, input_size=channels)
            self.decoder = mx.gluon.rnn.LSTM(units, layers, input_size=units)
            self.dense = mx.gluon.nn.Dense(channels, flatten=False, in_units=units)
        for block in (self.encoder, self.decoder):
            for name, parameter in block.collect_params().items():
                if name.endswith("h2h_bias"):
                    parameter.grad_req = "null"

    def hybrid_forward(self, F, values):  # type: ignore[no-untyped-def]  # noqa: N803
        """Gluon's own signature: F is mx.nd, or mx.sym once hybridized."""
        hidden = self.encoder(values)
        # Not SequenceLast: behind an LSTM its backward pass crashes MXNet 1.9.1.
        last = F.slice_axis(hidden, axis=0, begin=-1, end=None)
        repeated = F.broadcast_like(last, hidden, lhs_axes=(0,), rhs_axes=(0,))
        return self.dense(self.decoder(repeated))


def build(config: RepeatVectorConfig, channels: int) -> RepeatVector:
    """Returns the network of a configuration, not yet initialized; `channels` if joint."""
    width = 1 if config.channels == "independent" else channels
    return RepeatVector(channels=width, units=config.units, layers=config.layers)
