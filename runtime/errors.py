"""What can go wrong, as one small tree.

    StillwatchError
    ├── InputError        a series, a line or an option is not what the model takes
    ├── CapsuleError      an .onnx file is not a sound capsule
    ├── CheckpointError   a .params file or its .json is not a sound checkpoint
    ├── SnapshotError     saved bytes are damaged, or of another model
    ├── DataError         a data set is not there, or its bytes are not upstream's
    ├── ConfigError       a training configuration contradicts itself
    ├── ExtraError        a command needs packages that are not installed
    └── TransientError    the machine could not, for now: a full disk, a device that fails

Every message is one line: what was expected, what came, what to do. The
command-line program prints it and ends with exit status 2; with 75 for a
TransientError, the only one that trying again may mend.
"""

__all__ = [
    "CapsuleError",
    "CheckpointError",
    "ConfigError",
    "DataError",
    "ExtraError",
    "InputError",
    "SnapshotError",
    "StillwatchError",
    "TransientError",
    "first_line",
]


def first_line(error: Exception) -> str:
    """Returns what another library's error says, in one line; its kind where it says nothing."""
    return (str(error).splitlines() or [type(error).__name__])[0]


class StillwatchError(Exception):
    """Base of every error that stillwatch raises on purpose."""


class InputError(StillwatchError):
    """A series, a line or an option is not what the model takes."""


class CapsuleError(StillwatchError):
    """An .onnx file is not a sound capsule."""


class CheckpointError(StillwatchError):
    """A .params file or its .json is not a sound checkpoint."""


class SnapshotError(StillwatchError):
    """Saved bytes are damaged, or of another model."""


class DataError(StillwatchError):
    """A data set is not there, or its bytes are not upstream's."""


class ConfigError(StillwatchError):
    """A training configuration contradicts itself."""


class ExtraError(StillwatchError):
    """A command needs packages that are not installed."""


class TransientError(StillwatchError):
    """The machine could not, for now: a full disk, a device that fails. Trying again may help."""
