"""What the loop asks of a family's samples and of its configuration, whatever the family."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from stillwatch.runtime.arrays import Float32

__all__ = ["LoopOptions", "Samples"]


class Samples(Protocol):
    """Numbered samples: what a network is called with, and what it is to answer."""

    def __len__(self) -> int:
        """The number of samples."""

    def fingerprint(self) -> str:
        """Returns what tells these samples from others."""

    def order(self, generator: np.random.Generator) -> npt.NDArray[np.int64]:
        """Returns the numbers of the samples of an epoch, drawn by `generator`."""

    def inputs(self, numbers: npt.NDArray[np.int64]) -> tuple[Float32, ...]:
        """Returns the arrays that the network is called with for these samples."""

    def targets(self, numbers: npt.NDArray[np.int64]) -> Float32:
        """Returns what the network is to answer, in the shape of its answer."""


class LoopOptions(Protocol):
    """The fields of a configuration that the loop reads; see the families' own."""

    @property
    def epochs(self) -> int:
        """Epochs at most."""

    @property
    def batch(self) -> int:
        """Samples a step of the optimiser."""

    @property
    def learning_rate(self) -> float:
        """Of Adam, before any schedule."""

    @property
    def clip(self) -> float:
        """The largest global norm of a batch's gradient."""

    @property
    def patience(self) -> int:
        """Epochs without a better validation loss before the end."""

    @property
    def seed(self) -> int:
        """What order and dropout follow from."""
