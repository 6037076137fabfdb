"""Capsules with the judge in their graph: what is refused, what verification sees, the program."""

import dataclasses
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import AttributeProto, TensorProto, helper, numpy_helper

from stillwatch.export.judged.adding import Normal, with_judge
from stillwatch.export.judged.golden_judge import golden_judge
from stillwatch.runtime import CapsuleError, Detector
from stillwatch.runtime.alarms.judge.judge import Judge
from stillwatch.runtime.alarms.policies.rule import rate_in
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.capsule import digest, opening
from stillwatch.runtime.capsule.graph_judge import GraphJudge
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.judged_replay import replay_judged
from stillwatch.runtime.scoring.model import Model

Run = Callable[..., subprocess.CompletedProcess[str]]
HISTORY = 288  # rows, of nab-rds-online


def normal(rows: int = 600, seed: int = 3) -> Float64:
    generator = np.random.default_rng(seed)
    rhythm = 10 + 2 * np.sin(np.arange(rows)[:, None] / 40)
    return np.round(rhythm + generator.normal(0, 0.5, (rows, 1)), 3)


@pytest.fixture(scope="module")
def judged() -> bytes:
    content = opening.read_bytes("nab-rds-online")
    return with_judge(content, "nab-rds-online", "5/week", Normal(normal(), 300.0))


def test_a_row_without_a_scale_yet_is_learnt_and_has_no_alarm(judged: bytes) -> None:
    detector = Detector.from_bytes(judged, "judged")
    values = normal(900, seed=5)
    values[[100, 700]] += 30
    values = values.astype(np.float32).astype(np.float64)
    expected = detector.score(values).judged
    assert expected is not None
    assert expected.alarm[700]
    assert not expected.alarm[:HISTORY].any()
    rows = len(detector.info.graph_judge.state)  # type: ignore[union-attr]
    mean, scale = np.zeros((1, 900, 1), np.float32), np.ones((1, 900, 1), np.float32)
    scale[:, :HISTORY] = np.inf
    feeds = {"values": values[None].astype(np.float32), "judge": np.zeros((rows, 1))}
    names = ["alarm", "mark", "surprise"]
    outputs = detector.session.run(names, feeds | {"mean": mean, "scale": scale})
    np.testing.assert_array_equal(outputs[0][0], expected.alarm)
    np.testing.assert_array_equal(outputs[1][0], expected.mark)
    np.testing.assert_allclose(outputs[2][0], expected.surprise, 1e-11, 1e-11)
    # A score that nobody asked for may be no number.
    feeds["values"] = feeds["values"][:, :HISTORY]
    moments = {"mean": np.full_like(mean[:, :HISTORY], np.nan), "scale": scale[:, :HISTORY]}
    score, mark, alarm = detector.session.run(["score", "mark", "alarm"], feeds | moments)
    assert np.isnan(score).any()
    assert not mark.any()
    assert not alarm.any()


def scan_of(model: onnx.ModelProto) -> onnx.NodeProto:
    (scan,) = (node for node in model.graph.node if node.op_type == "Scan")
    return scan


def body_of(scan: onnx.NodeProto) -> onnx.GraphProto:
    return next(a.g for a in scan.attribute if a.type == AttributeProto.GRAPH)


def backwards(scan: onnx.NodeProto) -> None:
    scan.attribute.append(helper.make_attribute("scan_input_directions", [1, 0, 0]))


def two_states(scan: onnx.NodeProto) -> None:
    next(a for a in scan.attribute if a.name == "num_scan_inputs").i -= 1


def of_another_state(scan: onnx.NodeProto) -> None:
    scan.output[0] = "h_next"


def further_input(scan: onnx.NodeProto) -> None:
    body_of(scan).input.append(helper.make_tensor_value_info("more", TensorProto.DOUBLE, [1]))


def fewer_outputs(scan: onnx.NodeProto) -> None:
    del body_of(scan).output[-1]


def unnamed_output(scan: onnx.NodeProto) -> None:
    scan.output[-1] = ""


def within_itself(scan: onnx.NodeProto) -> None:
    inner = onnx.NodeProto()
    inner.CopyFrom(scan)
    body_of(scan).node.append(inner)


def own_weights(scan: onnx.NodeProto) -> None:
    body_of(scan).initializer.append(numpy_helper.from_array(np.zeros(2), "hidden"))


def foreign_operator(scan: onnx.NodeProto) -> None:
    body_of(scan).node.append(helper.make_node("Tile", ["scan_row", "scan_row"], ["tiled"]))


def without_rows(scan: onnx.NodeProto) -> None:
    del scan.attribute[[a.name for a in scan.attribute].index("num_scan_inputs")]


HOSTILE = {
    "an attribute 'scan_input_directions' of Scan": backwards,
    "a Scan that carries one state, got 2": two_states,
    "a Scan of the judge": of_another_state,
    "a Scan that reads what it is given": further_input,
    "a Scan that gives what its body does": fewer_outputs,
    "a Scan without gaps": unnamed_output,
    "no Loop or Scan within": within_itself,
    "no initializers within": own_weights,
    "an operator 'Tile'": foreign_operator,
    "a Scan that carries one state, got None": without_rows,
}


def resealed(model: onnx.ModelProto, **texts: str) -> bytes:
    marks = {prop.key: prop.value for prop in model.metadata_props} | texts
    helper.set_model_props(model, marks | {"stillwatch.digest": digest.PLACEHOLDER})
    return digest.seal(model.SerializeToString(deterministic=True))


@pytest.mark.parametrize("said", HOSTILE)
def test_a_scan_that_export_never_writes_is_refused(said: str, judged: bytes) -> None:
    model = onnx.load_from_string(judged)
    change: Callable[[onnx.NodeProto], None] = HOSTILE[said]
    change(scan_of(model))
    with pytest.raises(CapsuleError, match=said):
        Detector.from_bytes(resealed(model), "hostile")


@pytest.mark.parametrize("name", ["judge_out", "trained_alarm", "surprise"])
def test_a_capsule_that_lacks_what_it_says_of_its_judge_is_refused(
    name: str, judged: bytes
) -> None:
    model = onnx.load_from_string(judged)
    kept = [port for port in model.graph.output if port.name != name]
    del model.graph.output[:]
    model.graph.output.extend(kept)
    with pytest.raises(CapsuleError, match=f"lacks the outputs {name}"):
        Detector.from_bytes(resealed(model), "hostile")


@pytest.mark.parametrize(
    "change",
    [
        {"budget": "5/week,60s"},
        {"rows": 0},
        {"rows": 2**40},
        {"alarms": [[1]]},
        {"marks": [[1, "2"]]},
        {"surprise": [1.0]},
        {"state": ["x"]},
    ],
)
def test_metadata_of_a_judge_that_no_export_writes_are_refused(
    change: dict[str, object], judged: bytes
) -> None:
    info = Detector.from_bytes(judged, "judged").info
    assert info.graph_judge is not None
    sound = dataclasses.asdict(info.graph_judge)
    assert GraphJudge.from_dict(sound) == info.graph_judge
    with pytest.raises(CapsuleError):
        GraphJudge.from_dict(sound | change)


def test_the_replay_sees_another_alarm_mark_surprise_or_state(judged: bytes) -> None:
    whole = Detector.from_bytes(judged, "judged")
    spec = whole.info.judge
    assert spec is not None
    golden = golden_judge(spec, "5/week", 5.0, rows=100)
    few = dataclasses.replace(whole.info, graph_judge=golden)
    detector = Detector(Model(whole.session, few, "0"))
    found = replay_judged(detector)
    assert found is not None
    assert found.passed
    assert golden.alarms
    start, stop = golden.alarms[0]
    surprise = [golden.surprise[0] or 0.0, *golden.surprise[1:]]
    for change in (
        {"alarms": ((start, stop + 1), *golden.alarms[1:])},
        {"marks": golden.marks[1:]},
        {"surprise": (1e-6 + (surprise[0] or 0.0), *surprise[1:])},
        {"state": (*golden.state[:-1], (golden.state[-1] or 0.0) + 1e-6)},
        {"state": (None, *golden.state[1:])},
    ):
        other = dataclasses.replace(golden, **change)  # type: ignore[arg-type]
        info = dataclasses.replace(detector.info, graph_judge=other)
        damaged = Detector(Model(detector.session, info, "0"))
        replayed = replay_judged(damaged)
        assert replayed is not None
        assert not replayed.passed, change


def test_the_budget_of_the_graph_is_the_default(judged: bytes) -> None:
    content = opening.read_bytes("nab-rds-online")
    other = with_judge(content, "nab-rds-online", "3/day", Normal(normal(), 300.0))
    values = normal(900, seed=6)
    values[400:] += np.linspace(0, 40, 500)[:, None]
    costs = []
    for name, model, budget in (("5/week", judged, "5/week"), ("3/day", other, "3/day")):
        result = Detector.from_bytes(model, name).score(values)
        assert result.judged is not None
        costs.append(result.judged.cost.sum())
        spec = Detector.from_bytes(model, name).info.judge
        rate = rate_in(budget)
        assert spec is not None
        assert rate is not None
        judge = Judge(spec, rate.weekly, 1, 1)
        zeros = np.zeros((1, 900))
        alone = judge.advance(values[None], zeros, zeros.astype(bool), unanswered=HISTORY)
        np.testing.assert_array_equal(alone.alarm[0], result.alarm)
    assert costs[0] != costs[1]


def test_what_cannot_be_judged_is_said(judged: bytes) -> None:
    content = opening.read_bytes("nab-rds-online")
    rows = Normal(normal(), 300.0)
    with pytest.raises(InputError, match="has no judge: give normal rows"):
        with_judge(content, "nab-rds-online", "5/week")
    with pytest.raises(InputError, match="has the judge in its graph already"):
        with_judge(judged, "judged", "5/week")
    for budget in ("five", "0/week", "5/week,60s", ""):
        with pytest.raises(InputError, match="expected a budget as 5/week"):
            with_judge(content, "nab-rds-online", budget, rows)
    with pytest.raises(InputError, match="normal rows of 1 channels"):
        with_judge(content, "nab-rds-online", "5/week", Normal(np.ones((99, 2)), 300.0))


def test_the_program(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "normal.csv"
    np.savetxt(path, normal(), header="value", comments="")
    out = str(tmp_path / "judged.onnx")
    said = run(
        "export", "nab-rds-online", "--judge", "--normal", str(path), "--period", "5min", "-o", out
    )
    assert "a judge for 5/week, a row every 300 s" in said.stdout, said.stderr
    assert "golden rows through the judge in the graph" in run("verify", out).stdout
    assert (
        "judge  in the graph, for 5/week; feed judge as zeros, double, (" in run("info", out).stdout
    )
    refused = run("export", "nab-rds-online", "--normal", str(path), "-o", out)
    assert refused.returncode == 2
    assert refused.stderr == "stillwatch: expected --normal with --judge alone\n"
    refused = run("export", "nab-rds-online", "--judge", "--normal", str(path), "-o", out)
    assert refused.returncode == 2
    assert "expected --period" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
