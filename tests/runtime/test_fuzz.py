"""Hostile text: whatever a CSV file, a pipe or a checkpoint holds, an answer or one line."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.fuzzing import Answer, Worker

from stillwatch.runtime import InputError
from stillwatch.runtime.tables.table import read_table
from stillwatch.runtime.tables.writing import to_csv

CHECKPOINT = (
    Path(__file__).resolve().parents[2] / "benchmarks" / "results" / "nab-rds" / "checkpoint"
)
MOST_MEMORY = 512 << 20  # bytes
CELLS = st.sampled_from(
    [
        *("", " ", "0", "1.5", "-2e3", "nan", "inf", "1e39", "1e999", "1_0", "0x1", "\u0661", '"'),
        *('""', '"1"', '"a\nb"', "value", "other", "\x00", "\ufeff", "\ud800", "\u2028", "9" * 400),
    ]
) | st.text(max_size=5)
LINES = st.lists(CELLS, max_size=4).map(",".join)
ENDS = st.sampled_from(["\n", "\r\n", "\r", "\n\n", ""])
TEXTS = st.lists(st.tuples(LINES, ENDS), max_size=12).map(
    lambda lines: "".join(line + end for line, end in lines).encode("utf-8", "surrogatepass")
)
FILES = st.one_of(
    TEXTS,
    TEXTS.map(lambda text: b"value,other\n" + text),
    st.binary(max_size=60),
    st.tuples(TEXTS, st.binary(max_size=5), TEXTS).map(b"".join),
)


@given(content=FILES, fill=st.booleans(), named=st.booleans())
def test_any_file_is_read_or_refused_in_one_line(
    content: bytes, fill: bool, named: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(content)
    try:
        table = read_table(path, ["value"] if named else None, fill=fill)
    except InputError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017  (a table is as good as an error)
    else:
        assert table.values.shape == (len(table.frame.records), len(table.channels))
        assert abs(table.values).max() < 3.5e38  # finite, no NaN
        assert len(to_csv(table, {}).encode("utf-8", "surrogatepass")) < 10 * len(content) + 100


def clean(answer: Answer) -> Answer:
    assert answer.clean, answer
    assert answer.peak < MOST_MEMORY
    return answer


@given(content=FILES, fill=st.booleans())
def test_any_series_is_scored_or_refused(content: bytes, fill: bool, worker: Worker) -> None:
    path, out = worker.folder / "any.csv", worker.folder / "any-out.csv"
    path.write_bytes(content)
    clean(worker.call(["score", "nab-rds", str(path), "-o", str(out), *_filled(fill)]))


@given(content=FILES, fill=st.booleans(), strict=st.booleans())
@example(content=b"\xff\xfe\n1\n\x00\n" + b"9" * 300_000 + b"\n1\n", fill=False, strict=False)
def test_any_line_is_answered_in_json(
    content: bytes, fill: bool, strict: bool, worker: Worker
) -> None:
    options = [*_filled(fill), *(["--strict"] if strict else []), "--mean", "0", "--scale", "1"]
    answer = clean(worker.call(["watch", "nab-rds", *options], content))
    answers = [json.loads(line) for line in answer.out.split("\n") if line]
    assert all(isinstance(answer, dict) for answer in answers)
    lines = content.decode(errors="replace").split("\n")
    wanted = sum(bool(line.strip()) for line in lines)
    assert len(answers) <= wanted
    if not strict:
        assert answer.status == 0
        assert len(answers) >= wanted - 1  # a header is not answered


def _filled(fill: bool) -> list[str]:
    return ["--fill", "forward"] if fill else []


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10**6),
    st.sampled_from([1e-320, 1e38, -1e300, 1e300, 10**400, "\n\u2028", "rolling(7)", [], {}, [[]]]),
    st.floats(),
    st.text(max_size=5),
)


@given(
    changes=st.lists(st.tuples(st.integers(0, 10**6), VALUES), max_size=3),
    put=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=3),
)
def test_any_checkpoint_is_exported_or_refused(
    changes: list[tuple[int, Any]], put: list[tuple[int, int]], worker: Worker
) -> None:
    folder = worker.folder / "checkpoint"
    shutil.copytree(CHECKPOINT, folder, dirs_exist_ok=True)
    params = bytearray((folder / "model.params").read_bytes())
    for place, value in put:
        params[place % len(params)] = value
    (folder / "model.params").write_bytes(params)
    document = json.loads((folder / "checkpoint.json").read_text())
    document["params_sha256"] = hashlib.sha256(params).hexdigest()
    for place, value in changes:
        _put(document, place, value)
    (folder / "checkpoint.json").write_text(json.dumps(document))
    model = worker.folder / "exported.onnx"
    if clean(worker.call(["export", str(folder), "-o", str(model)])).status == 0:
        assert clean(worker.call(["info", str(model)])).status == 0
        assert clean(worker.call(["verify", str(model)])).status in (0, 1)


def _put(document: dict[str, Any], place: int, value: Any) -> None:
    """Puts a value in the place of another, down to the third level."""
    keys = sorted(document)
    key = keys[place % len(keys)]
    inner = document[key]
    if isinstance(inner, dict) and inner and place % 3:
        _put(inner, place // len(keys), value)
    else:
        document[key] = value
