"""The C of a capsule as a function of arrays, by whatever compiler the machine has."""

import ctypes
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stillwatch.export.c.folder import CFiles
from stillwatch.runtime.arrays import AnyArray, Bool, Float32, Float64
from stillwatch.runtime.errors import ExtraError, InputError

__all__ = ["FLAGS", "Answered", "Compiled", "build_library", "compiler"]

FLAGS = ("-std=c99", "-ffp-contract=off")
_NAMES = ("cc", "gcc", "clang")


@dataclass(frozen=True)
class Answered:
    """The answers of the rows that have one: score, alarm (T,) and reconstruction (T, C)."""

    score: Float32
    alarm: Bool
    reconstruction: Float32


class Compiled:
    """A shared library of a capsule's C."""

    def __init__(self, library: Path, channels: int) -> None:
        """library: what `build_library` made."""
        self._run = ctypes.CDLL(str(library)).harness_series
        self._run.restype = ctypes.c_long
        self._channels = channels

    def series(
        self, values: Float32, mean: Float64 | None = None, scale: Float64 | None = None
    ) -> Answered:
        """Returns the answers for rows (T, C), from a stream that begins with them.

        mean, scale: (C,), where the capsule's are of each series. Raises
        InputError for a value that is not finite.
        """
        rows = np.ascontiguousarray(values, np.float32)
        score = np.empty(len(rows), np.float32)
        alarm = np.empty(len(rows), np.uint8)
        reconstruction = np.empty((len(rows), self._channels), np.float32)
        given = (np.empty(0) if part is None else part for part in (mean, scale))
        moments = [np.ascontiguousarray(part, np.float64) for part in given]
        arrays: list[AnyArray] = [rows, *moments, score, alarm, reconstruction]
        places = [array.ctypes.data_as(ctypes.c_void_p) for array in arrays]
        answered = self._run(ctypes.c_long(len(rows)), *places)
        if answered < 0:
            raise InputError(f"expected finite numbers, got others in row {-1 - answered}")
        return Answered(score[:answered], alarm[:answered].astype(bool), reconstruction[:answered])


def compiler(wanted: str | None = None) -> str:
    """Returns the C compiler to call; raises ExtraError where there is none."""
    names = (wanted,) if wanted else (os.environ.get("CC"), *_NAMES)
    result = next((path for name in names if name and (path := shutil.which(name))), None)
    if result is None:
        raise ExtraError(
            f"no C compiler here ({', '.join(name for name in names if name)}): install gcc or "
            "clang, or name one in the variable CC"
        )
    return result


def build_library(made: CFiles, folder: Path, *, with_compiler: str, optimise: str = "-O2") -> Path:
    """Returns the shared library of a capsule's C, built in a folder; the sources stay there."""
    sources = [*made.sources, "harness.c"]
    for name, text in (*made.files.items(), ("harness.c", made.harness)):
        (folder / name).write_text(text, encoding="utf-8")
    # Its own name each, since a process loads a library of one path but once.
    handle, name = tempfile.mkstemp(suffix=".so", dir=folder)
    os.close(handle)
    call = [with_compiler, optimise, *FLAGS, *_fused(), "-shared", "-fPIC", *sources, "-lm"]
    _run_compiler([*call, "-o", name], folder)
    return Path(name)


def _run_compiler(call: Sequence[str], folder: Path) -> str:
    """Returns what a compiler printed; raises ExtraError in one line where it fails."""
    done = subprocess.run(call, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        said = (done.stderr.splitlines() or ["nothing"])[0]
        raise ExtraError(f"{call[0]} does not build the C: {said}")
    return done.stdout


def _fused() -> list[str]:
    """Returns the flag for fused multiply-add where this processor has it and wants to be told."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return []
    flags = Path("/proc/cpuinfo")
    return ["-mfma"] if flags.is_file() and " fma " in flags.read_text(encoding="utf-8") else []
