"""verify --all: frameworks that agree pass, and what is wrong is caught."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from support.repeat_vectors import make_capsule, make_checkpoint, normal_rows, random_weights
from support.wrong_gates import swapped_gates, wrong_gates

from stillwatch.benchmarks.latency.engines import engines
from stillwatch.benchmarks.validation import command as cross_check_command
from stillwatch.benchmarks.validation.case import Case
from stillwatch.benchmarks.validation.cross_check import cross_check
from stillwatch.benchmarks.validation.mx2onnx import run_mx2onnx
from stillwatch.export.calibrate.calibration import calibrate
from stillwatch.export.calibrate.options import CalibrationOptions
from stillwatch.export.capsule.windowed import build_uncalibrated
from stillwatch.export.pytorch.weights import save_weights
from stillwatch.runtime import ExtraError
from stillwatch.runtime.cli.main import main
from stillwatch.runtime.files import write_bytes
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig

SMALL = RepeatVectorConfig(units=6, window=12)
CHANNELS = 3


def make_case(
    folder: Path,
    *,
    capsule_seed: int = 0,
    checkpoint_seed: int = 0,
    config: RepeatVectorConfig = SMALL,
) -> Case:
    """A checkpoint and a capsule, which is stale where their seeds differ."""
    checkpoint = make_checkpoint(config, CHANNELS)
    size = config.units**-0.5
    trained = random_weights(config, CHANNELS, checkpoint_seed, size=size)
    save_weights(trained, checkpoint, folder / "saved")
    values = normal_rows(300, CHANNELS)
    exported = random_weights(config, CHANNELS, capsule_seed, size=size)
    base = build_uncalibrated(checkpoint, exported)
    return Case(
        name="small",
        folder=folder / "saved",
        content=calibrate(base, "small", values[:150]).content,
        projected=calibrate(
            base, "small", values[:150], CalibrationOptions(decoder="projected")
        ).content,
        series="made up",
        values=values,
    )


def test_frameworks_that_agree_pass_with_no_alarm_flipped(tmp_path: Path) -> None:
    found, absent = cross_check(make_case(tmp_path), [engines()["numpy"]], tmp_path)
    names = [difference.framework.split()[0] for difference in found]
    assert names[:4] == ["onnxruntime", "onnxruntime", "onnx", "numpy"]
    assert all(difference.passed and not difference.flips for difference in found)
    assert all(0 < difference.mean < difference.largest < 1e-5 for difference in found)
    assert found[0].alarms > 0, "nothing could have flipped"
    assert any("int8" in name and "int8 pays from 64" in why for name, why in absent.items())


def test_both_forms_of_a_capsule_are_compared_in_int8_too(tmp_path: Path) -> None:
    large = make_case(tmp_path, config=dataclasses.replace(SMALL, units=64))
    found, absent = cross_check(large, [], tmp_path)
    runtime = f"onnxruntime {onnxruntime.__version__}"
    by_name = {difference.framework: difference for difference in found}
    assert absent == {}
    assert [name.removeprefix(runtime) for name in by_name if name.startswith(runtime)] == [
        *("", ", int8", ", projected", ", int8, projected"),
    ]
    for form in ("", ", projected"):
        exact, small = by_name[runtime + form], by_name[f"{runtime}, int8{form}"]
        assert (exact.exact, small.exact) == (True, False)
        assert exact.passed
        assert small.passed
        assert small.mean > 100 * exact.mean
    assert by_name[runtime].largest == by_name[f"{runtime}, projected"].largest


def test_a_wrong_gate_order_is_caught(tmp_path: Path) -> None:
    wrong = wrong_gates(engines()["numpy"])
    found, _ = cross_check(make_case(tmp_path), [wrong], tmp_path)
    by_name = {difference.framework.split()[0]: difference for difference in found}
    assert not by_name["wrong"].passed
    assert by_name["wrong"].largest > 0.01
    assert by_name["onnxruntime"].passed


def test_a_stale_capsule_is_caught(tmp_path: Path) -> None:
    found, _ = cross_check(make_case(tmp_path, capsule_seed=1), [engines()["numpy"]], tmp_path)
    passed = {difference.framework.split()[0]: difference.passed for difference in found}
    # The graphs are of the old weights; what reads the checkpoint agrees with it.
    assert passed["onnxruntime"] is passed["onnx"] is False
    assert passed["numpy"]


def test_verify_of_one_capsule_catches_a_stale_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = make_case(tmp_path)
    stale, series = tmp_path / "stale.onnx", tmp_path / "series.csv"
    write_bytes(stale, make_capsule(SMALL, CHANNELS, seed=1))
    header = ",".join(f"channel_{i + 1}" for i in range(CHANNELS))
    np.savetxt(series, case.values, delimiter=",", header=header, comments="")
    words = ["--checkpoint", str(case.folder), "--series", str(series)]
    assert main(["verify", str(stale), *words]) == 1
    assert "FAILED" in capsys.readouterr().out


def test_low_precision_may_flip_alarms_and_says_so(tmp_path: Path) -> None:
    numpy = engines()["numpy"]
    noise = np.random.default_rng(0)

    def rough(path: Path, threads: int):  # type: ignore[no-untyped-def]
        run = numpy.load(path, threads)
        return lambda windows: run(windows) + noise.normal(0, 0.5, windows.shape)

    low = dataclasses.replace(numpy, name="rough", load=rough, tolerance=9.0, weight_bytes=2)
    exact = dataclasses.replace(low, weight_bytes=4)
    for engine, passes in ((low, True), (exact, False)):
        found, _ = cross_check(make_case(tmp_path), [engine], tmp_path)
        (one,) = (d for d in found if d.framework.startswith("rough"))
        assert one.flips > 0
        assert one.passed is passes


def test_the_command_compares_given_checkpoints_and_writes_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cross_check_command, "named", lambda _: [engines()["numpy"]])
    case = make_case(tmp_path)
    series, out = tmp_path / "series.csv", tmp_path / "matrix.json"
    header = ",".join(f"channel_{i + 1}" for i in range(CHANNELS))
    np.savetxt(series, case.values, delimiter=",", header=header, comments="")
    words = ["verify", "--all", "--checkpoint", str(case.folder), "--series", str(series)]
    assert main([*words, "--json", str(out)]) == 0
    document = json.loads(out.read_text())
    assert document["models"] == [
        {"model": "repeat-vector saved", "series": str(series), "rows": 300}
    ]
    assert {row["framework"].split()[0] for row in document["differences"]} >= {"numpy", "onnx"}
    assert "all agree" in capsys.readouterr().out

    # The same network with its gates confused, beside the capsule of the right one.
    def wrong(_: object) -> list[object]:
        return [wrong_gates(engines()["numpy"])]

    monkeypatch.setattr(cross_check_command, "named", wrong)
    assert main(words) == 1
    assert "1 FAILED" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--all", "nab-rds"], "expected no capsule with --all, got 'nab-rds'"),
        (["--all", "--series", "x.csv"], "expected --checkpoint DIR with --series"),
        (["nab-rds", "--checkpoint", "a", "--checkpoint", "b"], "expected one --checkpoint"),
    ],
    ids=["capsule", "series", "two"],
)
def test_a_wrong_call_is_one_clear_line(
    capsys: pytest.CaptureFixture[str], words: list[str], expected: str
) -> None:
    assert main(["verify", *words]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert expected in error


def test_outside_a_checkout_it_says_what_to_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["verify", "--all"]) == 2
    assert "name one with --checkpoint DIR" in capsys.readouterr().err


def test_mxnets_own_graph_is_a_witness_of_one_layer_and_wrong_for_two(tmp_path: Path) -> None:
    found, absent = cross_check(make_case(tmp_path), [], tmp_path)
    if "mx2onnx's graph" in absent:
        pytest.skip(f"MXNet is optional: {absent['mx2onnx']}")
    (witness,) = (d for d in found if d.framework.startswith("mx2onnx"))
    assert witness.passed
    deep = dataclasses.replace(SMALL, layers=2)
    save_weights(random_weights(deep, 1), make_checkpoint(deep, 1), tmp_path / "deep")
    with pytest.raises(ExtraError, match="its graph does not run"):
        run_mx2onnx(tmp_path / "deep", np.zeros((2, 12, 1), np.float32))


def test_swapping_gates_twice_is_no_swap() -> None:
    weights = random_weights(SMALL, CHANNELS)
    again = swapped_gates(swapped_gates(weights))
    assert all(np.array_equal(again[name], weight) for name, weight in weights.items())
    assert not np.array_equal(
        swapped_gates(weights)["encoder._unfused.0.h2h_weight"],
        weights["encoder._unfused.0.h2h_weight"],
    )
