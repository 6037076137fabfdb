"""The model families as PyTorch modules; these and their neighbours alone import torch here.

Batch first, as PyTorch users have it: values (N, T, C), scaled units.
"""

from collections.abc import Callable
from typing import Any

import torch

from stillwatch.export.pytorch.forecaster_modules import forecaster
from stillwatch.export.pytorch.stack_module import Stack
from stillwatch.train.families.config import Config
from stillwatch.train.families.repeat_vector.config import REACH

__all__ = ["MODULES", "NabRds", "RepeatVector", "Sensor"]


class NabRds(torch.nn.Module):
    """LSTM(units), then Linear(1) and tanh at every step; the state is zero before the first."""

    def __init__(self, units: int) -> None:
        """A network with PyTorch's own initial weights."""
        super().__init__()
        self.lstm = torch.nn.LSTM(1, units, batch_first=True)
        self.dense = torch.nn.Linear(units, 1)

    def forward(self, values: Any) -> Any:
        """Returns the reconstruction (N, T, 1) of scaled values (N, T, 1)."""
        return torch.tanh(self.dense(self.lstm(values)[0]))


class RepeatVector(torch.nn.Module):
    """LSTM encoder, its last hidden state repeated into an LSTM decoder, Linear at every step.

    A step is a segment of rows, of which T is a whole number, or one row.
    scale_free: see REACH.
    """

    def __init__(
        self, *, channels: int, units: int, layers: int, segment: int = 1, scale_free: bool = False
    ) -> None:
        """A network with PyTorch's own initial weights; `layers` in encoder and decoder each."""
        super().__init__()
        self._segment, self._scale_free = segment, scale_free
        self.encoder = torch.nn.LSTM(channels * segment, units, layers, batch_first=True)
        self.decoder = torch.nn.LSTM(units, units, layers, batch_first=True)
        self.dense = torch.nn.Linear(units, channels * segment)

    def forward(self, values: Any) -> Any:
        """Returns the reconstruction (N, T, C) of scaled values (N, T, C)."""
        size: Any = 1.0
        if self._scale_free:
            size = (values.abs().amax(1, keepdim=True) / REACH).clamp(min=1.0)
        steps = (values / size).reshape(len(values), values.shape[1] // self._segment, -1)
        _, (last, _) = self.encoder(steps)  # (layers, N, H)
        repeated = last[-1:].transpose(0, 1).expand(-1, steps.shape[1], -1)
        return self.dense(self.decoder(repeated)[0]).reshape(values.shape) * size


class Sensor(torch.nn.Module):
    """LSTM encoder; a decoder that begins from its (h, c) and reads its last h at every step."""

    def __init__(self, *, channels: int, units: int, layers: int) -> None:
        """A network with PyTorch's own initial weights; `layers` in encoder and decoder each."""
        super().__init__()
        self.encoder = torch.nn.LSTM(channels, units, layers, batch_first=True)
        self.decoder = torch.nn.LSTM(units, units, layers, batch_first=True)
        self.dense = torch.nn.Linear(units, channels)

    def forward(self, values: Any) -> Any:
        """Returns the reconstruction (N, T, C) of scaled values (N, T, C)."""
        _, (last, cells) = self.encoder(values)  # (layers, N, H)
        repeated = last[-1:].transpose(0, 1).expand(-1, values.shape[1], -1)
        return self.dense(self.decoder(repeated, (last, cells))[0])


def _repeat_vector(config: Any, channels: int) -> torch.nn.Module:
    width = 1 if config.channels == "independent" else channels
    return RepeatVector(
        channels=width,
        units=config.units,
        layers=config.layers,
        segment=config.segment,
        scale_free=config.scale_free,
    )


def _sensor(config: Config, channels: int) -> torch.nn.Module:
    return Sensor(channels=channels, units=config.units, layers=config.layers)


# By family: of its configuration and a number of channels.
MODULES: dict[str, Callable[[Any, int], torch.nn.Module]] = {
    "forecaster": forecaster,
    "nab-rds": lambda config, _: NabRds(config.units),
    "repeat-vector": _repeat_vector,
    "sensor": _sensor,
    "stack": Stack,
}
