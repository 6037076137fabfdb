"""The C of shipped capsules, made once, and a compiler to build it with."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stillwatch.export.c.compiled import Compiled, build_library, compiler
from stillwatch.export.c.folder import CFiles, c_files
from stillwatch.runtime.capsule.opening import read_bytes
from stillwatch.runtime.errors import ExtraError


@pytest.fixture(scope="session")
def online() -> CFiles:
    return c_files(read_bytes("nab-rds-online"), "nab-rds-online")


@pytest.fixture(scope="session")
def cc() -> str:
    try:
        return compiler()
    except ExtraError as error:
        pytest.skip(str(error))


@pytest.fixture
def built(cc: str, tmp_path: Path) -> Callable[[CFiles], Compiled]:
    """Builds the C of a capsule of one channel into a library of the test's own."""
    return lambda made: Compiled(build_library(made, tmp_path, with_compiler=cc), 1)
