"""The store: upstream's bytes or nothing, from a copy, the cache or a server on this machine."""

import argparse
import hashlib
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from stillwatch.runtime.errors import DataError
from stillwatch.train.data import fetch_command as data_command
from stillwatch.train.data.sets import DATA_SETS, MACHINES, RDS_TEST, RDS_TRAIN, load_nab, load_smd
from stillwatch.train.data.sets.store import Store, git_blob_id

PROGRAM = Path(sys.executable).with_name("stillwatch")
COPY = os.environ.get("STILLWATCH_DATA")
NAME = "made/up.csv"
NAB = {
    f"data/{NAME}": b"timestamp,value\n2026-01-01 00:00:00,1.5\n2026-01-01 00:05:00,2\n"
    b"2026-01-01 00:10:00,99\n2026-01-01 00:15:00,3\n",
    "labels/combined_labels.json": b'{"made/up.csv": ["2026-01-01 00:10:00"]}',
    "labels/combined_windows.json": b'{"made/up.csv": [["2026-01-01 00:04:00.000000", '
    b'"2026-01-01 00:10:00.000000"]]}',
}


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """The files that are all of NAB now, and only the test says where they are."""
    ids = {path: git_blob_id(content) for path, content in NAB.items()}
    monkeypatch.setitem(vars(DATA_SETS["nab"]), "blob_ids", ids)
    monkeypatch.delenv("STILLWATCH_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return dict(NAB)


class Upstream:
    """A server of `files`; `asked` are the paths it was asked for."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.asked: list[str] = []
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.lstrip("/")
                upstream.asked.append(path)
                content = upstream.files.get(path)
                self.send_response(404 if content is None else 200)
                self.send_header("Content-Length", str(len(content or b"")))
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"


@pytest.fixture
def upstream(made_up: dict[str, bytes]) -> Iterator[Upstream]:
    upstream = Upstream(made_up)
    thread = threading.Thread(target=upstream.server.serve_forever, args=(0.01,))
    thread.start()
    yield upstream
    upstream.server.shutdown()
    thread.join()
    upstream.server.server_close()


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def copy(made_up: dict[str, bytes], tmp_path: Path) -> Path:
    """A folder for STILLWATCH_DATA."""
    for path, content in made_up.items():
        target = tmp_path / "copy/NAB" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return tmp_path / "copy"


def refused(store: Store, path: str, saying: str) -> str:
    with pytest.raises(DataError, match=saying) as caught:
        store.read(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_blob_id_is_gits(tmp_path: Path) -> None:
    for content in (b"", b"a", bytes(range(256)) * 9, b"blob 3\0abc"):
        git = subprocess.run(
            ["git", "hash-object", "--stdin"],
            input=content,
            capture_output=True,
            check=True,
            cwd=tmp_path,
        )
        assert git_blob_id(content) == git.stdout.decode().strip()


def test_right_file_is_cached(upstream: Upstream, tmp_path: Path) -> None:
    path = f"data/{NAME}"
    for _ in range(2):  # a new store, the same cache
        store = Store("nab", base_url=upstream.url, cache=tmp_path)
        assert store.read(path) == store.read(path) == NAB[path]
    assert upstream.asked == [path]
    upstream.server.shutdown()
    assert Store("nab", base_url="http://127.0.0.1:9/", cache=tmp_path).read(path) == NAB[path]


def test_wrong_byte_from_the_server(upstream: Upstream, tmp_path: Path) -> None:
    path = f"data/{NAME}"
    upstream.files[path] = NAB[path].replace(b"99", b"98")
    store = Store("nab", base_url=upstream.url, cache=tmp_path)
    message = refused(store, path, "is not upstream's file: expected git blob")
    assert git_blob_id(NAB[path]) in message
    assert git_blob_id(upstream.files[path]) in message
    assert files_in(tmp_path) == []
    upstream.files = dict(NAB)
    assert store.read(path) == NAB[path]


def test_wrong_byte_in_the_cache(upstream: Upstream, tmp_path: Path) -> None:
    path = f"data/{NAME}"
    store = Store("nab", base_url=upstream.url, cache=tmp_path)
    store.read(path)
    (cached,) = (found for found in tmp_path.rglob("up.csv"))
    cached.write_bytes(cached.read_bytes()[:-1])
    assert str(cached) in refused(store, path, "is not upstream's file")


def test_wrong_byte_in_a_copy(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (copy / "NAB/data" / NAME).write_bytes(NAB[f"data/{NAME}"] + b"\n")
    monkeypatch.setenv("STILLWATCH_DATA", str(copy))
    assert "up.csv" in refused(Store("nab"), f"data/{NAME}", "is not upstream's file")
    labels = "labels/combined_labels.json"
    assert Store("nab").read(labels) == NAB[labels]


def test_file_that_the_copy_lacks(tmp_path: Path, upstream: Upstream) -> None:
    store = Store("nab", local=tmp_path, base_url=upstream.url, cache=tmp_path / "cache")
    refused(store, f"data/{NAME}", r"STILLWATCH_DATA has no .*up\.csv; fetch a copy")
    assert upstream.asked == []


def test_no_network(tmp_path: Path, upstream: Upstream) -> None:
    upstream.server.shutdown()
    upstream.server.server_close()  # nobody listens at its port any more
    store = Store("nab", base_url=upstream.url, cache=tmp_path)
    message = refused(store, f"data/{NAME}", "cannot download .*; set STILLWATCH_DATA to a folder")
    assert f"{upstream.url}data/{NAME}" in message
    assert files_in(tmp_path) == []


def test_file_that_the_server_lacks(upstream: Upstream, tmp_path: Path) -> None:
    del upstream.files[f"data/{NAME}"]
    store = Store("nab", base_url=upstream.url, cache=tmp_path)
    refused(store, f"data/{NAME}", r"cannot download .*HTTPError")
    assert files_in(tmp_path) == []


def test_a_download_without_end_is_cut_off(
    upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stillwatch.train.data.sets.store._LARGEST", 100_000)
    path = f"data/{NAME}"
    upstream.files[path] = b"x" * 10_000_000
    store = Store("nab", base_url=upstream.url, cache=tmp_path)
    with pytest.raises(DataError, match="has more than 100000 bytes"):
        store.read(path)
    assert files_in(tmp_path) == []


def test_a_folder_in_a_files_place_is_said(upstream: Upstream, tmp_path: Path) -> None:
    path = f"data/{NAME}"
    (tmp_path / "nab" / DATA_SETS["nab"].commit / path).mkdir(parents=True)
    with pytest.raises(DataError, match="is a folder: expected upstream's file"):
        Store("nab", base_url=upstream.url, cache=tmp_path).read(path)


@pytest.mark.parametrize(
    "path", ["data/none.csv", "../outside", "data/../LICENSE.txt", "/etc/hosts"]
)
def test_path_that_upstream_has_not(upstream: Upstream, tmp_path: Path, path: str) -> None:
    store = Store("nab", base_url=upstream.url, cache=tmp_path)
    refused(store, path, f"numenta/NAB has no file {re.escape(repr(path))}")
    assert upstream.asked == []


def test_unknown_data_set() -> None:
    with pytest.raises(DataError, match=r"of .*nab.*, got 'yahoo'"):
        Store("yahoo")


def test_fetch_brings_every_file(
    upstream: Upstream, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Store("nab", base_url=upstream.url, cache=tmp_path).fetch()
    assert sorted(upstream.asked) == sorted(NAB)
    assert {path: (folder / path).read_bytes() for path in NAB} == NAB
    assert "3/3" in capsys.readouterr().err  # the progress bar


def test_fetch_stops_at_a_wrong_byte(upstream: Upstream, tmp_path: Path) -> None:
    upstream.files["labels/combined_labels.json"] = b"{}"
    with pytest.raises(DataError, match="is not upstream's file"):
        Store("nab", base_url=upstream.url, cache=tmp_path).fetch()
    assert "combined_labels.json" not in files_in(tmp_path)


def test_fetch_command_counts_what_a_copy_lacks(
    copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STILLWATCH_DATA", str(copy))
    arguments = argparse.Namespace(action="fetch", name="nab")
    assert data_command.run(arguments) == 0
    said = capsys.readouterr().out
    assert said == f"nab: every file there is upstream's, in {copy / 'NAB'}\n"
    (copy / "NAB/data" / NAME).unlink()
    assert data_command.run(arguments) == 0
    assert f"1 files are not in this copy, data/{NAME} the first" in capsys.readouterr().out


@pytest.mark.parametrize("wrong", [False, True])
def test_fetch_through_the_program(tmp_path: Path, wrong: bool) -> None:
    saying = "holds none of nab's files"
    if wrong:
        (tmp_path / "NAB").mkdir()
        (tmp_path / "NAB/LICENSE.txt").write_text("another licence")
        saying = "is not upstream's file"
    done = subprocess.run(
        [PROGRAM, "data", "fetch", "nab"],
        env=os.environ | {"STILLWATCH_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    # The bar rewrites its line with \r; the error stands on a line of its own below it.
    last = done.stderr.removesuffix("\n").split("\n")[-1]
    assert last.startswith("stillwatch: ")
    assert saying in last


@pytest.mark.skipif(not COPY, reason="STILLWATCH_DATA is not set")
def test_real_copy_through_the_program() -> None:
    done = subprocess.run(
        [PROGRAM, "data", "fetch", "nab"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("nab: every file there is upstream's, in ")


@pytest.mark.skipif(not COPY, reason="STILLWATCH_DATA is not set")
@pytest.mark.parametrize(("name", "labels"), [(RDS_TRAIN, 2), (RDS_TEST, 2)])
def test_real_series(name: str, labels: int) -> None:
    series = load_nab(name)
    assert len(series.values) == len(series.timestamps) == 4032
    at = np.flatnonzero(series.labels)
    assert len(at) == labels
    assert all(any(first <= row <= last for first, last in series.windows) for row in at)


def test_load_nab(copy: Path) -> None:
    series = load_nab(NAME, Store("nab", local=copy))
    np.testing.assert_array_equal(series.values, [1.5, 2.0, 99.0, 3.0])
    np.testing.assert_array_equal(series.labels, [False, False, True, False])
    assert series.windows == ((1, 2),)
    assert series.timestamps[3] == np.datetime64("2026-01-01T00:15:00")


def test_load_smd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = ",".join(["0.25"] * 38).encode()
    files = {
        "train": row + b"\n" + row,
        "test": row + b"\n" + row.replace(b"0.25", b"1", 1) + b"\n" + row,
        "test_label": b"0\n1\n1\n",
        "interpretation_label": b"1-2:1,3,38\n",
    }
    ids = {}
    for part, content in files.items():
        path = f"ServerMachineDataset/{part}/machine-1-1.txt"
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_bytes(content)
        ids[path] = git_blob_id(content)
    monkeypatch.setitem(vars(DATA_SETS["smd"]), "blob_ids", ids)
    machine = load_smd("1-1", Store("smd", local=tmp_path))
    assert (machine.train.shape, machine.test.shape) == ((2, 38), (3, 38))
    assert machine.test[1, 0] == 1.0
    np.testing.assert_array_equal(machine.labels, [False, True, True])
    (incident,) = machine.incidents
    assert (incident.first, incident.end, incident.channels) == (1, 2, (0, 2, 37))
    with pytest.raises(DataError, match=r"expected a machine of 1-1, .*got '9-9'"):
        load_smd("9-9")


def test_lists_of_files() -> None:
    nab, smd = DATA_SETS["nab"].blob_ids, DATA_SETS["smd"].blob_ids
    assert sum(path.endswith(".csv") for path in nab) == 58
    assert {f"data/{RDS_TRAIN}", f"data/{RDS_TEST}", "LICENSE.txt"} <= set(nab)
    assert len(MACHINES) == len(set(MACHINES)) == 28
    parts = ("train", "test", "test_label", "interpretation_label")
    expected = {f"{part}/machine-{name}.txt" for part in parts for name in MACHINES} | {"LICENSE"}
    assert set(smd) == {f"ServerMachineDataset/{path}" for path in expected}
    for ids in (nab, smd):
        assert all(re.fullmatch("[0-9a-f]{40}", blob_id) for blob_id in ids.values())
        assert hashlib.sha1(b"blob 0\0", usedforsecurity=False).hexdigest() not in ids.values()
