"""Kills a watch at random moments, over and over, and compares what it answered in all.

python -m endurance.kills --count 1000 --out kills.json
"""

import argparse
import json
import random
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from battery.forecaster_cases import FORECASTERS, build
from support.series import cpu_like

from endurance.modes import ENDING, MODES, Life

__all__ = ["Tally", "kill_in_mode", "write_lines"]

PATIENCE = 300.0
EARLY = 1.0  # seconds: most of these a process spends on its imports and on its first save
KILLS_A_LIFE = 12


@dataclass
class Tally:
    """Kills of running watches; early: within their first second. wrong: lives that differ."""

    mode: str
    kills: int = 0
    early: int = 0
    before_the_state: int = 0
    lives: int = 0
    wrong: int = 0


def write_lines(path: Path, rows: int) -> None:
    """Writes lines as a sensor does, some of them not to be read, some repeated."""
    text = [f"{i * 300},{value:.4f}" for i, value in enumerate(cpu_like(3, rows))]
    for i in range(500, rows, 997):
        text[i] = f"{i * 300},lost"
    path.write_text("t,value\n" + "\n".join(text) + "\n")


def kill_in_mode(
    mode: str, count: int, folder: Path, program: Path, *, rows: int, seed: int
) -> Tally:
    """Returns what came of `count` kills in one mode."""
    draw = random.Random(f"{mode} {seed}")  # noqa: S311  (it has nothing to hide)
    source = folder / "lines"
    write_lines(source, rows)
    tally = Tally(mode)
    forecaster = folder / "forecaster.onnx"
    if mode == "forecast":
        forecaster.write_bytes(build(folder / "checkpoint", FORECASTERS["recursive"]).capsule())

    def begin(mode: str, name: str, every: str) -> Life:
        (folder / name).mkdir()
        return Life(mode, folder / name, source, program, every, forecaster)

    plain = mode if mode in ENDING else "file"  # a pipe never ends of its own
    whole = begin(plain, "whole", "1").finish(b"", PATIENCE)
    if not whole:
        raise RuntimeError(f"a watch that nobody kills answers nothing: {mode}")
    while tally.kills < count:
        tally.lives += 1
        life = begin(mode, f"{mode}-{tally.lives}", draw.choice(["0", "0.05", "1", "1000"]))
        _kill(life, min(KILLS_A_LIFE, count - tally.kills), draw, tally)
        tally.wrong += life.finish(whole, PATIENCE) != whole
    return tally


def _kill(life: Life, count: int, draw: random.Random, tally: Tally) -> None:
    for _ in range(count):
        # A third within the first second, most others once answers come.
        patience = draw.random() * (EARLY if draw.random() < 0.4 else 3.0)
        began = time.monotonic()
        process = life.start()
        while process.poll() is None and time.monotonic() < began + patience:
            time.sleep(0.0005)
        if process.poll() is not None:
            return  # it came to its end before
        process.kill()
        process.wait()
        tally.kills += 1
        tally.early += time.monotonic() - began < EARLY
        tally.before_the_state += not (life.folder / "state").exists()


def main() -> int:
    """Runs all modes, writes the tallies, and returns 1 where any life went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--modes", nargs="+", choices=MODES, default=MODES)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    program = Path(sys.executable).parent / "stillwatch"
    tallies = []
    for mode in arguments.modes:
        with tempfile.TemporaryDirectory() as folder:
            tallies.append(
                kill_in_mode(
                    mode, -(-arguments.count // len(arguments.modes)), Path(folder), program,
                    rows=arguments.rows, seed=arguments.seed,
                )
            )  # fmt: skip
        print(tallies[-1], flush=True)
        report = {
            "command": f"PYTHONPATH=tests python -m endurance.kills --count {arguments.count} "
            f"--rows {arguments.rows} --seed {arguments.seed} --out FILE",
            "kills": sum(tally.kills for tally in tallies),
            "early": sum(tally.early for tally in tallies),
            "wrong": sum(tally.wrong for tally in tallies),
            "modes": [asdict(tally) for tally in tallies],
        }
        arguments.out.write_text(json.dumps(report, indent=1) + "\n")
    return int(any(tally.wrong for tally in tallies))


if __name__ == "__main__":
    sys.exit(main())
