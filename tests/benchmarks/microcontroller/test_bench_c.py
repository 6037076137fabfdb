"""C on a Cortex-M4 in qemu, and the figures that `bench c` writes."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from stillwatch.benchmarks.microcontroller import command
from stillwatch.benchmarks.microcontroller.emulated import (
    COMPILER,
    QEMU,
    emulate,
    made_values,
)
from stillwatch.export.c.folder import CFiles, c_files
from stillwatch.export.capsule.build import build_capsule
from stillwatch.runtime.capsule.opening import read_bytes
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import ExtraError, InputError
from stillwatch.train.data.checkpoint import load_checkpoint

_COMMITTED = Path("benchmarks/results")
_HISTORY = 288


@pytest.fixture(scope="module")
def online() -> CFiles:
    return c_files(read_bytes("nab-rds-online"), "nab-rds-online")


@pytest.fixture
def device() -> None:
    for tool in (COMPILER, QEMU):
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool} here: the C on a microcontroller")


@pytest.mark.usefixtures("device")
@pytest.mark.peers
@pytest.mark.parametrize("optimise", ["-Os", "-O2"])
def test_a_cortex_m4_scores_as_onnxruntime_to_the_bit_in_what_was_said(
    online: CFiles, tmp_path: Path, optimise: str
) -> None:
    found = emulate(online, tmp_path, optimise=optimise, warm=_HISTORY, rows=60)
    values = made_values(_HISTORY + 60, 1)
    stream = Detector.load("nab-rds-online").stream(threshold="trained")
    score = stream.extend(values).score[_HISTORY:]
    assert np.array_equal(found.scores, score)
    assert len(np.unique(score)) == 60
    assert found.ram + found.stack <= online.takes.ram
    assert found.flash_model <= online.takes.flash
    assert 60_000 < found.instructions_a_row < 120_000  # 288 rows twice in software's double


@pytest.mark.usefixtures("device")
@pytest.mark.peers
def test_with_a_scale_of_the_training_a_row_takes_under_a_thousand_instructions(
    tmp_path: Path,
) -> None:
    checkpoint, weights = load_checkpoint(_COMMITTED / "nab-rds" / "checkpoint")
    content = build_capsule(checkpoint, weights, "trained")
    made = c_files(content, "fixed")
    found = emulate(made, tmp_path, optimise="-Os", warm=0, rows=96)
    stream = Detector.from_bytes(content, "fixed").stream(threshold="trained")
    assert np.array_equal(found.scores, stream.extend(made_values(96, 1)).score)
    assert 100 < found.instructions_a_row < 1000
    assert found.ram < 128


def test_a_machine_without_the_tools_says_so(
    online: CFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(ExtraError, match="apt-get install gcc-arm-none-eabi"):
        emulate(online, tmp_path, optimise="-Os", warm=0, rows=1)


def test_a_capsule_scaled_by_each_series_is_refused() -> None:
    with pytest.raises(InputError, match="make a capsule with --scaling trained"):
        command.measured("nab-rds")


def test_the_committed_figures_are_of_builds_that_score_alike() -> None:
    written = json.loads((_COMMITTED / "bench" / "c.json").read_text())
    assert written["command"].startswith("stillwatch bench c ")
    by_name = {model["name"]: model for model in written["models"]}
    assert all(build["passed"] for model in by_name.values() for build in model["builds"])
    assert all(
        build["ram"] + build["stack"] <= model["said"]["ram"]
        and build["flash_model"] <= model["said"]["flash"]
        for model in by_name.values()
        for build in model["builds"]
    )
    assert all(build["ulp"] == 0 for build in by_name["nab-rds-online"]["builds"])
