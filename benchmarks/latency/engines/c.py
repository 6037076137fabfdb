"""Generated C, by the compiler that is here; a window after another, called from Python."""

import importlib.util
from pathlib import Path

import numpy as np

from stillwatch.benchmarks.latency.engines.base import Engine, Run, network_alone
from stillwatch.benchmarks.latency.engines.onnxruntime import TOLERANCE, WHY
from stillwatch.runtime.arrays import AnyArray, Float32

__all__ = ["ENGINE"]

_GENERATOR = "emx_onnx_cgen"
_CHANNELS = "channels"
_MOST_PARAMETERS = 20_000


def _start() -> None:
    """The library wants nothing; to make one wants the generator and a compiler."""
    if importlib.util.find_spec(_GENERATOR) is None:
        raise ModuleNotFoundError(f"No module named {_GENERATOR!r}", name=_GENERATOR)
    from stillwatch.export.c.compiled import compiler

    compiler()


def _prepare(checkpoint: Path, folder: Path) -> Path:
    from stillwatch.export.c.compiled import build_library, compiler
    from stillwatch.export.c.folder import c_files
    from stillwatch.export.capsule.build import build_capsule
    from stillwatch.runtime.errors import InputError
    from stillwatch.runtime.files import make_folder

    alone, weights = network_alone(checkpoint)
    if alone.parameters > _MOST_PARAMETERS:
        raise InputError(
            f"generated C is for small networks, up to {_MOST_PARAMETERS:,} parameters here: of "
            f"{alone.parameters:,} it is slower than any other engine"
        )
    made = c_files(build_capsule(alone, weights), checkpoint.name)
    make_folder(folder)
    library = build_library(made, folder, with_compiler=compiler(), optimise="-O3")
    (folder / _CHANNELS).write_text(str(len(alone.channels)), encoding="utf-8")
    return library


def _load(path: Path, threads: int) -> Run:  # noqa: ARG001  (it has one)
    from stillwatch.export.c.compiled import Compiled

    channels = int((path.parent / _CHANNELS).read_text(encoding="utf-8"))
    compiled = Compiled(path, channels)
    centre, unit = np.zeros(channels), np.ones(channels)

    def run(windows: Float32) -> AnyArray:
        # A stream begins afresh with each window, so those of a batch follow each other in one.
        rows = windows.reshape(-1, channels)
        return compiled.series(rows, centre, unit).reconstruction.reshape(windows.shape)

    return run


ENGINE = Engine(
    name="c",
    package="emx-onnx-cgen",
    tolerance=TOLERANCE,
    why=WHY,  # it has onnxruntime's tanh
    start=_start,
    prepare=_prepare,
    load=_load,
)
