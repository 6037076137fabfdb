"""MXNet imports in a fresh process, quietly, or one line says why not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("stillwatch")
QUIET = "from stillwatch.train.data.mxnet_compat import mx\n"
CAUGHT = """
from stillwatch.runtime.errors import ExtraError
try:
    import stillwatch.train.data.mxnet_compat
except ExtraError as error:
    print(error)
"""


def python(program: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *options, "-c", program],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def line_of_extra_error(before: str, **environment: str) -> str:
    done = python(before + CAUGHT, **environment)
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1, done.stdout
    assert "pip install 'stillwatch[train]' on CPython 3.11 or 3.12" in done.stdout
    return done.stdout


def fake_mxnet(folder: Path, body: str) -> str:
    (folder / "mxnet.py").write_text(body)
    already = os.environ.get("PYTHONPATH")
    return f"{folder}{os.pathsep}{already}" if already else str(folder)


def test_imports_without_a_warning() -> None:
    done = python(QUIET + "print(mx.__version__, mx.nd.ones(2).sum().asscalar())", "-W", "error")
    assert done.stderr == ""
    assert done.stdout == "1.9.1 2.0\n"


def test_warnings_are_as_before_afterwards() -> None:
    done = python(QUIET + "import warnings; warnings.warn('seen', UserWarning)", "-W", "error")
    assert done.returncode == 1
    assert "UserWarning: seen" in done.stderr


def test_training_gives_no_warning(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from stillwatch.train.families.nab_rds.config import NabRdsConfig\n"
        "from stillwatch.train.data.sets import simulate_cpu\n"
        "from stillwatch.train.families.nab_rds.recipe import train_nab_rds\n"
        "config = NabRdsConfig(epochs=1, scaling=('series',))\n"
        "series = simulate_cpu(0, days=3)\n"
        f"train_nab_rds(series, config, Path({str(tmp_path)!r}), progress=False)\n"
    )
    done = python(program, "-W", "error")
    assert done.stderr == ""
    assert done.returncode == 0


def test_only_bool_is_added_to_numpy() -> None:
    program = (
        "import types, numpy as np\n"
        "before = dict(vars(np))\n" + QUIET + "after = vars(np)\n"
        "added = {n for n in after.keys() - before.keys() "
        "if not isinstance(after[n], types.ModuleType)}\n"
        "changed = {n for n in before if after.get(n) is not before[n]}\n"
        "print(added, changed, np.bool is np.bool_)"
    )
    assert python(program).stdout == "{'bool'} set() True\n"


def test_numpy_two() -> None:
    line = line_of_extra_error("import numpy as np; np.__version__ = '2.0.0'\n")
    assert line.startswith("MXNet 1.9.1 wants numpy 1.26, got numpy 2.0.0; ")


def test_numpy_two_never_reaches_mxnet(tmp_path: Path) -> None:
    folder = fake_mxnet(tmp_path, "print('imported')")
    line_of_extra_error("import numpy as np; np.__version__ = '2.4.1'\n", PYTHONPATH=folder)


def test_mxnet_missing() -> None:
    line = line_of_extra_error("import sys; sys.modules['mxnet'] = None\n")
    assert line.startswith("MXNet 1.9.1 does not import here (")


@pytest.mark.parametrize(
    "error",
    [
        "ImportError('no libquadmath')",
        "OSError('libgomp.so.1: cannot open shared object file: No such file or directory')",
        "ImportError('first line\\nsecond line')",
        # mxnet.libinfo.find_lib_path, word for word
        "RuntimeError('Cannot find the MXNet library.\\nList of candidates:\\n/a\\n/b')",
    ],
)
def test_mxnet_broken(tmp_path: Path, error: str) -> None:
    line = line_of_extra_error("", PYTHONPATH=fake_mxnet(tmp_path, f"raise {error}"))
    assert error.split("'")[1].split("\\n")[0] in line


def test_without_setuptools_on_3_12() -> None:
    line_of_extra_error(
        "import sys, numpy\nsys.version_info = (3, 12, 0)\nsys.modules['setuptools'] = None\n"
    )


def test_train_without_mxnet_through_the_program(tmp_path: Path) -> None:
    folder = fake_mxnet(tmp_path, "raise ModuleNotFoundError('none', name='mxnet')")
    done = subprocess.run(
        [PROGRAM, "train", "nab-rds", "--simulated", "--out", tmp_path / "out"],
        env=os.environ | {"PYTHONPATH": folder},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("stillwatch: ")
    assert done.stderr.count("\n") == 1
    assert "stillwatch[train]" in done.stderr
    assert not (tmp_path / "out").exists()


def test_reading_needs_no_mxnet() -> None:
    program = (
        "import sys\nsys.modules['mxnet'] = None\n"
        "import stillwatch.train.data.checkpoint, stillwatch.train.families.table\n"
        "import stillwatch.train.data.params, stillwatch.train.data.sets\n"
        "import stillwatch.train.families.nab_rds.command, stillwatch.export.capsule.build\n"
        "print('done')"
    )
    assert python(program).stdout == "done\n"
