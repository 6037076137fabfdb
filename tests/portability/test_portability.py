"""The JavaScript example, run as a user would, where Node and its packages are."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from portability.matrix import TOLERANCE
from portability.matrix_cases import (
    MODULES,
    Agreement,
    Case,
    Scores,
    compare,
    make_cases,
    read_scores,
)
from portability.matrix_runners import ENGINES, EXAMPLES, ask_node, ask_python, lacking_for_node
from stillwatch.runtime import Detector, shipped
from stillwatch.runtime.capsule import opening
from stillwatch.runtime.capsule.reading import info_to_json

LACKING = lacking_for_node(MODULES)
NODE = pytest.mark.skipif(bool(LACKING), reason=LACKING)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    return make_cases(tmp_path_factory.mktemp("cases"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for example in EXAMPLES.glob("*.mjs"):
        shutil.copy(example, tmp_path)
    (tmp_path / "node_modules").symlink_to(MODULES)
    return tmp_path


def node(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["node", *words], cwd=folder, capture_output=True, text=True, check=False, timeout=600
    )


@pytest.mark.peers
@NODE
@pytest.mark.parametrize("engine", ENGINES)
def test_the_example_scores_as_python_does(
    engine: str, cases: list[Case], program: Path, tmp_path: Path
) -> None:
    some = [
        case for case in cases if not case.name.startswith("smd-") or "calibrated" in case.name
    ]  # its calibrated form is there
    reference = ask_python(program.parent, some)
    answer = ask_node(MODULES, engine, some, tmp_path / "js")
    assert any(any(scores.alarm) for scores in answer.series.values())
    for found in (answer.golden, answer.agreement(reference)):
        assert found.compared
        assert found.flips == 0
        assert found.difference <= TOLERANCE


@pytest.mark.peers
@NODE
def test_a_scaling_that_would_be_ignored_is_refused(folder: Path, cases: list[Case]) -> None:
    model = folder / "model.onnx"
    model.write_bytes(opening.read_bytes("nab-rds"))
    done = node(folder, "score.mjs", str(model), str(cases[0].series))
    assert done.returncode != 0
    assert "--plain-inputs" in done.stderr


@pytest.mark.peers
@NODE
@pytest.mark.parametrize("cell", ["", "nan", "1x", "Infinity", " "])
def test_a_cell_that_is_no_number_is_refused(cell: str, folder: Path, cases: list[Case]) -> None:
    (folder / "bad.csv").write_text(f"t,value\n1,2.5\n2,{cell}\n")
    done = node(folder, "score.mjs", str(cases[0].plain), "bad.csv")
    assert done.returncode != 0
    assert "missing" in done.stderr


@pytest.mark.skipif(shutil.which("node") is None, reason="no node on the path")
def test_the_metadata_are_read_from_the_bytes_alone(tmp_path: Path) -> None:
    shutil.copy(EXAMPLES / "capsule.mjs", tmp_path)
    script = (
        'import { readInfo } from "./capsule.mjs"; import { readFileSync } from "node:fs";'
        "console.log(JSON.stringify(readInfo(readFileSync(process.argv[1]))));"
    )
    for name in shipped():
        (tmp_path / "model.onnx").write_bytes(opening.read_bytes(name))
        done = node(tmp_path, "--input-type=module", "-e", script, "model.onnx")
        assert json.loads(done.stdout) == json.loads(info_to_json(Detector.load(name).info))
    (tmp_path / "model.onnx").write_bytes(b"onnx")
    assert "not a capsule" in node(
        tmp_path, "--input-type=module", "-e", script, "model.onnx"
    ).stderr  # fmt: skip


def test_a_comparison_counts_what_is_off() -> None:
    expected = Scores(np.array([np.nan, 0.5, 100.0]), [False, False, True])
    assert compare(expected, expected) == Agreement(0.0, 0, 2)
    off = Scores(np.array([np.nan, 0.75, 101.0]), [False, True, True])
    assert compare(off, expected) == Agreement(0.25, 1, 2)
    unanswered = Scores(np.array([0.0, np.nan, 100.0]), [False, False, True])
    assert compare(unanswered, expected).flips == 2
    short = read_scores("score,alarm\n,0\n0.5,0\n")
    assert compare(short, expected).flips == 3
    assert compare(short, expected).difference == float("inf")
