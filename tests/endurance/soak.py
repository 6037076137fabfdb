"""Ten million lines through one watch by a pipe, and the memory that it holds meanwhile.

python -m endurance.soak --lines 10000000 --out soak.json
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from stillwatch.runtime.arrays import AnyArray

__all__ = ["soak"]

BLOCK = 10_000  # lines that are written at once
MODEL = ["nab-rds-online", "--events", "--threshold", "rolling(0.999,200)", "--time", "t"]


def soak(program: Path, folder: Path, lines: int) -> dict[str, object]:
    """Returns how many lines went through, and resident MiB after each tenth of them."""
    words = [program, "watch", *MODEL, "--period", "1", "--gap", "fill"]
    words += ["--state", folder / "state", "-o", folder / "out"]
    generator = np.random.default_rng(0)
    held: list[float] = []
    began = time.monotonic()
    with subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdin
        process.stdin.write(b"t,value\n")
        for start in range(0, lines, BLOCK):
            process.stdin.write(_block(start, generator.normal(20, 4, BLOCK)))
            if (start + BLOCK) % (lines // 10) < BLOCK:
                process.stdin.flush()
                held.append(_resident(process.pid))
        process.stdin.close()
        status = process.wait()
    return {
        "lines": lines,
        "status": status,
        "resident_mib_after_each_tenth": held,
        "events": (folder / "out").read_bytes().count(b"\n"),
        "seconds": round(time.monotonic() - began),
        "largest_file_kib": max(path.stat().st_size for path in folder.iterdir()) // 1024,
    }


def _block(start: int, values: AnyArray) -> bytes:
    """Returns lines, some of them bad, repeated or after a gap."""
    rows = []
    for i, value in enumerate(values.tolist(), start):
        if i % 1009 == 0:
            rows.append("not a line")
        elif i % 1013:
            rows.append(f"{i - (i % 997 == 0)},{value:.3f}")
    return ("\n".join(rows) + "\n").encode()


def _resident(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
    return round(int(line.split()[1]) / 1024, 1)


def main() -> int:
    """Soaks, writes the figures, and returns 1 where memory grew by more than a tenth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        program = Path(sys.executable).parent / "stillwatch"
        found = soak(program, Path(folder), arguments.lines)
    command = f"PYTHONPATH=tests python -m endurance.soak --lines {arguments.lines} --out FILE"
    arguments.out.write_text(json.dumps({"command": command} | found, indent=1) + "\n")
    held = found["resident_mib_after_each_tenth"]
    assert isinstance(held, list)
    return int(bool(found["status"]) or held[-1] > 1.1 * held[0])


if __name__ == "__main__":
    sys.exit(main())
