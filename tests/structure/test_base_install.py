"""What works with the base install alone, and what a command says that needs more."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from stillwatch.runtime.arrays import Float64

# What `pip install stillwatch` does not bring.
NOT_BASE = (
    *("mxnet", "onnx", "pandas", "sklearn", "tqdm", "pooch", "requests", "matplotlib"),
    *("torch", "openvino"),
    *("mlflow", "optuna"),
)

WITHOUT_EXTRAS = f"""
import importlib.abc
import sys

class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in {NOT_BASE!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name.split(".")[0])

sys.meta_path.insert(0, Blocker())
"""
PROGRAM = "from stillwatch.runtime.cli.main import main; sys.exit(main(sys.argv[1:]))"


def run_without_extras(
    code: str, *arguments: str | Path, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_EXTRAS + code, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.mark.parametrize("name", NOT_BASE)
def test_what_is_made_unimportable_is(name: str) -> None:
    done = run_without_extras(f"import {name}")
    assert f"ModuleNotFoundError: No module named '{name}'" in done.stderr


def test_the_library_scores_with_the_base_install() -> None:
    code = """
import numpy as np
from stillwatch.runtime import Detector
result = Detector.load("nab-rds").score(np.arange(100.0))
print(result.score.shape, np.isfinite(result.score).all())
stream = Detector.load("nab-rds-online").stream()
print(sum(stream.update(float(i)) is not None for i in range(300)))
"""
    done = run_without_extras(code)
    assert (done.stdout, done.stderr) == ("(100,) True\n12\n", "")


def test_the_program_scores_watches_and_verifies_with_the_base_install(
    series: Float64, tmp_path: Path
) -> None:
    path = tmp_path / "series.csv"
    path.write_text("value\n" + "\n".join(map(str, series)), encoding="utf-8")
    report = tmp_path / "report.html"
    scored = run_without_extras(PROGRAM, "score", "nab-rds-online", path, "--report", report)
    assert scored.returncode == 0, scored.stderr
    assert report.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert len(scored.stdout.splitlines()) == len(series) + 1
    watched = run_without_extras(
        PROGRAM, "watch", "nab-rds", "--mean", "20", "--scale", "5", stdin="20\n21\n"
    )
    assert watched.returncode == 0, watched.stderr
    assert len(watched.stdout.splitlines()) == 2
    for command in ("info", "verify"):
        assert run_without_extras(PROGRAM, command, "nab-rds").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (["export", "checkpoint", "-o", "model.onnx"], "export"),
        (["train", "nab-rds"], "train"),
        (["data", "fetch", "nab"], "train"),
        (["tune", "sensor", "--data", "x.csv"], "train,export,benchmarks,tune"),
        (["reproduce", "nab-rds"], "train,export,benchmarks"),
        (["bench"], "export,benchmarks"),
        (["verify", "nab-rds", "--checkpoint", "checkpoint"], "train,export"),
        (["verify", "--all"], "train,export"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_command_says_which_extra_it_needs(arguments: list[str], extra: str) -> None:
    done = run_without_extras(PROGRAM, *arguments)
    assert done.returncode == 2, done.stderr
    assert re.fullmatch(
        rf"stillwatch: 'stillwatch {arguments[0]}.*' needs \w+, which is not installed: "
        rf"pip install 'stillwatch\[{extra}\]'\n",
        done.stderr,
    )
