"""A Spark session that has what streams want, and one line where pyspark or Java is missing."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from stillwatch.runtime.errors import ExtraError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["STATE_STORE", "check_java", "check_packages", "spark_session"]

_PROVIDER = "spark.sql.streaming.stateStore.providerClass"
_ROCKSDB = "spark.sql.streaming.stateStore.rocksdb"
# What a stream's state lies in. Snapshots of sensors are alike but for their numbers: blocks
# that hold several are compressed to these.
STATE_STORE = {
    _PROVIDER: "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider",
    f"{_ROCKSDB}.changelogCheckpointing.enabled": "true",
    f"{_ROCKSDB}.compression": "zstd",
    f"{_ROCKSDB}.blockSizeKB": "64",
}
_JAVA = 17  # the oldest that Spark 4 runs on
_PACKAGES = ("pyspark", "pandas", "pyarrow")


def spark_session(
    name: str, *, master: str | None = None, settings: Mapping[str, str] | None = None
) -> "SparkSession":
    """Returns a session with the state store that streams want.

    master: as spark-submit has it, which says it itself. settings: further ones of Spark.
    Raises ExtraError where pyspark or a Java runtime is missing.
    """
    check_packages()
    check_java()
    from pyspark.sql import SparkSession

    # Spark would start whatever `python3` the workers' PATH has.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName(name)
    if master is not None:
        builder = builder.master(master)
    for key, value in {**STATE_STORE, **(settings or {})}.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def check_packages() -> None:
    """Raises ExtraError where a package of the extra `spark` is not installed."""
    for package in _PACKAGES:
        if find_spec(package) is None:
            raise ExtraError(
                f"scoring on Spark needs {package}, which is not installed: "
                "pip install 'stillwatch[spark]'"
            )


def check_java() -> None:
    """Raises ExtraError where there is no Java runtime, or one that is too old for Spark."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else "java"
    advice = "install one (Debian: apt-get install openjdk-17-jre-headless) or set JAVA_HOME"
    if shutil.which(java) is None:
        raise ExtraError(f"Spark needs a Java {_JAVA} runtime, and there is no {java}: {advice}")
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S603
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < _JAVA:
        line = (said.splitlines() or ["nothing"])[0]
        raise ExtraError(f"Spark needs a Java {_JAVA} runtime, {java} says {line}: {advice}")
