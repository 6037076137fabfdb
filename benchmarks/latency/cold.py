"""A cold start in this process: imports, load and first answer of one engine.

    python -m stillwatch.benchmarks.latency.cold MODULE PATH WINDOW CHANNELS THREADS BEGIN

Prints JSON. BEGIN is the time at which the process was asked for. Imports as
little as it can before the clock starts, and keeps onnxruntime, which the
package `stillwatch.runtime` imports at once, out of the other engines' figures.
"""

import importlib
import importlib.util
import json
import sys
import time
import types
from itertools import pairwise
from pathlib import Path

__all__ = ["main"]


def main(module: str, path: str, window: str, channels: str, threads: str, begin: str) -> None:
    """Starts the engine in a module of `engines`, and prints what that took."""
    asked = time.time()
    if not module.rpartition(".")[2].startswith("onnxruntime"):
        _without_onnxruntime()
    clock = [time.perf_counter()]
    engine = importlib.import_module(module).ENGINE
    engine.start()
    clock.append(time.perf_counter())
    run = engine.load(Path(path), int(threads))
    clock.append(time.perf_counter())
    import numpy as np  # every engine has it by now

    run(np.ones((1, int(window), int(channels)), np.float32))
    clock.append(time.perf_counter())
    from stillwatch.runtime.memory import most_resident_mib

    imports, load, first = (1e3 * (b - a) for a, b in pairwise(clock))
    figures = {
        "start_ms": 1e3 * (asked - float(begin)),
        "imports_ms": imports,
        "load_ms": load,
        "first_ms": first,
        "resident_mib": most_resident_mib(),
    }
    print(json.dumps(figures))


def _without_onnxruntime() -> None:
    """Lets modules of stillwatch.runtime be imported without its __init__."""
    spec = importlib.util.find_spec("stillwatch.runtime")
    package = types.ModuleType("stillwatch.runtime")
    package.__path__ = list(spec.submodule_search_locations or ()) if spec else []
    sys.modules["stillwatch.runtime"] = package


if __name__ == "__main__":
    main(*sys.argv[1:])
