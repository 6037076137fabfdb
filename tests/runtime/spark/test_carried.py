"""What travels to workers arrives whole, or is refused; a missing Java is one line."""

import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from support.detectors import nab_rds_capsule

from stillwatch.runtime import CapsuleError, ExtraError, InputError
from stillwatch.runtime.spark.options import SparkOptions
from stillwatch.runtime.spark.session import check_java
from stillwatch.runtime.spark.workers.at_rest import scores_at_rest
from stillwatch.runtime.spark.workers.carried import Job, carried
from stillwatch.runtime.spark.workers.columns import TIME, score_fields, values_name
from stillwatch.runtime.spark.workers.groups import GroupTask


def test_a_session_is_made_once_for_the_same_bytes() -> None:
    one, other = (carried(bytes(bytearray(nab_rds_capsule("trained")))) for _ in range(2))
    assert one.content is not other.content
    assert one.detector() is other.detector()


def test_a_capsule_that_changed_on_its_way_is_refused() -> None:
    whole = carried("nab-rds")
    cut = dataclasses.replace(whole, content=whole.content[:-1] + b"x")
    with pytest.raises(CapsuleError, match=r"nab-rds was damaged on its way: expected sha256 \w+"):
        cut.detector()
    with pytest.raises(CapsuleError, match="damaged"):
        carried(whole.content.replace(b"LSTM", b"LSTX", 1))


def test_groups_come_and_go_as_arrow_and_no_answer_is_null() -> None:
    job = Job(capsule=carried(nab_rds_capsule("rolling(288)")), by=("s",), options=SparkOptions())
    task = GroupTask(
        job=job,
        answer=scores_at_rest,
        channels=1,
        fields=score_fields(job, job.capsule.detector().info),
    )
    rows = {
        "s": ["a"] * 300,
        TIME: list(range(300)),
        values_name(0): [float(i % 7) for i in range(300)],
    }
    answer = task((pa.scalar("a"),), pa.table(rows))
    assert answer.column("s").to_pylist() == ["a"] * 300
    assert answer.column("score").null_count == 288
    assert answer.column("alarm").null_count == 0
    rows[values_name(0)][5] = None
    with pytest.raises(InputError, match=r"s 'a': expected finite .*, got nan at row 5"):
        task((pa.scalar("a"),), pa.table(rows))
    rows[TIME][7] = None
    with pytest.raises(InputError, match="s 'a': expected a time in every row, got 1 without one"):
        task((pa.scalar("a"),), pa.table(rows))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"figures": ("score",)}, "expected figures of reconstruction"),
        ({"share": 0}, "expected a share of at least one row"),
        ({"expiry": float("nan")}, "expected an expiry above 0 seconds"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, object], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        SparkOptions(**options)  # type: ignore[arg-type]


def java(folder: Path, says: str) -> None:
    (folder / "bin").mkdir()
    (folder / "bin" / "java").write_text(f"#!/bin/sh\necho '{says}' >&2\n", encoding="utf-8")
    (folder / "bin" / "java").chmod(0o755)


def test_a_missing_java_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(ExtraError, match=r"Spark needs a Java 17 runtime, and there is no "):
        check_java()
    java(tmp_path, 'openjdk version "11.0.2" 2019-01-15')
    with pytest.raises(ExtraError, match=r'says openjdk version "11\.0\.2" 2019-01-15: install'):
        check_java()
    (tmp_path / "bin" / "java").write_text("#!/bin/sh\necho 'version \"21.0.1\"' >&2\n")
    check_java()


def test_a_missing_pyspark_is_one_line() -> None:
    code = """
import sys, importlib.util as util
from stillwatch.runtime.spark import session
session.find_spec = lambda name: None if name == "pyspark" else util.find_spec(name)
from stillwatch.runtime.spark import score_frame
from stillwatch.runtime import ExtraError
try:
    score_frame(None, "nab-rds", by="a", time="b")
except ExtraError as error:
    print(error)
print("pyspark" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert re.fullmatch(
        r"scoring on Spark needs pyspark, which is not installed: "
        r"pip install 'stillwatch\[spark\]'\nFalse\n",
        done.stdout,
    ), done.stderr


def test_the_job_says_in_one_line_what_is_missing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "stillwatch.runtime.spark.submit", "nab-rds", "rows", "out"]
    done = subprocess.run(
        [*command, "--by", "sensor", "--time", "time"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"JAVA_HOME": str(tmp_path)},
    )
    assert done.returncode == 2
    assert re.fullmatch(r"stillwatch: .* needs .*\n", done.stderr)
