"""The single-feature autoencoder: one LSTM, then one dense layer with tanh."""

from stillwatch.train.data.mxnet_compat import mx
from stillwatch.train.families.nab_rds.config import NabRdsConfig

__all__ = ["NabRds", "build"]


class NabRds(mx.gluon.HybridBlock):
    """LSTM(units), then Dense(1, tanh) at every step; 18 parameters with one unit.

    Called with scaled values (T, N, 1), gives their reconstruction (T, N, 1);
    the state is zero before the first step.
    """

    def __init__(self, units: int) -> None:
        """A network that is not yet initialized."""
        super().__init__()
        with self.name_scope():
            self.lstm = mx.gluon.rnn.LSTM(units, input_size=1)
            self.dense = mx.gluon.nn.Dense(1, activation="tanh", flatten=False, in_units=units)

    def hybrid_forward(self, F, values):  # type: ignore[no-untyped-def]  # noqa: ARG002, N803
        """Gluon's own signature: F is mx.nd, or mx.sym once hybridized."""
        return self.dense(self.lstm(values))


def build(config: NabRdsConfig, channels: int) -> NabRds:  # noqa: ARG001  (it has one)
    """Returns the network of a configuration, not yet initialized."""
    return NabRds(config.units)
