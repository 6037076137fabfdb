"""The forecasters' networks: windows in, the next steps out, all in scaled units."""

from typing import Any

from stillwatch.train.data.mxnet_compat import mx
from stillwatch.train.families.forecaster.config import ForecasterConfig

__all__ = ["Direct", "Recursive"]


class Direct(mx.gluon.HybridBlock):
    """An LSTM over segments of the window, whose last state answers every segment of the horizon.

    Called with values (N, L, C + K), covariates last, and the calendar of the
    horizon (N, H, K') where it is read, gives forecasts (N, H, C). The last value is taken off
    the window and put back on the forecast. Segments and parallel decoding
    are SegRNN's (Lin et al., IEEE IoT-J 2025), here with LSTM cells: encoder
    and decoder share one LSTM, which makes one step from the encoder's state
    for each segment, told which by an embedding of its place and channel.
    Beside it a linear map of the last `linear` rows, NLinear's (Zeng et al.,
    AAAI 2023); `share` is the LSTM's part in the sum.
    """

    def __init__(self, config: ForecasterConfig, *, channels: int, inputs: int, calendar: int):
        """A network that is not yet initialized; inputs: K, calendar: K'."""
        super().__init__()
        self._config, self._channels, self._inputs, self._calendar = (
            config, channels, inputs, calendar,
        )  # fmt: skip
        independent = config.channels == "independent"
        self._groups, self._width = (channels, 1) if independent else (1, channels)
        self._segments = -(-config.horizon // config.segment)
        units, place = config.units, config.units // 2 if independent else config.units
        normal = mx.init.Normal(1.0)
        with self.name_scope():
            self.project = mx.gluon.nn.Dense(
                units, flatten=False, in_units=config.segment * (self._width + inputs)
            )
            self.lstm = mx.gluon.rnn.LSTM(units, input_size=units)
            self.places = self.params.get("places", shape=(self._segments, place), init=normal)
            if independent:
                self.of_channels = self.params.get(
                    "of_channels", shape=(channels, units - place), init=normal
                )
            if calendar:
                self.calendar = mx.gluon.nn.Dense(units, flatten=False, in_units=calendar)
            self.dense = mx.gluon.nn.Dense(
                config.segment * self._width, flatten=False, in_units=units
            )
            if config.linear:
                self.share = self.params.get("share", shape=(1,), init="ones", grad_req="null")
                self.linear = mx.gluon.nn.HybridSequential()
                if config.rank:
                    self.linear.add(_linear(config.linear, config.rank, bias=False))
                self.linear.add(_linear(config.rank or config.linear, config.horizon, bias=True))

    def hybrid_forward(  # type: ignore[no-untyped-def]
        self,
        F,  # noqa: N803
        values,
        future=None,
        places=None,
        share=None,
        of_channels=None,
    ):
        """Gluon's own signature: F is mx.nd, or mx.sym once hybridized."""
        window = F.slice_axis(values, axis=2, begin=0, end=self._channels)
        last = F.slice_axis(window, axis=1, begin=-1, end=None)
        centred = F.broadcast_sub(window, last)
        state = self._encoded(F, centred, values)
        questions = self._questions(F, places, of_channels, future, state[0])
        decoded = self._decoded(F, questions, state)
        if self._config.linear:
            share = F.reshape(share, (1, 1, 1))
            of_linear = F.broadcast_mul(self._of_linear(F, centred), 1 - share)
            decoded = F.broadcast_mul(decoded, share) + of_linear
        return F.broadcast_add(decoded, last)

    def _encoded(self, F: Any, centred: Any, values: Any) -> list[Any]:  # noqa: N803
        """Returns the LSTM's last [h, c], each (1, N * G, U), G groups of channels."""
        w, steps = self._config.segment, self._config.lookback // self._config.segment
        x = F.reshape(centred, (-1, steps, w, self._groups, self._width))
        x = F.transpose(x, (0, 3, 1, 2, 4))  # NSWGC -> NGSWC
        x = F.reshape(x, (-1, steps, w * self._width))
        if self._inputs:
            known = F.slice_axis(values, axis=2, begin=self._channels, end=None)
            known = F.reshape(known, (-1, 1, steps, w * self._inputs))
            known = F.broadcast_axis(known, axis=1, size=self._groups)
            x = F.concat(x, F.reshape(known, (-1, steps, w * self._inputs)), dim=2)
        projected = F.relu(self.project(x))
        zero = F.zeros((1, 1, self._config.units))
        zero = F.broadcast_like(zero, x, lhs_axes=(1,), rhs_axes=(0,))
        _, state = self.lstm(F.transpose(projected, (1, 0, 2)), [zero, zero])  # NTC -> TNC
        return list(state)

    def _questions(
        self,
        F: Any,  # noqa: N803
        places: Any,
        of_channels: Any,
        future: Any,
        like: Any,
    ) -> Any:
        """Returns (N * G, M, U): what the decoder is asked, segment by segment."""
        question = F.reshape(places, (1, self._segments, -1))
        if of_channels is not None:
            question = F.broadcast_axis(question, axis=0, size=self._groups)
            of_channels = F.reshape(of_channels, (self._groups, 1, -1))
            of_channels = F.broadcast_axis(of_channels, axis=1, size=self._segments)
            question = F.concat(question, of_channels, dim=2)
        question = F.reshape(question, (1, self._groups, self._segments, -1))
        by_window = F.reshape(like, (-1, self._groups, 1, self._config.units))
        question = F.broadcast_like(question, by_window, lhs_axes=(0,), rhs_axes=(0,))
        if self._calendar:
            begins = F.slice(
                future, begin=(None, 0, None), end=(None, None, None),
                step=(None, self._config.segment, None),
            )  # fmt: skip
            asked = F.reshape(self.calendar(begins), (-1, 1, self._segments, self._config.units))
            question = F.broadcast_add(question, asked)
        return F.reshape(question, (-1, self._segments, self._config.units))

    def _decoded(self, F: Any, questions: Any, state: list[Any]) -> Any:  # noqa: N803
        """Returns the forecast (N, H, C), without the last value."""
        config, segments = self._config, self._segments
        begin = []
        for part in state:  # (1, N * G, U) -> (1, N * G * M, U)
            repeated = F.reshape(part, (-1, 1, config.units))
            repeated = F.broadcast_axis(repeated, axis=1, size=segments)
            begin.append(F.reshape(repeated, (1, -1, config.units)))
        hidden, _ = self.lstm(F.reshape(questions, (1, -1, config.units)), begin)
        hidden = F.reshape(hidden, (-1, config.units))
        if config.dropout:
            hidden = F.Dropout(hidden, p=config.dropout)
        decoded = F.reshape(
            self.dense(hidden), (-1, self._groups, segments * config.segment, self._width)
        )
        decoded = F.transpose(decoded, (0, 2, 1, 3))  # NGHC -> NHGC
        decoded = F.reshape(decoded, (-1, segments * config.segment, self._channels))
        return F.slice_axis(decoded, axis=1, begin=0, end=config.horizon)

    def _of_linear(self, F: Any, centred: Any) -> Any:  # noqa: N803
        recent = F.slice_axis(centred, axis=1, begin=-self._config.linear, end=None)
        by_channel = F.transpose(recent, (0, 2, 1))  # NTC -> NCT
        return F.transpose(self.linear(by_channel), (0, 2, 1))


def _linear(inputs: int, outputs: int, *, bias: bool) -> mx.gluon.nn.Dense:
    return mx.gluon.nn.Dense(outputs, flatten=False, in_units=inputs, use_bias=bias)


class Recursive(mx.gluon.HybridBlock):
    """A causal LSTM that says the next value, and is fed its own answers for those after it.

    Called with values (N, L, C + K), covariates last, and the calendar of the
    horizon (N, H, K') where it is read, gives forecasts (N, H, C): each the value before it
    and what the dense layers make of the LSTM's state. A row is read with its
    own calendar, the last of its covariates; the others keep their last value
    over the horizon.
    """

    def __init__(self, config: ForecasterConfig, *, channels: int, inputs: int, calendar: int):
        """A network that is not yet initialized; inputs: K, of which K' calendar terms."""
        super().__init__()
        self._config, self._channels = config, channels
        self._inputs, self._calendar = inputs, calendar
        independent = config.channels == "independent"
        self._groups, self._width = (channels, 1) if independent else (1, channels)
        with self.name_scope():
            # Layers apart, as in the sensor family: dropout lies between them.
            self.lstm = mx.gluon.nn.HybridSequential()
            for layer in range(config.layers):
                width = config.units if layer else self._width + inputs
                self.lstm.add(mx.gluon.rnn.LSTM(config.units, input_size=width))
            self.dense = mx.gluon.nn.HybridSequential()
            if config.dense:
                self.dense.add(
                    mx.gluon.nn.Dense(
                        config.dense, activation="relu" if config.activation == "relu" else None,
                        flatten=False, in_units=config.units,
                    )
                )  # fmt: skip
            self.dense.add(
                mx.gluon.nn.Dense(self._width, flatten=False, in_units=config.dense or config.units)
            )

    def hybrid_forward(self, F, values, future=None):  # type: ignore[no-untyped-def]  # noqa: N803
        """Gluon's own signature: F is mx.nd, or mx.sym once hybridized."""
        steps = F.transpose(self._rows(F, values), (1, 0, 2))  # NTC -> TNC
        zero = F.zeros((1, 1, self._config.units))
        zero = F.broadcast_like(zero, steps, lhs_axes=(1,), rhs_axes=(1,))
        begin = [[zero, zero]] * self._config.layers
        step = F.slice_axis(steps, axis=0, begin=-1, end=None)
        answer, states = self._answer(F, steps, begin)
        answer = F.slice_axis(answer, axis=0, begin=-1, end=None)
        answers = [answer]
        kept = F.slice_axis(step, axis=2, begin=self._width, end=self._width + self._held)
        for number in range(1, self._config.horizon):
            parts = [answer]
            if self._held:
                parts.append(kept)
            if self._calendar:
                parts.append(self._calendar_at(F, future, number - 1))
            step = F.concat(*parts, dim=2) if len(parts) > 1 else answer
            answer, states = self._answer(F, step, states)
            answers.append(answer)
        forecast = F.concat(*answers, dim=0)  # (H, N * G, W)
        forecast = F.reshape(forecast, (self._config.horizon, -1, self._channels))
        return F.transpose(forecast, (1, 0, 2))

    def following(self, values: mx.nd.NDArray) -> mx.nd.NDArray:
        """Returns what is expected after each row of values (N, L, C + K), (N, L, C)."""
        steps = mx.nd.transpose(self._rows(mx.nd, values), (1, 0, 2))  # NTC -> TNC
        zero = mx.nd.zeros((1, steps.shape[1], self._config.units))
        answer, _ = self._answer(mx.nd, steps, [[zero, zero]] * self._config.layers)
        rows = mx.nd.reshape(answer, (values.shape[1], -1, self._channels))
        return mx.nd.transpose(rows, (1, 0, 2))

    @property
    def _held(self) -> int:
        return self._inputs - self._calendar

    def _rows(self, F: Any, values: Any) -> Any:  # noqa: N803
        """Returns (N * G, L, W + K): each group's own channels, then what all of them read."""
        window = F.slice_axis(values, axis=2, begin=0, end=self._channels)
        rows = F.reshape(window, (0, 0, self._groups, self._width))
        rows = F.transpose(rows, (0, 2, 1, 3))  # NLGW -> NGLW
        if self._inputs:
            known = F.slice_axis(values, axis=2, begin=self._channels, end=None)
            known = F.broadcast_axis(F.expand_dims(known, 1), axis=1, size=self._groups)
            rows = F.concat(rows, known, dim=3)
        return F.reshape(rows, (-3, 0, 0))

    def _calendar_at(self, F: Any, future: Any, row: int) -> Any:  # noqa: N803
        """Returns the calendar (1, N * G, K') that is read beside the forecast of a row."""
        known = F.slice_axis(future, axis=1, begin=row, end=row + 1)  # (N, 1, K')
        known = F.broadcast_axis(known, axis=1, size=self._groups)
        return F.reshape(known, (1, -1, self._calendar))

    def _answer(self, F: Any, hidden: Any, begin: Any) -> tuple[Any, list[Any]]:  # noqa: N803
        """Returns the next values (T, N * G, W) after steps, and each layer's last [h, c]."""
        before = F.slice_axis(hidden, axis=2, begin=0, end=self._width)
        states = []
        for layer, state in zip(self.lstm, begin, strict=True):
            hidden, state = layer(hidden, state)
            if self._config.dropout:
                hidden = F.Dropout(hidden, p=self._config.dropout)
            states.append(state)
        return before + self.dense(hidden), states
