"""A stack's checkpoint in Gluon: it is not trained here, it has come in from elsewhere."""

from pathlib import Path

from stillwatch.runtime.errors import CheckpointError
from stillwatch.train.calibration.windowed import reconstruct
from stillwatch.train.data.checkpoint import load_checkpoint
from stillwatch.train.families.stack.config import StackConfig
from stillwatch.train.families.stack.network import Stack, build

__all__ = ["load_network", "reconstruct"]


def load_network(folder: Path) -> Stack:
    """Returns the Gluon network of a checkpoint; raises CheckpointError."""
    checkpoint, weights = load_checkpoint(folder)
    config = checkpoint.config
    if not isinstance(config, StackConfig):
        raise CheckpointError(f"expected a checkpoint of a stack, got one of {checkpoint.family}")
    network = build(config, len(checkpoint.channels))
    network.initialize()
    network.set_weights(weights)
    return network
