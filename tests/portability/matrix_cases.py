"""What every runner of the matrix must answer, and how far off an answer is."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stillwatch.runtime import Detector
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.capsule.graph_judge import golden_rows
from stillwatch.runtime.capsule.info import CapsuleInfo

ROOT = Path(__file__).resolve().parents[2]
MODULES = ROOT / "build" / "portability" / "node_modules"  # where 'make matrix' has npm put them
CHECKPOINTS = ROOT / "benchmarks" / "results"
ROWS = 730  # not a whole number of windows of any capsule


@dataclass(frozen=True)
class Case:
    """A capsule, the same one with plain inputs (for JavaScript), and a series for it."""

    name: str
    model: str  # a shipped name or a path
    plain: Path
    series: Path

    @property
    def info(self) -> CapsuleInfo:
        return Detector.load(self.model).info


@dataclass(frozen=True)
class Scores:
    """A runner's answer to a series; NaN where there is none yet."""

    score: Float64
    alarm: list[bool]


@dataclass(frozen=True)
class Agreement:
    """How far answers are from the expected: largest difference, relative above one; flips."""

    difference: float = 0.0
    flips: int = 0
    compared: int = 0

    def __or__(self, other: "Agreement") -> "Agreement":
        return Agreement(
            max(self.difference, other.difference),
            self.flips + other.flips,
            self.compared + other.compared,
        )


def compare(got: Scores, expected: Scores) -> Agreement:
    """Returns how far one answer is from another; an answer too many or too few is a flip."""
    if len(got.score) != len(expected.score):
        return Agreement(float("inf"), len(expected.score), len(expected.score))
    answered = ~np.isnan(expected.score)
    off = np.abs(got.score - expected.score) / np.maximum(1, np.abs(expected.score))
    flips = sum(a != b for a, b in zip(got.alarm, expected.alarm, strict=True))
    flips += int((np.isnan(got.score) == answered).sum())
    largest = float(np.nanmax(off[answered], initial=0.0))
    return Agreement(largest, flips, int(answered.sum()))


def read_scores(text: str, column: str = "score") -> Scores:
    """Returns the columns score (or another, in its place) and alarm of a CSV."""
    rows = list(csv.DictReader(io.StringIO(text)))
    score = np.array([float(row[column] or "nan") for row in rows])
    return Scores(score, [row["alarm"] == "1" for row in rows])


def golden_cases(info: CapsuleInfo) -> list[tuple[str, Scores]]:
    """Returns each golden window of a capsule as CSV, and what it scores."""
    return [
        (as_csv(info.channel_names, golden.values), Scores(np.array(golden.score), [*golden.alarm]))
        for golden in info.golden
    ]


def golden_of_judge(info: CapsuleInfo) -> tuple[str, Scores]:
    """Returns the golden rows of the judge in a graph as CSV, and their surprise and alarms.

    The surprise is of each EVERY-th row.
    """
    assert info.judge is not None
    assert info.graph_judge is not None
    judged, spec = info.graph_judge, info.judge
    rows = golden_rows(np.array(spec.centre), np.array(spec.scale), judged.rows)
    alarm = np.zeros(judged.rows, bool)
    for start, stop in judged.alarms:
        alarm[start:stop] = True
    surprise = np.array(judged.surprise, np.float64)
    return as_csv(info.channel_names, rows.tolist()), Scores(surprise, alarm.tolist())


def as_csv(names: Sequence[str], rows: Sequence[Sequence[float]]) -> str:
    """Returns rows below a header, every digit kept."""
    return "\n".join([",".join(names), *(",".join(map(repr, row)) for row in rows), ""])


def make_cases(folder: Path) -> list[Case]:
    """Returns the shipped capsules, and one calibrated for three channels, that alarms.

    Made with the program of this environment, which needs the export extra.
    """
    cases = []
    for name, system, options in (
        ("nab-rds", "nab-rds", ["--scaling", "series"]),
        ("nab-rds-online", "nab-rds", ["--scaling", "rolling(288)"]),
        ("smd-micro", "smd", []),
        ("smd-segments", "segments", []),
    ):
        plain = folder / f"{name}-plain.onnx"
        checkpoint = str(CHECKPOINTS / system / "checkpoint")
        program("export", checkpoint, "-o", str(plain), "--plain-inputs", *options)
        cases.append(Case(name, name, plain, _write_series(folder, name, name)))
    normal, mine, plain = folder / "normal.csv", folder / "mine.onnx", folder / "mine-plain.onnx"
    names = ("a", "b", "c")
    normal.write_text(as_csv(names, _values(3, seed=8, spike=0).tolist()))
    program("calibrate", "smd-segments", str(normal), "-o", str(mine))
    program("calibrate", "smd-segments", str(normal), "-o", str(plain), "--plain-inputs")
    series = _write_series(folder, "calibrated", str(mine))
    cases.append(Case("smd-segments, calibrated", str(mine), plain, series))
    return [*cases, *_judged_cases(folder, cases)]


def _judged_cases(folder: Path, cases: list[Case]) -> list[Case]:
    """Returns two of the cases with the judge in the graph: one channel, and three."""
    judged = []
    for case, channels in ((cases[1], 1), (cases[-1], 3)):
        normal = folder / f"normal-{channels}.csv"
        names = [channel.name for channel in case.info.channels]
        normal.write_text(as_csv(names, _values(channels, seed=8, spike=0).tolist()))
        paths = []
        for form, model in (("judged", case.model), ("judged-plain", str(case.plain))):
            paths.append(folder / f"{form}-{channels}.onnx")
            words = ["--judge", "--normal", str(normal), "--period", "5min", "--budget", "3/day"]
            program("export", model, *words, "-o", str(paths[-1]))
        judged.append(Case(f"{case.name}, judged", str(paths[0]), paths[1], case.series))
    return judged


def program(*words: str) -> str:
    """Returns what this environment's stillwatch prints."""
    return output([str(Path(sys.executable).parent / "stillwatch"), *words])


def output(command: Sequence[str], text: str | None = None, cwd: Path | None = None) -> str:
    """Returns what a command prints; raises CalledProcessError, with its complaint, if it fails."""
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, cwd=cwd)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def _write_series(folder: Path, name: str, model: str) -> Path:
    names = json.loads(program("info", model, "--json"))["channels"]
    path = folder / f"{name}.csv"
    values = _values(len(names), seed=7, spike=400)
    path.write_text(as_csv([channel["name"] for channel in names], values.tolist()))
    return path


def _values(channels: int, *, seed: int, spike: float) -> Float64:
    """Returns (ROWS, channels) with a rhythm and noise, and a stretch that must be called."""
    generator = np.random.default_rng(seed)
    rhythm = np.sin(np.arange(ROWS)[:, None] / 40 + np.arange(channels))
    values = 20 + 3 * rhythm + generator.normal(0, 0.5, (ROWS, channels))
    values[600:601] += spike
    if channels > 1:
        values[640:680, 0] += spike / 40
    return np.round(values, 4)
