"""The C of a capsule, built by the compiler that is here, beside onnxruntime's stream."""

import dataclasses
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.repeat_vectors import make_capsule

from stillwatch.export.c.comparison import compare, made_rows
from stillwatch.export.c.compiled import FLAGS, Compiled, build_library, compiler
from stillwatch.export.c.folder import CFiles, c_files, write_folder
from stillwatch.runtime.capsule.opening import read_bytes
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import ExtraError, InputError
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig

_STRICT = ("-Wall", "-Wextra", "-Werror")


def _build(cc: str, folder: Path, *sources: str, flags: tuple[str, ...] = _STRICT) -> Path:
    call = [cc, "-O1", *FLAGS, *flags, *sources, "-lm", "-o", "program"]
    subprocess.run(call, cwd=folder, check=True, capture_output=True, text=True)
    return folder / "program"


def test_a_causal_capsule_scores_as_in_onnxruntime_to_the_bit(cc: str, online: CFiles) -> None:
    content = read_bytes("nab-rds-online")
    values = made_rows(Detector.load("nab-rds-online").info)
    found = compare(content, "nab-rds-online", online, values, by=cc)
    assert (found.ulp, found.flips, found.rows) == (0, 0, 2000)
    assert found.exact
    assert found.passed
    assert not dataclasses.replace(found, ulp=1).passed
    assert not dataclasses.replace(found, flips=1).passed


def test_values_far_off_are_scaled_in_double_as_in_the_runtime(
    online: CFiles, built: Callable[[CFiles], Compiled]
) -> None:
    history = 288
    rows = np.full((history + 60, 1), 3.0e9, np.float32)
    rows[::2] += 512.0  # in float32 nothing would be left of it
    rows[history + 20] = 3.4e38
    rows[history + 40 :] = np.float32(7.25)
    expected = Detector.load("nab-rds-online").stream(threshold="trained").extend(rows)
    found = built(online).series(rows)
    assert np.array_equal(found.score, expected.score[history:])
    assert np.array_equal(found.reconstruction, expected.reconstruction[history:])
    assert len(np.unique(found.score)) > 20


def test_a_value_that_is_not_finite_is_refused_and_said_where(
    online: CFiles, built: Callable[[CFiles], Compiled]
) -> None:
    rows = np.zeros((9, 1), np.float32)
    rows[7] = np.nan
    with pytest.raises(InputError, match="row 7"):
        built(online).series(rows)


def test_a_windowed_capsule_scores_within_its_tolerance(cc: str, tmp_path: Path) -> None:
    content = make_capsule(RepeatVectorConfig(units=3, layers=2, window=6), 4)
    made = c_files(content, "windowed")
    values = made_rows(Detector.from_bytes(content, "windowed").info)
    found = compare(content, "windowed", made, values, by=cc)
    assert found.passed
    assert not found.exact
    assert found.rows == 2000 - 2000 % 6
    write_folder(tmp_path / "c", made.files)
    program = _build(cc, tmp_path / "c", "stillwatch_windowed.c", "stillwatch_windowed_selftest.c")
    assert subprocess.run([program], check=False, capture_output=True).returncode == 0


def test_its_own_readme_builds_it_and_the_self_test_can_fail(
    cc: str, online: CFiles, tmp_path: Path
) -> None:
    folder = tmp_path / "c"
    write_folder(folder, online.files)
    source, selftest = "stillwatch_nab_rds_online.c", "stillwatch_nab_rds_online_selftest.c"
    program = _build(cc, folder, source, selftest)
    done = subprocess.run([program], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout[-7:]) == (0, "passed\n")
    text = (folder / source).read_text()
    weight = "0x1.77314ap+0f"  # of the dense layer
    assert weight in text
    (folder / source).write_text(text.replace(weight, "0x1.77414ap+0f"))
    program = _build(cc, folder, source, selftest)
    done = subprocess.run([program], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout[-7:]) == (1, "FAILED\n")


def test_the_example_answers_what_the_stream_answers(
    cc: str, online: CFiles, tmp_path: Path
) -> None:
    write_folder(tmp_path / "c", online.files)
    program = _build(cc, tmp_path / "c", "stillwatch_nab_rds_online.c", "example.c")
    values = made_rows(Detector.load("nab-rds-online").info)[:300].astype(np.float32)
    lines = "".join(f"{value:.9g}\n" for value in values[:, 0])
    done = subprocess.run([program], input=lines, check=True, capture_output=True, text=True)
    expected = Detector.load("nab-rds-online").stream(threshold="trained").extend(values)
    said = [line.split() for line in done.stdout.splitlines()]
    assert [int(words[1]) for words in said] == list(range(288, 300))
    assert [np.float32(words[3]) for words in said] == list(expected.score[288:])
    bad = subprocess.run([program], input="1\nx\n", check=False, capture_output=True, text=True)
    assert bad.returncode == 2
    assert "row 1: expected 1 numbers" in bad.stderr


def test_two_models_are_linked_into_one_program_and_take_what_was_said(
    cc: str, online: CFiles, tmp_path: Path
) -> None:
    other = c_files(read_bytes("nab-rds"), "nab-rds")
    folder = tmp_path / "c"
    write_folder(folder, online.files | other.files)
    (folder / "both.c").write_text(
        '#include "stillwatch_nab_rds.h"\n#include "stillwatch_nab_rds_online.h"\n'
        "#include <stdio.h>\nint main(void) {\n"
        "  stillwatch_nab_rds_state a; stillwatch_nab_rds_online_state b;\n"
        "  double mean[1] = {0}, scale[1] = {1};\n"
        "  stillwatch_nab_rds_init(&a, mean, scale); stillwatch_nab_rds_online_init(&b);\n"
        '  printf("%d %d %d %s\\n", (int)sizeof a, (int)sizeof b,\n'
        "         (int)sizeof(stillwatch_nab_rds_online_answer), stillwatch_nab_rds_names[0]);\n"
        "}\n"
    )
    sources = ("stillwatch_nab_rds.c", "stillwatch_nab_rds_online.c", "both.c")
    program = _build(cc, folder, *sources, flags=(*_STRICT, "-fstack-usage"))
    done = subprocess.run([program], check=True, capture_output=True, text=True)
    state, online_state, answer, name = done.stdout.split()
    assert name == "value"
    assert int(state) <= other.takes.state <= int(state) + 16
    assert int(online_state) <= online.takes.state <= int(online_state) + 16
    assert int(answer) <= online.takes.answer <= int(answer) + 8
    used = [
        int(line.split("\t")[1])
        for file in folder.glob("*nab_rds_online.su")
        for line in file.read_text().splitlines()
    ]
    assert used, "no -fstack-usage from this compiler"
    assert max(used) <= online.takes.stack


def test_verify_says_how_far_c_is(
    run: Callable[..., subprocess.CompletedProcess[str]], cc: str
) -> None:
    done = run("verify", "nab-rds", "--c", "--compiler", cc)
    assert done.returncode == 0
    assert done.stdout.count("0 ULP in score (0), 0 alarms flipped, equal bits: passed") == 2


def test_a_machine_without_the_compiler_says_so_in_one_line() -> None:
    with pytest.raises(ExtraError, match="no C compiler here"):
        compiler("no-such-compiler")


def test_a_compiler_that_fails_is_one_line(tmp_path: Path, online: CFiles, cc: str) -> None:
    broken = dataclasses.replace(online, harness="#error no\n")
    with pytest.raises(ExtraError, match="does not build the C: "):
        build_library(broken, tmp_path, with_compiler=cc)
