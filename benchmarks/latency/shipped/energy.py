"""Energy by RAPL, the processor's own counters of what its packages took, where they can be read.

The counters are of whole packages, all their cores and what else runs on
them, idle power included: figures of one run are to be compared, not added up.
"""

import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["POWERCAP", "Counter", "counters", "millijoules", "unreadable"]

POWERCAP = Path("/sys/class/powercap")

_SECONDS = 0.5  # a counter moves every millisecond
_FEWEST = 3


class Counter:
    """A package's counter in microjoules, which begins again at its end."""

    def __init__(self, zone: Path) -> None:
        """zone: such as /sys/class/powercap/intel-rapl:0. Raises OSError where it is not read."""
        self._file = zone / "energy_uj"
        self._range = int((zone / "max_energy_range_uj").read_text())
        self.read()

    def read(self) -> int:
        """Returns the microjoules that it is at."""
        return int(self._file.read_text())

    def since(self, before: int) -> int:
        """Returns the microjoules from a reading until now; at most one turn of the counter."""
        return (self.read() - before) % (self._range + 1)


def counters(root: Path = POWERCAP) -> list[Counter]:
    """Returns the counters of all packages that can be read, none where there are none."""
    result = []
    for zone in sorted(root.glob("*-rapl:[0-9]*")):
        if zone.name.count(":") > 1:
            continue  # a part of a package, which is in it
        try:
            result.append(Counter(zone))
        except (OSError, ValueError):
            continue
    return result


def unreadable(root: Path = POWERCAP) -> str:
    """Returns why there are no figures of energy, in a line; "" where there are."""
    if counters(root):
        return ""
    if any(root.glob("*-rapl:[0-9]*")):
        return f"energy is not measured: the counters in {root} are for root alone"
    return f"energy is not measured: this machine shows no RAPL counters in {root}"


def millijoules(
    task: Callable[[], object], zones: list[Counter], seconds: float = _SECONDS
) -> float:
    """Returns the millijoules of all packages a call, over calls for so many seconds."""
    task()
    calls, before = 0, [zone.read() for zone in zones]
    end = time.perf_counter() + seconds
    while calls < _FEWEST or time.perf_counter() < end:
        task()
        calls += 1
    spent = sum(zone.since(at) for zone, at in zip(zones, before, strict=True))
    return spent / calls / 1e3
