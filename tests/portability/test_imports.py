"""Networks that their own frameworks trained come in and agree; the figures that are committed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "benchmarks" / "results" / "importing" / "results.json"


@pytest.mark.peers
def test_networks_of_every_framework_agree_with_their_originals(tmp_path: Path) -> None:
    if not os.environ.get("STILLWATCH_DATA"):
        pytest.skip("the networks are trained on public data: name them in STILLWATCH_DATA")
    os.environ["KERAS_BACKEND"] = "torch"
    for framework in ("torch", "keras", "safetensors", "h5py"):
        pytest.importorskip(framework, reason=f"{framework} is not installed")
    out = tmp_path / "results.json"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "portability.imports", "--out", out],
        env=os.environ | {"PYTHONPATH": str(ROOT / "tests"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    now, then = (json.loads(path.read_text())["rows"] for path in (out, COMMITTED))
    assert [row["file"] for row in now] == [row["file"] for row in then]
    assert all(row["passed"] and row["flips"] == 0 and row["alarms"] > 0 for row in now)
