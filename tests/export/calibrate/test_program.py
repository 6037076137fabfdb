"""`stillwatch calibrate` through the installed program: from a CSV file to one's own capsule."""

import csv
import io
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from support.repeat_vectors import detector_of, make_capsule, normal_rows

from stillwatch.runtime import Detector
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.tables.table import read_table
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig

Run = Callable[..., subprocess.CompletedProcess[str]]
CONFIG = RepeatVectorConfig(units=5, window=20)
NAMES = ("cpu", "disk", "net", "fan")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network trained on three channels."""
    path = tmp_path_factory.mktemp("model") / "model.onnx"
    path.write_bytes(make_capsule(CONFIG, 3))
    return path


def write(
    path: Path, values: Float64, names: Sequence[str] = NAMES, gaps: Sequence[int] = ()
) -> Path:
    """A column of hosts, the numbers, and a note; cells of the second channel empty in `gaps`."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["host", *names, "note"])
    for number, row in enumerate(values.tolist()):
        cells = [repr(cell) for cell in row]
        if number in gaps:
            cells[1] = ""
        writer.writerow(["rack 1, left", *cells, "" if number % 3 else "all well"])
    path.write_text(out.getvalue())
    return path


def test_calibrate_then_score_then_verify(run: Run, model: Path, tmp_path: Path) -> None:
    normal, values = normal_rows(400, 4), normal_rows(130, 4, seed=1)
    mine, scored = tmp_path / "mine.onnx", tmp_path / "scored.csv"
    gaps = (11, 12, 300)
    done = run("calibrate", model, write(tmp_path / "normal.csv", normal, gaps=gaps),
               "-o", mine, "--fill", "forward")  # fmt: skip
    assert done.returncode == 0
    assert done.stderr.splitlines() == [
        "4 channels: cpu, disk, net, fan",
        "not channels: host (text such as 'rack 1, left'), note (text such as 'all well')",
        "3 cells filled forward",
    ]
    said = done.stdout.splitlines()
    assert said[0].startswith(f"{mine}: 4 channels from 400 rows, covariance condition ")
    assert said[-1] == f"next: stillwatch score {mine} SERIES.csv"

    normal[[11, 12, 300], 1] = normal[[10, 10, 299], 1]
    info = Detector.load(mine).info
    assert info.channel_names == NAMES
    assert info.mean == pytest.approx(normal.mean(axis=0), rel=1e-12)
    assert info.data.name == "normal.csv"

    series = write(tmp_path / "series.csv", values, gaps=(40,))
    assert run("score", mine, series).returncode == 2
    done = run("score", mine, series, "--fill", "forward", "-o", scored)
    assert done.returncode == 0, done.stderr
    values[40, 1] = values[39, 1]
    expected = Detector.load(mine).score(values)
    with scored.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [float(row["score"]) for row in rows] == pytest.approx(expected.score, rel=1e-6)
    assert [row["alarm"] == "1" for row in rows] == expected.alarm.tolist()
    assert run("verify", mine).returncode == 0


def test_named_columns_in_the_order_named(run: Run, model: Path, tmp_path: Path) -> None:
    normal = write(tmp_path / "normal.csv", normal_rows(400, 4))
    mine = tmp_path / "mine.onnx"
    columns = ["--column", "net", "--column", "cpu"]
    done = run("calibrate", model, normal, "-o", mine, *columns, "--published-score")
    assert done.returncode == 0, done.stderr
    assert "\nnot channels: host, note" not in done.stderr
    assert done.stderr.startswith("2 channels: net, cpu\nnot channels: host (text")
    assert "channels: cpu" not in done.stdout
    info = Detector.load(mine).info
    assert info.channel_names == ("net", "cpu")
    assert info.score == "Mahalanobis distance of errors"


def test_rate_reaches_the_capsule(run: Run, model: Path, tmp_path: Path) -> None:
    normal = write(tmp_path / "normal.csv", normal_rows(400, 4))
    for rate in ("0.01", "0.2"):
        run("calibrate", model, normal, "-o", tmp_path / rate, "--rate", rate)
    low, high = (Detector.load(tmp_path / rate).info.threshold for rate in ("0.01", "0.2"))
    assert (low.rate, high.rate) == (0.01, 0.2)
    assert high.value < low.value


def test_remarks_are_printed(run: Run, model: Path, tmp_path: Path) -> None:
    values = normal_rows(41, 4)
    values[:, 3] = 1
    done = run("calibrate", model, write(tmp_path / "normal.csv", values), "-o", tmp_path / "mine")
    assert "\n1 channels never change in this data (fan): " in done.stdout
    assert "\n41 rows are few for 12 features: " in done.stdout


def test_plain_inputs_can_be_had(run: Run, model: Path, tmp_path: Path) -> None:
    normal = write(tmp_path / "normal.csv", normal_rows(400, 4))
    done = run("calibrate", model, normal, "-o", tmp_path / "mine.onnx", "--plain-inputs")
    assert done.returncode == 0, done.stderr[-300:]


def test_int8_can_be_had(run: Run, tmp_path: Path) -> None:
    large = tmp_path / "large.onnx"
    large.write_bytes(make_capsule(RepeatVectorConfig(units=64, window=20), 3))
    normal = write(tmp_path / "normal.csv", normal_rows(400, 4))
    done = run("calibrate", large, normal, "-o", tmp_path / "mine.onnx", "--int8")
    assert done.returncode == 0, done.stderr
    assert Detector.load(tmp_path / "mine.onnx").info.training.precision == "int8"
    assert run("verify", tmp_path / "mine.onnx").returncode == 0


REFUSED = {
    "no columns of numbers": (b"host,note\na,b\n", [], "has no column of numbers for"),
    "an empty file": (b"", [], "is empty"),
    "a header alone": (b"cpu,disk\n", [], "has a header and no rows"),
    "a missing value": (None, [], "--fill forward gives such a cell"),
    "a column that is not there": (None, ["--column", "gpu"], "no column 'gpu'"),
    "a column of text": (None, ["--column", "host"], "expected a number, got 'rack 1, left'"),
    "a first value missing": (b"cpu,disk\n1,\n2,3\n", ["--fill", "forward"], "no value before it"),
    "too few rows": (b"cpu\n" + b"1\n2\n" * 19, [], "at least 40 normal rows, two windows, got 38"),
    "a rate of two": (None, ["--fill", "forward", "--rate", "2"], "rate between 0 and 1, got 2.0"),
    "int8 too small": (None, ["--fill", "forward", "--int8"], "from 64 hidden units"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_one_line(case: str, run: Run, model: Path, tmp_path: Path) -> None:
    content, options, message = REFUSED[case]
    normal = tmp_path / "normal.csv"
    if content is None:
        write(normal, normal_rows(400, 4), gaps=(200,))
    else:
        normal.write_bytes(content)
    done = run("calibrate", model, normal, "-o", tmp_path / "mine.onnx", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("stillwatch: ")
    assert done.stderr.count("\n") == 1
    assert message in done.stderr
    assert list(tmp_path.iterdir()) == [normal]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("nab-rds", "only repeat-vector, sensor, stack can be calibrated"),
        ("no-such-model.onnx", "no-such-model"),
    ],
)
def test_wrong_model(wrong: str, message: str, run: Run, tmp_path: Path) -> None:
    normal = write(tmp_path / "normal.csv", normal_rows(400, 1), names=["value"])
    done = run("calibrate", wrong, normal, "-o", tmp_path / "mine.onnx")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert message in done.stderr
    assert list(tmp_path.iterdir()) == [normal]


def test_failure_leaves_an_earlier_output_alone(run: Run, model: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.onnx"
    mine.write_bytes(b"mine")
    normal = write(tmp_path / "normal.csv", normal_rows(10, 4))
    assert run("calibrate", model, normal, "-o", mine).returncode == 2
    assert mine.read_bytes() == b"mine"


def test_without_the_training_packages(model: Path, tmp_path: Path) -> None:
    normal = normal_rows(400, 4)
    path, mine = write(tmp_path / "normal.csv", normal), tmp_path / "mine.onnx"
    program = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(['mxnet', 'pandas', 'sklearn', 'scipy', 'tqdm', 'pooch',"
        " 'requests', 'matplotlib']))\n"
        "from stillwatch.runtime.cli.main import main\n"
        "sys.exit(main(sys.argv[1:]))"
    )

    def bare(*arguments: str | Path) -> str:
        command = [sys.executable, "-c", program, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    bare("calibrate", model, path, "-o", mine)
    rows = list(csv.DictReader(io.StringIO(bare("score", mine, path))))
    expected = detector_of(mine.read_bytes()).score(normal)
    assert [float(row["score"]) for row in rows] == pytest.approx(expected.score, rel=1e-6)
    assert "passed" in bare("verify", mine)


def test_numeric_columns(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("host,late,cpu,sci,nan,blank,date\na,,1,1e-3,nan,,2020-01-01\nb,4,x,2,1,,3\n")
    assert read_table(path, columns=["sci"]).channels == ("sci",)
    with pytest.raises(InputError, match=r"row 2, column 'cpu': expected a number, got 'x'"):
        read_table(path)
    path.write_text("host,blank\na,\n")
    with pytest.raises(InputError, match=r"no column of numbers .*'host' .text.*'blank' .empty"):
        read_table(path)


def test_score_rejects_a_series_shorter_than_a_window(
    run: Run, model: Path, tmp_path: Path
) -> None:
    series = write(
        tmp_path / "series.csv", np.ones((19, 3)), ["channel_1", "channel_2", "channel_3"]
    )
    done = run("score", model, series)
    assert (done.returncode, done.stdout) == (2, "")
    assert "expected at least 20 rows, the model's window, got 19" in done.stderr


def test_a_page_of_the_normal_rows(run: Run, model: Path, tmp_path: Path) -> None:
    normal = write(tmp_path / "normal.csv", normal_rows(400, 4))
    page, mine = tmp_path / "page.html", tmp_path / "mine.onnx"
    columns = ["--column", "net", "--column", "cpu"]
    done = run("calibrate", model, normal, "-o", mine, *columns, "--report", page)
    assert done.returncode == 0, done.stderr
    assert f"report: {page}" in done.stdout
    text = page.read_text()
    assert "normal.csv: " in text  # so many events
    assert "mine.onnx, which these rows calibrated" in text
    assert text.count("<svg") > 1
