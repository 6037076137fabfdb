"""What `export --c` writes, and what it refuses; nothing here needs a compiler."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.repeat_vectors import make_capsule, make_checkpoint, random_weights

from stillwatch.export.c import command, literals
from stillwatch.export.c.folder import CFiles, c_files, identifier, write_folder
from stillwatch.export.c.footprint import check_ram, ram_bytes
from stillwatch.export.capsule.windowed import build_uncalibrated
from stillwatch.export.int8.quantization import quantize
from stillwatch.runtime.capsule.opening import read_bytes
from stillwatch.runtime.cli.main import main
from stillwatch.runtime.errors import InputError
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig


def test_the_source_has_no_heap_no_stdio_and_no_name_of_its_own_but_the_models(
    online: CFiles,
) -> None:
    source = online.files["stillwatch_nab_rds_online.c"]
    assert set(re.findall(r"#include [<\"](.*?)[>\"]", source)) == {
        "float.h", "math.h", "stdbool.h", "stdint.h", "string.h", "stillwatch_nab_rds_online.h",
    }  # fmt: skip
    assert not re.search(r"\b(malloc|calloc|free|printf|fopen)\b", source)
    outside = re.findall(
        r"^(?!static|EMX_NODE_FN|typedef|#| |/)\w[\w *]*?\b(\w+)(?:\(|\[)", source, re.M
    )
    assert outside
    assert all(name.startswith("stillwatch_nab_rds_online_") for name in outside), outside


def test_files_are_the_same_each_time_and_named_after_the_model(online: CFiles) -> None:
    again = c_files(read_bytes("nab-rds-online"), "nab-rds-online")
    assert again.files == online.files
    assert set(online.files) == {
        "stillwatch_nab_rds_online.c", "stillwatch_nab_rds_online.h",
        "stillwatch_nab_rds_online_selftest.c", "example.c", "CMakeLists.txt", "README.md",
    }  # fmt: skip


def test_the_program_says_what_it_takes_and_writes_all_or_nothing(
    online: CFiles,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(command, "c_files", lambda *_: online)
    folder = tmp_path / "here" / "c"
    assert main(["export", "nab-rds-online", "--c", str(folder), "--ram", "2K"]) == 0
    said = capsys.readouterr().out
    assert re.match(r"nab-rds-online as C takes RAM [\d,]+ bytes .* flash about", said)
    assert {path.name: path.read_text() for path in folder.iterdir()} == online.files
    assert main(["export", "nab-rds-online", "--c", str(folder)]) == 2
    assert "expected a new or empty folder" in capsys.readouterr().err
    small = str(tmp_path / "small")
    assert main(["export", "nab-rds-online", "--c", small, "--ram", "1K"]) == 2
    assert "does not fit 1,024 bytes of RAM" in capsys.readouterr().err
    assert main(["export", str(tmp_path), "--c", small]) == 2
    assert "expected a capsule, got the folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


@pytest.mark.parametrize(
    ("text", "size"), [("64K", 65536), ("2048", 2048), ("1 MiB", 1048576), ("3kB", 3072)]
)
def test_sizes_of_memory_are_read_as_data_sheets_write_them(text: str, size: int) -> None:
    assert ram_bytes(text) == size


@pytest.mark.parametrize("text", ["", "0", "64 X", "-1K", "1.5K"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="expected a size of memory"):
        ram_bytes(text)


def test_a_model_that_fits_to_the_byte_fits(online: CFiles) -> None:
    check_ram(online.takes, online.takes.ram, "it")
    with pytest.raises(InputError, match="it does not fit"):
        check_ram(online.takes, online.takes.ram - 1, "it")


def test_int8_is_refused() -> None:
    config = RepeatVectorConfig(units=64, layers=1, window=6)
    with pytest.raises(InputError, match="operators of onnxruntime's own, as int8 has"):
        c_files(quantize(make_capsule(config, 2), "small"), "small")


def test_a_windowed_capsule_with_a_mean_that_float_cannot_hold_is_refused() -> None:
    config = RepeatVectorConfig(units=3, layers=1, window=6)
    far = replace(make_checkpoint(config, 2), mean=(0.0, 1e9))
    with pytest.raises(InputError, match="channel 'channel_2' of far has a mean of more than"):
        c_files(build_uncalibrated(far, random_weights(config, 2)), "far")


def test_a_folder_that_cannot_be_written_leaves_nothing(tmp_path: Path, online: CFiles) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError):
        write_folder(tmp_path / "file" / "c", online.files)
    with pytest.raises(InputError):
        write_folder(tmp_path / "file", online.files)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("name", "expected"), [("nab-rds-online", "nab_rds_online"), ("My Pump.v2", "my_pump_v2")]
)
def test_a_models_name_becomes_one_of_c(name: str, expected: str) -> None:
    assert identifier(name) == expected


def test_a_name_without_letters_is_refused() -> None:
    with pytest.raises(InputError, match="expected a name with letters"):
        identifier("-?-")


def test_numbers_come_back_to_the_bit() -> None:
    numbers = np.random.default_rng(1).normal(size=500).astype(np.float32) * np.float32(1e-20)
    for number in (*numbers, np.float32(5), np.float32(np.finfo(np.float32).max)):
        text = literals.FILTERS["c_float"](number)
        assert re.fullmatch(r"-?\d+(\.\d+)?(e[+-]\d+)?f", text)
        assert "." in text or "e" in text
        assert np.float32(float(text[:-1])) == number


def test_text_of_sensors_is_plain_c() -> None:
    assert literals.FILTERS["c_text"]('a"b\\?°\n') == '"a\\"b\\\\\\?\\302\\260\\n"'


def test_the_range_of_plain_values_lies_within_the_runtimes() -> None:
    low, high = literals.range_of((0.1, 5e9), (0.3, 1.0))
    assert 0.1 - 0.3e12 <= float(low[0]) < 0.1 < float(high[0]) <= 0.1 + 0.3e12
    assert low[1] == np.inf  # a mean of more scales than float can hold: none is plain
    assert high[1] == -np.inf
