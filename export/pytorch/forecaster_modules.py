"""The forecasters as PyTorch modules, parameter by parameter those of `train/`'s in Gluon.

Called with scaled values (N, L, C + K), covariates and then calendar terms
last, and the calendar of the horizon (N, H, K') where it is read; forecasts
(N, H, C), scaled.
"""

from typing import Any

import torch

from stillwatch.export.forecasting.weights import Layout
from stillwatch.train.families.forecaster.config import ForecasterConfig

__all__ = ["Direct", "Recursive", "forecaster"]


class Direct(torch.nn.Module):
    """An LSTM over segments of the window, whose last state answers every segment ahead."""

    def __init__(self, config: ForecasterConfig, layout: Layout) -> None:
        """A network with PyTorch's own initial weights."""
        super().__init__()
        self._config, self._layout = config, layout
        self._segments = -(-config.horizon // config.segment)
        units, rows = config.units, config.segment
        place = units // 2 if config.channels == "independent" else units
        inputs = rows * (layout.width + layout.covariates)
        self.project = torch.nn.Linear(inputs, units)
        self.lstm = torch.nn.LSTM(units, units, batch_first=True)
        self.places = torch.nn.Parameter(torch.randn(self._segments, place))
        if config.channels == "independent":
            self.of_channels = torch.nn.Parameter(torch.randn(layout.channels, units - place))
        if layout.calendar:
            self.calendar = torch.nn.Linear(layout.calendar, units)
        self.dropout = torch.nn.Dropout(config.dropout)
        self.dense = torch.nn.Linear(units, rows * layout.width)
        if config.linear:
            self.share = torch.nn.Parameter(torch.ones(1), requires_grad=False)
            self.linear = torch.nn.Sequential(*_linear(config))

    def forward(self, values: Any, calendar: Any = None) -> Any:
        """Returns the forecast (N, H, C)."""
        layout = self._layout
        window, known = values[..., : layout.channels], values[..., layout.channels :]
        last = window[:, -1:]
        centred = window - last
        _, state = self.lstm(torch.relu(self.project(self._steps(centred, known))))
        questions = self._questions(len(values), calendar)  # (N * G, M, U)
        begin = tuple(part.repeat_interleave(self._segments, dim=1) for part in state)
        hidden, _ = self.lstm(questions.reshape(-1, 1, self._config.units), begin)
        decoded = self.dense(self.dropout(hidden))
        decoded = decoded.reshape(len(values), layout.groups, -1, layout.width)
        decoded = decoded.transpose(1, 2).reshape(len(values), -1, layout.channels)
        decoded = decoded[:, : self._config.horizon]
        if self._config.linear:
            recent = centred[:, -self._config.linear :].transpose(1, 2)
            of_linear = self.linear(recent).transpose(1, 2)
            decoded = self.share * decoded + (1 - self.share) * of_linear
        return decoded + last

    def _steps(self, centred: Any, known: Any) -> Any:
        """Returns (N * G, S, w (W + K)): a segment's rows of channels, then of covariates."""
        w, layout, n = self._config.segment, self._layout, len(centred)
        steps = centred.reshape(n, -1, w, layout.groups, layout.width)
        steps = steps.permute(0, 3, 1, 2, 4).reshape(n * layout.groups, -1, w * layout.width)
        if not layout.covariates:
            return steps
        known = known.reshape(n, -1, w * layout.covariates)
        return torch.cat([steps, known.repeat_interleave(layout.groups, dim=0)], dim=2)

    def _questions(self, count: int, calendar: Any) -> Any:
        question = self.places[None].expand(self._layout.groups, -1, -1)
        if self._config.channels == "independent":
            names = self.of_channels[:, None].expand(-1, self._segments, -1)
            question = torch.cat([question, names], dim=2)
        question = question[None].expand(count, -1, -1, -1)
        if self._layout.calendar:
            question = question + self.calendar(calendar[:, :: self._config.segment])[:, None]
        return question.flatten(0, 1)


class Recursive(torch.nn.Module):
    """A causal LSTM that says the next value, and is fed its own answers for those after it."""

    def __init__(self, config: ForecasterConfig, layout: Layout) -> None:
        """A network with PyTorch's own initial weights."""
        super().__init__()
        self._config, self._layout = config, layout
        self.lstm = torch.nn.LSTM(
            layout.width + layout.covariates,
            config.units,
            config.layers,
            batch_first=True,
            dropout=config.dropout if config.layers > 1 else 0.0,
        )
        self.dropout = torch.nn.Dropout(config.dropout)
        inner = [torch.nn.Linear(config.units, config.dense)] if config.dense else []
        self.dense = torch.nn.ModuleList(
            [*inner, torch.nn.Linear(config.dense or config.units, layout.width)]
        )

    def forward(self, values: Any, calendar: Any = None, horizon: int | None = None) -> Any:
        """Returns the forecast (N, H, C); horizon: H, by default the configuration's."""
        layout = self._layout
        steps = self._by_group(values[..., : layout.channels])
        known = values[..., layout.channels :].repeat_interleave(layout.groups, dim=0)
        held = known[:, -1:, : layout.covariates - layout.calendar]
        answer, state = self.step(torch.cat([steps, known], dim=2))
        answers = [answer[:, -1:]]
        for number in range((horizon or self._config.horizon) - 1):
            parts = [answers[-1], held]
            if layout.calendar:
                ahead = calendar[:, number : number + 1]
                parts.append(ahead.repeat_interleave(layout.groups, dim=0))
            answer, state = self.step(torch.cat(parts, dim=2), state)
            answers.append(answer)
        forecast = torch.cat(answers, dim=1).reshape(len(values), layout.groups, -1, layout.width)
        return forecast.transpose(1, 2).reshape(len(values), -1, layout.channels)

    def step(self, rows: Any, state: Any = None) -> Any:
        """Returns what follows each of rows (N * G, T, W + K), and the state after them."""
        hidden, state = self.lstm(rows, state)
        hidden = self.dropout(hidden)
        *inner, last = self.dense
        for layer in inner:
            hidden = layer(hidden)
            hidden = torch.relu(hidden) if self._config.activation == "relu" else hidden
        return rows[..., : self._layout.width] + last(hidden), state

    def _by_group(self, window: Any) -> Any:
        """Returns (N * G, L, W) of (N, L, C)."""
        groups = window.unflatten(2, (self._layout.groups, self._layout.width))
        return groups.transpose(1, 2).flatten(0, 1)


def forecaster(config: ForecasterConfig, columns: int) -> torch.nn.Module:
    """Returns the module of a configuration; columns: channels and, behind them, covariates."""
    layout = Layout.of(config, columns)
    return (Direct if config.strategy == "direct" else Recursive)(config, layout)


def _linear(config: ForecasterConfig) -> list[torch.nn.Linear]:
    inner = [torch.nn.Linear(config.linear, config.rank, bias=False)] if config.rank else []
    return [*inner, torch.nn.Linear(config.rank or config.linear, config.horizon)]
