"""stillwatch: LSTM autoencoders that find anomalies in time series."""

from typing import TYPE_CHECKING

__all__ = ["__version__"]

if TYPE_CHECKING:
    __version__: str


def __getattr__(name: str) -> str:
    """Returns the version that is installed, where it is asked for."""
    if name != "__version__":
        raise AttributeError(f"module 'stillwatch' has no attribute {name!r}")
    from importlib import metadata  # takes a while, and few ask

    return metadata.version("stillwatch")
