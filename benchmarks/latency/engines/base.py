"""What an engine is, and what they share; imports numpy alone, so a cold start is the engine's.

An engine runs the network of a checkpoint: windows in scaled units in, their
reconstruction out. Everything that a user would do once, at export, belongs
into `prepare`; what every process must do is `start` and `load`, and those
are timed as a cold start.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stillwatch.runtime.arrays import AnyArray, Float32, Float64

if TYPE_CHECKING:
    from stillwatch.train.data.checkpoint import Checkpoint

__all__ = [
    "SINGLE",
    "Engine",
    "Run",
    "Step",
    "checkpoint_itself",
    "largest_and_mean",
    "network_alone",
    "plain_session",
    "restarting",
    "write_capsule",
    "write_model",
]

Run = Callable[[Float32], AnyArray]  # windows (N, T, C) -> their reconstruction (N, T, C)
Step = Callable[[Float32], AnyArray]  # one value a stream (N,) -> its reconstruction (N,)

# As for golden vectors: single precision carries 24 bits, 6e-8 of a number near one, and a window
# of gates and sums over several layers loses two decimal digits of it. In scaled units.
SINGLE = 1e-5


def checkpoint_itself(checkpoint: Path, folder: Path) -> Path:  # noqa: ARG001
    """Returns the checkpoint's own folder: nothing is to be prepared."""
    return checkpoint


@dataclass(frozen=True, kw_only=True)
class Engine:
    """One way of running a network.

    package: the distribution whose version and size are reported. tolerance:
    how far a reconstruction may be from float64 before the engine is not
    timed, and why that far. start: imports the framework. prepare: from a
    checkpoint's folder to what `load` reads, made in the second folder;
    raises InputError where the engine is not for this network. load: with so
    many threads. load_step: a causal network over so many streams, its state
    carried from call to call. weight_bytes: of one weight as it is read in a run.
    expected: of a control that is not the network, what it answers in float64.
    roles: of the networks made for the benchmark, which it is measured on: what
    shows nothing new on the others would only make the run long.

    What cannot run here raises ModuleNotFoundError or ExtraError in `start`.
    """

    name: str
    package: str
    start: Callable[[], None]
    load: Callable[[Path, int], Run]
    prepare: Callable[[Path, Path], Path] = checkpoint_itself
    tolerance: float = SINGLE
    why: str = "single precision"
    load_step: Callable[[Path, int, int], Step] | None = None
    weight_bytes: int = 4
    expected: Callable[[Path, Float64], Float64] | None = None
    roles: tuple[str, ...] = ("student", "shipped", "other")


def network_alone(checkpoint: Path) -> tuple["Checkpoint", dict[str, AnyArray]]:
    """Returns a checkpoint without its sensors: scaled units, one channel where independent.

    So N windows are N sequences, whatever the number of sensors was.
    """
    from stillwatch.train.data.checkpoint import load_checkpoint

    loaded, weights = load_checkpoint(checkpoint)
    count = 1 if loaded.config.channels == "independent" else len(loaded.channels)
    alone = dataclasses.replace(
        loaded, channels=loaded.channels[:count], mean=(0.0,) * count, scale=(1.0,) * count
    )
    return alone, weights


def write_model(folder: Path, content: bytes) -> Path:
    """Returns where in a folder the bytes of an ONNX file now are."""
    from stillwatch.runtime.files import make_folder, write_bytes

    make_folder(folder)
    path = folder / "model.onnx"
    write_bytes(path, content)
    return path


def write_capsule(checkpoint: Path, folder: Path) -> Path:
    """Returns the capsule of the network alone: scaled units in and out, no alarms."""
    from stillwatch.export.capsule.build import build_capsule

    return write_model(folder, build_capsule(*network_alone(checkpoint)))


def plain_session(path: Path, threads: int) -> Any:
    """Returns onnxruntime's session of a graph that is no capsule, with a capsule's options."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path.read_bytes(), options)


def restarting(begin: Callable[[], Step], window: int) -> Step:
    """Returns a step that begins anew after every `window` values, as the family defines it."""
    step = begin()
    seen = 0

    def stepped(values: Float32) -> AnyArray:
        nonlocal step, seen
        if seen == window:
            step, seen = begin(), 0
        seen += 1
        return step(values)

    return stepped


def largest_and_mean(result: AnyArray, expected: Float64) -> tuple[float, float]:
    """Returns the largest and the mean absolute difference; infinite where either is not finite."""
    difference = np.abs(np.asarray(result, np.float64) - expected)
    if not np.isfinite(difference).all():
        return float("inf"), float("inf")
    return float(difference.max()), float(difference.mean())
