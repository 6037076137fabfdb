"""What a watch makes of its lines: JSON, times, gaps, bursts and lines that are too long."""

import json
import resource
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.repeat_vectors import make_capsule
from support.series import cpu_like
from support.watching import PATIENCE, Watch

from stillwatch.runtime import Detector
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig

Run = Callable[..., subprocess.CompletedProcess[str]]
WATCH = ["watch", "nab-rds", "--mean", "20", "--scale", "5"]


def answers(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("line", "through"),
    [
        ("21.5", {}),
        ("[21.5]", {}),
        ('{"value": 21.5}', {}),
        (
            '{"t": "noon", "value": 21.5, "rack": 3, "up": true, "no": null}',
            {"rack": 3, "up": True},
        ),
    ],
)
def test_json_and_csv_lines_score_alike(line: str, through: dict[str, Any], run: Run) -> None:
    (found,) = answers(run(*WATCH, input=line + "\n"))
    expected = Detector.load("nab-rds").stream(mean=20, scale=5).update(21.5)
    assert expected is not None
    assert np.float32(found["score"]) == np.float32(expected.score)
    assert found.items() >= {"line": 1, "alarm": expected.alarm, **through}.items()


@pytest.mark.parametrize(
    ("line", "fragment"),
    [
        ('{"other": 1}', "expected a channel 'value'"),
        ('{"value": "hot"}', "expected numbers, got 'hot'"),
        ('{"value": true}', "expected numbers"),
        ('{"value": 1e999}', "finite float32"),
        ('{"value": null}', "--fill forward"),
        ('{"value": [1]}', "expected numbers"),
        ("[1, 2]", "expected 1 numbers, got 2"),
        ("[" * 100_000, "expected JSON"),
        ('{"value": 1', "expected JSON"),
        ("1" * (2**20 + 5), "at most 1048576 bytes"),
        ('{"value": ' + "9" * 5000 + "}", "expected JSON"),
    ],
)
def test_a_line_that_cannot_be_read_is_answered_and_the_next_one_scored(
    line: str, fragment: str, run: Run
) -> None:
    done = run(*WATCH, input=f"{line}\n20\n")
    bad, good = answers(done)
    assert bad["line"] == 1
    assert fragment in bad["error"]
    assert len(bad["error"]) < 300
    assert good["line"] == 2
    assert "1 lines could not be read" in done.stderr


def test_json_is_filled_forward(run: Run) -> None:
    lines = '{"value": 20}\n{"value": null}\n{"value": NaN}\n'
    found = answers(run(*WATCH, "--fill", "forward", input=lines))
    assert [one["reconstruction"] for one in found] == [
        one["reconstruction"] for one in answers(run(*WATCH, input="20\n20\n20\n"))
    ]


def test_repeated_and_backward_times_are_left_out(run: Run) -> None:
    text = "t,value\n0,20\n300,21\n300,99\n0,99\nnever,99\n600,22\n"
    found = answers(run(*WATCH, "--time", "t", input=text))
    assert [one["error"][:12] for one in found if "score" not in one] == [
        "repeated tim", "backward tim", "expected a t",
    ]  # fmt: skip
    clean = answers(run(*WATCH, input="20\n21\n22\n"))
    scored = [one["score"] for one in found if "score" in one]
    assert scored == [one["score"] for one in clean]


@pytest.mark.parametrize("stamp", ["2026-11-22T00:{:02}:00", "2026-11-22 00:{:02}:00+01:00"])
def test_missing_samples_are_counted_by_the_clock(stamp: str, run: Run) -> None:
    minutes = (0, 5, 20, 25)
    lines = "".join(json.dumps({"at": stamp.format(m), "value": 20}) + "\n" for m in minutes)
    words = ["--time", "at", "--period", "300"]
    found = answers(run(*WATCH, *words, input=lines))
    assert [one.get("missing") for one in found] == [None, None, 2, None]


def test_a_gap_is_filled_or_begins_the_stream_anew_as_told(run: Run) -> None:
    words = [*WATCH, "--time", "t", "--period", "1"]
    gap = "t,value\n0,20\n1,25\n4,30\n"
    whole = answers(run(*words, input="t,value\n0,20\n1,25\n2,25\n3,25\n4,30\n"))
    plain = answers(run(*words, input="t,value\n0,20\n1,25\n2,30\n"))
    fresh = answers(run(*words, input="t,value\n4,30\n"))
    for how, expected in (("fill", whole), ("ignore", plain), ("restart", fresh)):
        found = answers(run(*words, "--gap", how, input=gap))
        assert [one["line"] for one in found] == [2, 3, 4]
        assert found[-1]["missing"] == 2
        assert found[-1]["score"] == expected[-1]["score"], how
    assert len({one[-1]["score"] for one in (whole, plain, fresh)}) == 3


def test_a_windowed_model_answers_a_window_at_a_time_and_the_rest_at_the_end(
    watch: Callable[..., Watch], run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "windowed.onnx"
    path.write_bytes(make_capsule(RepeatVectorConfig(units=4, layers=1, window=5), 1))
    values = cpu_like(2, 13)
    whole = Detector.load(path).score(values)
    one = watch(str(path))
    for value in values[:5]:
        one.send(repr(float(value)))
    found = [one.answer() for _ in range(5)]
    for value in values[5:]:
        one.send(repr(float(value)))
    found += [one.answer() for _ in range(5)]
    assert one.process.stdin
    one.process.stdin.close()
    found += [one.answer() for _ in range(3)]
    assert [one["line"] for one in found] == list(range(1, 14))
    np.testing.assert_array_equal(np.float32([one["score"] for one in found]), whole.score)
    short = answers(run("watch", path, input="1\n2\n"))
    assert [one["score"] for one in short] == [None, None]


def test_a_burst_of_lines_is_answered_in_order_and_bounded_memory(
    program: Path, clean_env: dict[str, str], tmp_path: Path
) -> None:
    source, out = tmp_path / "lines", tmp_path / "out"
    values = cpu_like(7, 100_000)
    source.write_text("".join(f"{value:.3f}\n" for value in values))

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (600 * 2**20, 600 * 2**20))

    with source.open("rb") as lines:
        command = [program, *WATCH, "-o", out]
        done = subprocess.run(
            command, stdin=lines, env=clean_env, timeout=PATIENCE * 3, preexec_fn=limited
        )
    assert done.returncode == 0
    found = [json.loads(line) for line in out.read_text().splitlines()]
    assert [one["line"] for one in found] == list(range(1, 100_001))
    expected = Detector.load("nab-rds").score(np.round(values, 3), mean=20, scale=5)
    np.testing.assert_array_equal(np.float32([one["score"] for one in found]), expected.score)


@pytest.mark.parametrize(
    ("words", "fragment"),
    [
        (["--period", "300"], "--time"),
        (["--time", "t", "--period", "-1"], "--period above 0"),
        (["--min-length", "0"], "minimum length"),
        (["--threshold", "rolling(2,5)"], "quantile above 0"),
        (["--stride", "5"], "causal model"),
    ],
)
def test_options_that_make_no_sense_are_refused(words: list[str], fragment: str, run: Run) -> None:
    done = run(*WATCH, *words, input="20\n")
    assert done.returncode == 2
    assert fragment in done.stderr
    assert done.stderr.count("\n") == 1
