import errno
import os
import resource
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stillwatch.runtime import InputError, TransientError
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.files import replacing, write_bytes, write_text

OLD = b"the old content"


def write_half_and_fail(path: Path, error: BaseException) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(b"half of the new con")
        raise error


def assert_untouched(target: Path) -> None:
    assert target.read_bytes() == OLD
    assert list(target.parent.iterdir()) == [target]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "output.csv"
    path.write_bytes(OLD)
    return path


def test_content_is_written(tmp_path: Path) -> None:
    write_text(tmp_path / "text", "Grüße\n")
    write_bytes(tmp_path / "bytes", b"\0\r\n")
    assert (tmp_path / "text").read_bytes() == "Grüße\n".encode()
    assert (tmp_path / "bytes").read_bytes() == b"\0\r\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bytes", "text"]


def test_the_old_content_stands_until_the_new_is_whole(target: Path) -> None:
    with replacing(target) as temporary:
        temporary.write_bytes(b"new")
        assert temporary.parent == target.parent  # on the same disk, so that the move is atomic
        assert target.read_bytes() == OLD
    assert target.read_bytes() == b"new"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), SystemExit(1)], ids=repr)
def test_an_exception_leaves_the_old_content_and_nothing_else(
    target: Path, error: BaseException
) -> None:
    with pytest.raises(type(error)):
        write_half_and_fail(target, error)
    assert_untouched(target)


def test_a_full_disk_leaves_the_old_content_and_says_so(target: Path) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(TransientError, match=r"cannot write .*output.csv: No space left on device"):
        write_half_and_fail(target, full)
    assert_untouched(target)


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_failure_of_the_last_steps_leaves_the_old_content(
    failing: str, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, failing, fail)
    with pytest.raises(TransientError, match="Input/output error"):
        write_bytes(target, b"new")
    assert_untouched(target)


def test_the_content_reaches_the_disk_before_the_name(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = []
    fsync, replace = os.fsync, os.replace

    def noted_fsync(descriptor: int) -> None:
        steps.append(("fsync", os.fstat(descriptor).st_size))
        fsync(descriptor)

    def noted_replace(source: Path, destination: Path) -> None:
        steps.append(("replace", Path(source).stat().st_size))
        replace(source, destination)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_replace)
    write_bytes(target, b"new")
    assert steps == [("fsync", 3), ("replace", 3)]


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_an_output_has_the_mode_of_an_ordinary_file(tmp_path: Path, mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        write_bytes(tmp_path / "output", b"new")
        assert os.umask(mask) == mask
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "output").stat().st_mode) == mode


def test_a_file_that_is_there_keeps_its_mode_and_owner(target: Path) -> None:
    target.chmod(0o640)
    if os.getuid() == 0:
        os.chown(target, 12345, 54321)
    before = target.stat()
    write_bytes(target, b"new")
    after = target.stat()
    assert target.read_bytes() == b"new"
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode,
        before.st_uid,
        before.st_gid,
    )


@pytest.mark.parametrize("there", [True, False], ids=["there", "dangling"])
def test_a_symlink_stays_and_its_target_is_replaced(there: bool, tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    target, link = tmp_path / "far" / "output.csv", tmp_path / "link.csv"
    if there:
        target.write_bytes(OLD)
    link.symlink_to(target)
    write_bytes(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert list(target.parent.iterdir()) == [target]


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_bytes(fifo, b"new")
        assert os.read(reader, 100) == b"new"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    assert [path.name for path in tmp_path.iterdir()] == ["fifo"]


def test_a_terminal_is_written_to_and_nothing_of_a_failed_block_reaches_it() -> None:
    controller, device = os.openpty()
    try:
        path = Path(os.ttyname(device))
        with pytest.raises(ValueError, match="no"):
            write_half_and_fail(path, ValueError("no"))
        write_bytes(path, b"new")
        assert os.read(controller, 100) == b"new"
        assert stat.S_ISCHR(path.stat().st_mode)
    finally:
        os.close(controller)
        os.close(device)


def test_a_folder_that_is_not_there_or_is_a_file_is_refused(target: Path) -> None:
    for path in (target.parent / "none" / "output.csv", target / "output.csv"):
        with pytest.raises(InputError, match=r"cannot write .*; choose another place"):
            write_bytes(path, b"new")
    assert_untouched(target)


def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "output.csv").mkdir()
    with pytest.raises(InputError, match=r"cannot write .*: Is a directory"):
        write_bytes(tmp_path / "output.csv", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["output.csv"]


def test_the_program_leaves_the_old_output_where_the_disk_takes_no_more(
    target: Path, series: Float64, csv_file: Callable[..., Path], run: Callable[..., Any]
) -> None:
    path = csv_file(series)

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    done = run("score", "nab-rds", path, "-o", target, preexec_fn=small_disk)
    assert done.returncode == 75  # it may be tried again
    assert done.stderr.startswith(f"stillwatch: cannot write {target}: ")
    assert done.stderr.count("\n") == 1
    assert target.read_bytes() == OLD
    assert sorted(target.parent.iterdir()) == [target, path]
