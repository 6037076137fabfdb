"""The engines: found, absent, right; and wrong ones, which must not be timed."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.repeat_vectors import make_checkpoint, random_weights
from support.wrong_gates import wrong_gates

from stillwatch.benchmarks.latency import footprint, worker
from stillwatch.benchmarks.latency.engines import available, engines, named
from stillwatch.benchmarks.latency.engines.base import Engine, Run, largest_and_mean, write_capsule
from stillwatch.benchmarks.latency.plan import Plan
from stillwatch.benchmarks.latency.subjects import (
    SHIPPED,
    Subject,
    given_subjects,
    made_subjects,
    reference,
    windows_for,
)
from stillwatch.export.pytorch.weights import save_weights
from stillwatch.runtime import Detector, ExtraError, InputError
from stillwatch.runtime.arrays import Float32
from stillwatch.train.families.repeat_vector.config import REACH, RepeatVectorConfig

SMALL = dataclasses.replace(Plan.quick(), micro=(), windows=(25,))
FRAMEWORKS = ("mxnet", "torch", "openvino", "onnxruntime", "onnx")


@pytest.fixture(scope="session")
def subjects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Subject]:
    folder = tmp_path_factory.mktemp("networks")
    made = made_subjects(SMALL, folder)
    segments = folder / "segments"
    config = RepeatVectorConfig(units=64, segment=10, scale_free=True)
    weights = random_weights(config, 1, size=0.2)
    save_weights(weights, make_checkpoint(config, 1), segments)
    return {subject.name: subject for subject in [*made, *given_subjects([segments])]}


def running(name: str) -> Engine:
    """The engine of this name; the test is skipped where its framework is not installed."""
    engine = engines()[name]
    if name == "pytorch-compiled":
        pytest.skip("compiling takes tens of seconds and warns; 'stillwatch bench' checks it")
    _, absent = available([engine])
    if absent:
        pytest.skip(f"{name} is optional: {absent[name]}")
    return engine


def test_a_file_with_an_engine_is_an_engine_and_names_it_once() -> None:
    found = engines()
    folder = Path(__file__).resolve().parents[3] / "benchmarks" / "latency" / "engines"
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "base"}
    assert len(found) == len(files)
    wanted = {"mxnet", "numpy", "onnxruntime", "onnxruntime-int8", "openvino-default"}
    assert set(found) >= wanted | {"openvino-f32", "pytorch", "pytorch-compiled"}
    assert all(engine.why and engine.tolerance > 0 for engine in found.values())


def test_naming_the_engines_imports_no_framework() -> None:
    code = f"""
import importlib.util, sys, types
spec = importlib.util.find_spec("stillwatch.runtime")
package = types.ModuleType("stillwatch.runtime")
package.__path__ = list(spec.submodule_search_locations)
sys.modules["stillwatch.runtime"] = package  # its __init__ imports onnxruntime, rightly
from stillwatch.benchmarks.latency.engines import engines
engines()
print([name for name in {FRAMEWORKS} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_engine_that_is_absent_is_named_with_the_reason() -> None:
    def missing() -> None:
        raise ModuleNotFoundError("No module named 'made_up'", name="made_up")

    def refused() -> None:
        raise ExtraError("no compiler here\nmore of it")

    numpy = engines()["numpy"]
    one = dataclasses.replace(numpy, name="one", start=missing)
    two = dataclasses.replace(numpy, name="two", start=refused)
    found, absent = available([one, numpy, two])
    assert found == [numpy]
    assert absent == {"one": "made_up is not installed", "two": "no compiler here"}


def test_a_name_that_is_no_engine_is_refused() -> None:
    with pytest.raises(InputError, match=r"expected engines of .*mxnet, numpy.*got tensorrt"):
        named(["numpy", "tensorrt"])


@pytest.mark.parametrize("network", ["smd-micro", "smd-segments", "nab-rds", "segments"])
@pytest.mark.parametrize("name", engines())
def test_engines_give_the_answer_of_float64(
    tmp_path: Path, subjects: dict[str, Subject], name: str, network: str
) -> None:
    engine, subject = running(name), subjects[network]
    windows = windows_for(subject, 5, seed=1)
    windows[1] *= 20  # a network of no scale has something to shrink
    try:
        path = engine.prepare(subject.folder, tmp_path)
    except InputError as error:
        reasons = (
            *("int8 pays from 64", "baseline for the steps", "no repeated input"),
            *("generated C is for small networks", "control of windowed networks"),
            "repeat-vector family alone",
        )
        assert any(reason in str(error) for reason in reasons)  # noqa: PT017
        return
    # In units of what the network saw: what comes out of a shrunk window is as much larger.
    size = np.maximum(1.0, np.abs(windows).max(axis=1, keepdims=True) / REACH)
    found, expected = engine.load(path, 1)(windows), reference(subject, windows)
    if engine.expected is not None:
        expected = engine.expected(path, windows.astype(np.float64))
    largest, _ = largest_and_mean(found / size, expected / size)
    assert largest <= engine.tolerance


@pytest.mark.parametrize("count", [1, 6, 7])
def test_a_network_alone_answers_alike_in_pairs_and_one_by_one(
    tmp_path: Path, subjects: dict[str, Subject], count: int
) -> None:
    engine, subject = engines()["onnxruntime-network"], subjects["smd-segments"]
    path = engine.prepare(subject.folder, tmp_path)
    assert (path.parent / "packed-2" / path.name).is_file()  # an even number goes in by pairs
    windows = windows_for(subject, count, seed=1)
    run = engine.load(path, 1)
    one_by_one = np.concatenate([run(windows[i : i + 1]) for i in range(count)])
    np.testing.assert_array_equal(run(windows), one_by_one)
    assert largest_and_mean(one_by_one, reference(subject, windows))[0] <= engine.tolerance


def test_the_shipped_networks_are_measured_as_they_are_shipped(
    subjects: dict[str, Subject],
) -> None:
    for name in SHIPPED:
        info = Detector.load(name).info
        made = subjects[name].checkpoint
        config = dataclasses.asdict(made.config)
        for option in ("units", "layers", "window", "segment", "scale_free"):
            assert info.training.options.get(option, config.get(option)) == config.get(option)
        assert (info.parameters, info.window) == (made.parameters, made.config.window)


def test_int8_is_near_float64(tmp_path: Path, subjects: dict[str, Subject]) -> None:
    engine, subject = engines()["onnxruntime-int8"], subjects["student"]
    windows = windows_for(subject, 2, seed=1)
    run = engine.load(engine.prepare(subject.folder, tmp_path), 1)
    largest, _ = largest_and_mean(run(windows), reference(subject, windows))
    assert 1e-5 < largest <= engine.tolerance


@pytest.mark.parametrize("streams", [1, 7])
@pytest.mark.parametrize("name", [n for n, engine in engines().items() if engine.load_step])
def test_steps_give_the_answer_of_windows(
    tmp_path: Path, subjects: dict[str, Subject], name: str, streams: int
) -> None:
    engine, subject = running(name), subjects["nab-rds"]
    series = np.concatenate(list(windows_for(subject, 2 * streams, seed=1)))[..., 0]
    values = series.reshape(streams, 96)  # two windows each, so that the state begins anew
    load_step = engine.load_step
    assert load_step is not None
    step = load_step(engine.prepare(subject.folder, tmp_path), streams, 1)
    found = np.stack([np.array(step(values[:, t].copy())) for t in range(96)], axis=1)
    windows = values.reshape(-1, 48, 1)
    expected = reference(subject, windows).reshape(streams, 96)
    assert largest_and_mean(found, expected)[0] <= engine.tolerance


def distances(tmp_path: Path, subject: Subject, found: list[Engine]) -> dict[str, dict[str, float]]:
    windows = windows_for(subject, 16, seed=1)
    arrays = {"windows": windows, "checked": windows, "expected": reference(subject, windows)}
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array)
    runs = {e.name: e.load(e.prepare(subject.folder, tmp_path / e.name), 1) for e in found}
    job = {name: str(tmp_path / f"{name}.npy") for name in arrays}
    return worker.check_parity(job, runs)


@pytest.mark.parametrize("name", ["numpy", "onnxruntime", "onnxruntime-int8"])
def test_a_wrong_gate_order_is_past_the_tolerance(
    tmp_path: Path, subjects: dict[str, Subject], name: str
) -> None:
    engine = engines()[name]
    right, wrong = engine, wrong_gates(engine)
    found = distances(tmp_path, subjects["student"], [right, wrong])
    assert found[name]["largest"] <= engine.tolerance
    assert found["wrong"]["largest"] > engine.tolerance


def test_the_baseline_runs_in_the_same_rounds_and_windows_go_in_their_chunks(
    tmp_path: Path,
) -> None:
    seen: dict[str, list[int]] = {"a": [], "base": []}

    def run(name: str) -> Run:
        def answer(windows: Float32) -> Float32:
            seen[name].append(len(windows))
            return windows

        return answer

    np.save(tmp_path / "windows.npy", np.zeros((60, 5, 1), np.float32))
    job = {
        "windows": str(tmp_path / "windows.npy"),
        "scenarios": {"SingleStream": 1, "MultiStream": 38, "Offline": 60},
        "pace": {"rounds": 3, "seconds": 0.0, "burst": 1e-9},
        "seed": 0,
    }
    chunks = {
        "SingleStream": {"a": 1, "": 1},
        "MultiStream": {"a": 19, "": 38},
        "Offline": {"a": 60},
    }
    found = worker.time_scenarios(job, {"a": run("a")}, chunks, run("base"))
    assert {scenario: set(tasks) for scenario, tasks in found.items()} == {
        "SingleStream": {"a", ""},
        "MultiStream": {"a", ""},
        "Offline": {"a"},
    }
    assert [len(rounds) for rounds in found["MultiStream"].values()] == [3, 3]
    assert (set(seen["a"]), set(seen["base"])) == ({1, 19, 60}, {1, 38})


def test_an_engine_that_answers_nan_is_past_the_tolerance(
    tmp_path: Path, subjects: dict[str, Subject]
) -> None:
    broken = dataclasses.replace(
        engines()["numpy"], name="broken", load=lambda _path, _threads: lambda w: np.nan * w
    )
    found = distances(tmp_path, subjects["smd-micro"], [broken])
    assert found["broken"]["largest"] > 1e30


def test_the_published_networks_are_counted_alike_in_checkpoint_and_graph(
    tmp_path: Path, subjects: dict[str, Subject]
) -> None:
    counts = {
        "teacher": 1_124_201,
        "student": 482_601,
        "smd-micro": 3_281,
        "smd-segments": 1_652,
        "nab-rds": 18,
    }
    for name, count in counts.items():
        subject = subjects[name]
        path = write_capsule(subject.folder, tmp_path / name)
        assert subject.checkpoint.parameters == count
        assert footprint.parameters_in_graph(path.read_bytes()) == count


def test_operations_are_those_of_the_matrix_products(subjects: dict[str, Subject]) -> None:
    teacher = subjects["teacher"].checkpoint.config
    rows = 4 * 200
    products = rows * (1 + 200) + 3 * rows * (200 + 200) + 200
    assert footprint.operations(teacher, 1) == 2 * 100 * products
    segments = subjects["segments"].checkpoint.config
    by_step = 4 * 64 * (10 + 64) + 4 * 64 * (64 + 64) + 10 * 64
    assert footprint.operations(segments, 1) == 2 * 10 * by_step
    assert footprint.weights_read(segments, 1) == 10 * 2 * 4 * 64 * 64 + 4 * 64 * 74 + 640
    assert footprint.weights_read(teacher, 1) == (100 * 4 * rows * 200 + rows * (1 + 3 * 200) + 200)


def test_installed_sizes_have_what_is_required_in_them() -> None:
    assert footprint.installed_mib("onnxruntime") > footprint.installed_mib("numpy") > 10
    assert footprint.installed_mib("no-such-distribution") == 0


def test_checkpoints_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="different names"):
        given_subjects([tmp_path / "a" / "x", tmp_path / "b" / "x"])
