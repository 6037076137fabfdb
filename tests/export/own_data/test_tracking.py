"""`train sensor --track`: what the MLflow store then holds, and that nothing else changes."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.own_table import OPTIONS, table

from stillwatch.runtime import Detector
from stillwatch.runtime.capsule.info import OUTPUTS
from stillwatch.runtime.cli.main import main
from stillwatch.runtime.tables.table import read_table
from stillwatch.train.data.checkpoint import load_checkpoint

Run = Callable[..., subprocess.CompletedProcess[str]]

# In a process of its own: MLflow and what it brings warn of their own futures at import.
READ = """
import json, os, sys
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
import mlflow, numpy as np
uri, values = sys.argv[1], np.load(sys.argv[2])
mlflow.set_tracking_uri(uri)
client = mlflow.MlflowClient()
experiments = [mlflow.get_experiment_by_name("stillwatch").experiment_id]
(run,) = client.search_runs(experiments)
(model,) = mlflow.search_logged_models(experiments, output_format="list")
loaded = mlflow.pyfunc.load_model(f"models:/{model.model_id}")
found = loaded.predict(values)
np.savez(sys.argv[3], **found)
history = {
    name: [(m.step, m.value) for m in client.get_metric_history(run.info.run_id, name)]
    for name in ("loss_train", "loss_validation")
}
print(json.dumps({
    "status": run.info.status, "params": run.data.params, "metrics": run.data.metrics,
    "history": history,
    "artifacts": sorted(a.path for a in client.list_artifacts(run.info.run_id)),
    "errors": mlflow.artifacts.load_dict(f"runs:/{run.info.run_id}/errors.json"),
}))
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "my.csv"
    path.write_text(table(), encoding="utf-8")
    return path


def command(data: Path, out: Path, *more: str) -> list[str]:
    words = ["train", "sensor", "--data", str(data), "--time-column", "t", *OPTIONS]
    return [*words, "--out", str(out), *more]


def test_the_store_holds_the_run_and_a_model_that_scores_as_the_capsule(
    run: Run, data: Path, tmp_path: Path
) -> None:
    uri, out = f"sqlite:///{tmp_path}/runs.db", tmp_path / "out"
    done = run(*command(data, out, "--track", uri), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"in the MLflow store {uri}" in done.stdout
    detector = Detector.load(out / "model.onnx")
    values = read_table(data, detector.info.channel_names, None).values
    np.save(tmp_path / "values.npy", values[None].astype(np.float32))
    arguments = [uri, str(tmp_path / "values.npy"), str(tmp_path / "scores.npz")]
    read = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", READ, *arguments],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert read.returncode == 0, read.stderr
    found: dict[str, Any] = json.loads(read.stdout.splitlines()[-1])
    by_capsule = detector.score(values)
    with np.load(tmp_path / "scores.npz") as by_model:
        for name in OUTPUTS:
            # One call of all windows against calls of some: single precision sums in another order.
            np.testing.assert_allclose(
                by_model[name][0], getattr(by_capsule, name), rtol=1e-5, atol=1e-5
            )
    checkpoint, _ = load_checkpoint(out)
    assert found["status"] == "FINISHED"
    assert found["params"]["units"] == "4"
    assert found["params"]["family"] == "sensor"
    for part in ("train", "validation"):
        expected = list(enumerate(checkpoint.curve[part], 1))
        assert [tuple(pair) for pair in found["history"][f"loss_{part}"]] == expected
    assert found["metrics"]["parameters"] == checkpoint.parameters
    threshold = detector.info.threshold.value
    assert found["metrics"]["threshold"] == found["errors"]["threshold"]["value"] == threshold
    assert sum(found["errors"]["histogram"]["counts"]) == 90
    expected = ["checkpoint.json", "errors.json", "errors.png", "learning.png", "model.onnx"]
    assert found["artifacts"] == expected
    untracked = run(*command(data, tmp_path / "plain"), cwd=tmp_path)
    assert untracked.returncode == 0, untracked.stderr
    for name in ("model.params", "model.onnx", "checkpoint.json"):
        assert (tmp_path / "plain" / name).read_bytes() == (out / name).read_bytes()


@pytest.mark.parametrize(
    "uri", ["sqlite:////no/such/folder/runs.db", "http://127.0.0.1:9", "x://y"]
)
def test_a_store_that_does_not_answer(uri: str, run: Run, data: Path, tmp_path: Path) -> None:
    done = run(*command(data, tmp_path / "out", "--track", uri), cwd=tmp_path)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"stillwatch: the MLflow store {uri} does not answer")
    assert not (tmp_path / "out").exists()  # asked before the work, not after it


def test_without_the_extra(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    monkeypatch.delitem(sys.modules, "stillwatch.export.own_data.tracking", raising=False)
    assert main(command(data, tmp_path / "out", "--track", "sqlite:///x.db")) == 2
    error = capsys.readouterr().err
    assert "needs mlflow, which is not installed: pip install" in error
    assert "track]'" in error
    assert main(command(data, tmp_path / "out")) == 0
    assert (tmp_path / "out" / "report.html").is_file()
