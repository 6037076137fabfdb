"""PyTorch by `torch.compile`, where there is a C++ compiler to compile with."""

import os
import shutil
from pathlib import Path

from stillwatch.benchmarks.latency.engines import pytorch
from stillwatch.benchmarks.latency.engines.base import Engine, Run

__all__ = ["ENGINE"]


def _start() -> None:
    from stillwatch.runtime.errors import ExtraError

    pytorch.start()
    compilers = (os.environ.get("CXX"), "g++", "clang++", "c++")
    if not any(name and shutil.which(name) for name in compilers):
        raise ExtraError("torch.compile wants a C++ compiler: install g++ or clang")


def _load(path: Path, threads: int) -> Run:
    import torch

    from stillwatch.export.pytorch.conversion import to_torch

    return pytorch.run_module(torch.compile(to_torch(path)), threads)


ENGINE = Engine(
    name="pytorch-compiled",
    package="torch",
    start=_start,
    load=_load,
    roles=("student",),  # each takes seconds to compile
)
