"""What a killed process left is taken away by the next; what a living one writes is left alone."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from stillwatch.runtime.files import replacing, write_bytes
from stillwatch.runtime.parts import new_part, sweep_parts

HALF = """
import sys
from pathlib import Path
from stillwatch.runtime.files import replacing
with replacing(Path(sys.argv[1])) as part:
    part.write_bytes(b"half")
    print("half", flush=True)
    sys.stdin.read()
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_killed_writer_s_part_goes_with_the_next_write(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    with subprocess.Popen(
        [sys.executable, "-c", HALF, target], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == b"half\n"
        assert len(names(tmp_path)) == 1
        write_bytes(target, b"of another, while the first lives")
        assert len(names(tmp_path)) == 2
        writer.kill()
        assert writer.wait() == -signal.SIGKILL
    assert len(names(tmp_path)) == 2
    write_bytes(target, b"of the next")
    assert names(tmp_path) == ["out.csv"]
    assert target.read_bytes() == b"of the next"


def test_what_is_being_written_is_swept_by_nobody(tmp_path: Path) -> None:
    with replacing(tmp_path / "out.csv") as part:
        part.write_bytes(b"the first")
        sweep_parts(tmp_path, "out.csv")
        write_bytes(tmp_path / "out.csv", b"the second")
        assert part.read_bytes() == b"the first"
    assert (tmp_path / "out.csv").read_bytes() == b"the first"
    assert names(tmp_path) == ["out.csv"]


def test_other_files_parts_and_links_are_left(tmp_path: Path) -> None:
    kept = [".other.csv.abcd1234.part", ".out.csv.part", ".out.csv.ABCD1234.part", "out.csv.part"]
    kept += [".out.csv.x.abcd1234.part", ".out.csv.abcd1234.parts"]
    for name in kept:
        (tmp_path / name).write_bytes(b"somebody's")
    (tmp_path / ".out.csv.linked00.part").symlink_to(tmp_path / ".other.csv.abcd1234.part")
    sweep_parts(tmp_path, "out.csv")
    assert names(tmp_path) == sorted([*kept, ".out.csv.linked00.part"])


def test_a_part_that_is_swept_before_it_is_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    flock, swept = fcntl.flock, []

    def late(descriptor: int, how: int) -> None:
        if not swept:
            swept.extend(names(tmp_path))
            (tmp_path / swept[0]).unlink()
        flock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", late)
    part, held = new_part(tmp_path, "out.csv")
    assert held is not None
    os.close(held)
    assert names(tmp_path) == [part.name] != swept


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        write_bytes(tmp_path / "out.csv", b"x")
    assert len(list(Path("/proc/self/fd").iterdir())) == before
