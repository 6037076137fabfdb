"""The context network in Gluon: what a value should be, from what is known before it comes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stillwatch.benchmarks.reproductions.nab.series import CLIP, INPUTS, Prepared
from stillwatch.runtime.arrays import Float64
from stillwatch.train.data.mxnet_compat import mx
from stillwatch.train.loop.fit import count_parameters, save_network, seed_everything, to_nd

__all__ = ["Context", "ContextPlan", "contexts", "load_or_train"]

_CHUNK = 1000  # rows of all series that are run at once


@dataclass(frozen=True, kw_only=True)
class ContextPlan:
    """units: of the LSTM. rows: of a training piece. The rate falls as a cosine to 0."""

    units: int
    seed: int
    steps: int = 600
    batch: int = 64
    rows: int = 96
    learning_rate: float = 0.01


class Context(mx.gluon.HybridBlock):
    """LSTM(units), then Dense(1): inputs (T, N, INPUTS) to expected scaled values (T, N, 1)."""

    def __init__(self, units: int, inputs: int = INPUTS) -> None:
        """A network that is not yet initialized; inputs: what it reads of a row."""
        super().__init__()
        with self.name_scope():
            self.lstm = mx.gluon.rnn.LSTM(units, input_size=inputs)
            self.dense = mx.gluon.nn.Dense(1, flatten=False, in_units=units)

    def hybrid_forward(self, F, inputs):  # type: ignore[no-untyped-def]  # noqa: ARG002, N803
        """Gluon's own signature: F is mx.nd, or mx.sym once hybridized."""
        return self.dense(self.lstm(inputs))


def load_or_train(series: Sequence[Prepared], plan: ContextPlan, path: Path) -> tuple[Context, int]:
    """Returns the network of `path`, trained first where there is none, and its parameters.

    It sees the probation of every series and nothing else.
    """
    seed_everything(plan.seed)
    net = Context(plan.units, series[0].inputs.shape[1])
    net.initialize(mx.init.Xavier())
    if path.is_file():
        net.load_parameters(str(path))
    else:
        _train(net, series, plan)
        save_network(net, path)
    return net, count_parameters(net)


def contexts(net: Context, series: Sequence[Prepared]) -> list[Float64]:
    """Returns what each value was expected to be, (T,) a series: all of them as one fleet."""
    longest = max(len(one.z) for one in series)
    inputs = np.zeros((longest, len(series), series[0].inputs.shape[1]), np.float32)  # TNC
    for number, one in enumerate(series):
        inputs[: len(one.z), number] = one.inputs
    state = net.lstm.begin_state(batch_size=len(series))
    result = np.empty(inputs.shape[:2])
    for begin in range(0, longest, _CHUNK):
        hidden, state = net.lstm(to_nd(inputs[begin : begin + _CHUNK]), state)
        result[begin : begin + _CHUNK] = net.dense(hidden).asnumpy()[..., 0]
    return [result[: len(one.z), number] for number, one in enumerate(series)]


def _train(net: Context, series: Sequence[Prepared], plan: ContextPlan) -> None:
    generator = np.random.default_rng(plan.seed)
    trainer = mx.gluon.Trainer(net.collect_params(), "adam")
    pieces = np.array(
        [
            (number, first)
            for number, one in enumerate(series)
            for first in range(one.start - plan.rows + 1)
        ]
    )
    wanted = [np.clip(one.z, -CLIP, CLIP).astype(np.float32)[:, None] for one in series]
    for step in range(plan.steps):
        share = (1 + np.cos(np.pi * step / plan.steps)) / 2
        trainer.set_learning_rate(plan.learning_rate * share)
        drawn = pieces[generator.integers(0, len(pieces), plan.batch)].tolist()
        spans = [(number, slice(first, first + plan.rows)) for number, first in drawn]
        inputs = to_nd(np.stack([series[n].inputs[span] for n, span in spans], axis=1))
        values = to_nd(np.stack([wanted[n][span] for n, span in spans], axis=1))
        with mx.autograd.record():
            loss = mx.nd.abs(net(inputs) - values).mean()
        loss.backward()
        trainer.step(1)
