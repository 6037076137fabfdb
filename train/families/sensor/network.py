"""The sensor autoencoder: a decoder that starts from the encoder's state, layer by layer."""

from typing import Any

from stillwatch.train.data.mxnet_compat import mx
from stillwatch.train.families.sensor.config import SensorConfig

__all__ = ["Sensor", "build"]


class Sensor(mx.gluon.HybridBlock):
    """LSTM encoder and decoder of `layers` layers each, then Dense(channels) at every step.

    Called with scaled values (T, N, C), gives their reconstruction (T, N, C).
    Each decoder layer begins with the last (h, c) of the encoder layer of its
    number; the first of them reads the encoder's top last hidden state at
    every step. Both of Gluon's bias vectors are trained. dropout: the share of
    hidden values set to zero between layers, in training alone.
    """

    def __init__(self, *, channels: int, units: int, layers: int, dropout: float = 0.0) -> None:
        """A network that is not yet initialized."""
        super().__init__()
        self._units, self._dropout = units, dropout
        # Layers apart: in MXNet 1.9.1 a fused block's dropout has one mask for every call on a CPU.
        with self.name_scope():
            self.encoder = _stack(channels, units, layers)
            self.decoder = _stack(units, units, layers)
            self.dense = mx.gluon.nn.Dense(channels, flatten=False, in_units=units)

    def hybrid_forward(self, F, values):  # type: ignore[no-untyped-def]  # noqa: N803
        """Gluon's own signature: F is mx.nd, or mx.sym once hybridized."""
        zero = F.zeros((1, 1, self._units))
        zero = F.broadcast_like(zero, values, lhs_axes=(1,), rhs_axes=(1,))
        hidden, states = self._run(F, self.encoder, values, [[zero, zero]] * len(self.encoder))
        last = states[-1][0]  # (1, N, H)
        repeated = F.broadcast_like(last, hidden, lhs_axes=(0,), rhs_axes=(0,))
        decoded, _ = self._run(F, self.decoder, repeated, states)
        return self.dense(decoded)

    def _run(self, F: Any, layers: Any, hidden: Any, begin: Any) -> tuple[Any, list[Any]]:  # noqa: N803
        """Returns the top hidden states, and each layer's last [h, c]."""
        states = []
        for number, (layer, state) in enumerate(zip(layers, begin, strict=True)):
            if number and self._dropout:
                hidden = F.Dropout(hidden, p=self._dropout)
            hidden, state = layer(hidden, state)
            states.append(state)
        return hidden, states


def build(config: SensorConfig, channels: int) -> Sensor:
    """Returns the network of a configuration, not yet initialized."""
    return Sensor(
        channels=channels, units=config.units, layers=config.layers, dropout=config.dropout
    )


def _stack(inputs: int, units: int, layers: int) -> mx.gluon.nn.HybridSequential:
    """Returns LSTM layers in a row; a container here, since states go in and out of each."""
    stack = mx.gluon.nn.HybridSequential()
    for number in range(layers):
        stack.add(mx.gluon.rnn.LSTM(units, input_size=units if number else inputs))
    return stack
