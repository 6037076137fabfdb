"""What a step takes of a Cortex-M4: built by gcc-arm-none-eabi, run in qemu-system-arm.

Of instructions, flash, RAM and stack qemu is exact; a cycle is not an
instruction, so of time it says nothing. Under `-icount shift=0` an instruction
is a nanosecond of the machine's own clock, which SysTick counts at 25 MHz.
"""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np

from stillwatch.export.c.compiled import FLAGS
from stillwatch.export.c.folder import CFiles
from stillwatch.runtime.arrays import Float32
from stillwatch.runtime.errors import ExtraError

__all__ = ["COMPILER", "QEMU", "Emulated", "emulate", "made_values"]

COMPILER, QEMU = "arm-none-eabi-gcc", "qemu-system-arm"
_TARGET = ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")
_SMALL = ("-ffunction-sections", "-fdata-sections")
_LINKED = ("-nostartfiles", "--specs=nano.specs", "-Wl,--gc-sections")
_BOARD = ("-M", "mps2-an386", "-icount", "shift=0", "-nographic", "-monitor", "none")
_SEMIHOSTING = ("-semihosting-config", "enable=on,target=native")
_TICK = 40  # instructions: a nanosecond each, at 25 MHz
_COUNTER = 1 << 24
_SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class Emulated:
    """Of one build: bytes of the whole image and of the model's own object, RAM, instructions.

    flash: the image with vectors, start-up, the measuring program and libm.
    ram: what is not on the stack, state and answer among it. scores: of all rows
    that have an answer, (T,).
    """

    optimise: str
    flash: int
    flash_model: int
    ram: int
    stack: int
    instructions_a_row: float
    rows: int
    scores: Float32


def emulate(made: CFiles, folder: Path, *, optimise: str, warm: int, rows: int) -> Emulated:
    """Returns what `rows` made rows took after `warm` others; raises ExtraError without the tools.

    folder: an empty one, for the build.
    """
    for tool, package in ((COMPILER, "gcc-arm-none-eabi"), (QEMU, QEMU)):
        if shutil.which(tool) is None:
            raise ExtraError(f"no {tool} here: apt-get install {package}")
    for name, content in made.files.items():
        (folder / name).write_text(content, encoding="utf-8")
    board = resources.files("stillwatch.benchmarks.microcontroller") / "board"
    for file in ("startup.c", "firmware.c", "link.ld"):
        (folder / file).write_text((board / file).read_text(encoding="utf-8"), encoding="utf-8")
    build = [COMPILER, *_TARGET, *FLAGS, optimise, *_SMALL]
    objects = [source.replace(".c", ".o") for source in made.sources]
    for source, built in zip(made.sources, objects, strict=True):
        _call([*build, "-c", source, "-o", built], folder)
    sources = ("firmware.c", "startup.c", *objects)
    link = ("-T", "link.ld", *_LINKED, "-lm", "-o", "image.elf")
    _call([*build, *_defined(made, warm, rows), *sources, *link], folder)
    said = _call([QEMU, *_BOARD, *_SEMIHOSTING, "-kernel", "image.elf"], folder)
    lines = [line.split() for line in said.splitlines()]
    told = {name: int(number) for name, number in lines}
    scores = np.array([int(number) for name, number in lines if name == "score"], np.uint32)
    if told["wrapped"]:
        raise ExtraError(f"SysTick ran over in {rows} rows: ask for fewer")
    text, data, bss = _sizes(folder / "image.elf")
    return Emulated(
        optimise=optimise,
        flash=text + data,
        flash_model=sum(sum(_sizes(folder / built)[:2]) for built in objects),
        ram=data + bss - scores.itemsize * (warm + rows),  # the scores are kept to be said
        stack=told["stack"],
        instructions_a_row=told["ticks"] % _COUNTER * _TICK / rows,
        rows=rows,
        scores=scores.view(np.float32),
    )


def made_values(rows: int, channels: int) -> Float32:
    """Returns the rows (T, C) that the firmware makes."""
    drawn, numbers = 1, []
    for _ in range(rows * channels):
        drawn = (drawn * 1664525 + 1013904223) % 2**32
        numbers.append((drawn >> 16) / 1024)
    return np.array(numbers, np.float32).reshape(rows, channels)


def _defined(made: CFiles, warm: int, rows: int) -> list[str]:
    info = made.model.info
    values: dict[str, object] = {
        "MODEL_H": f'"{made.prefix}.h"',
        "BOARD_CHANNELS": len(info.channels),
        "WARM": warm,
        "ROWS": rows,
    }
    values |= {
        part.upper(): f"{made.prefix}_{part}" for part in ("state", "answer", "init", "step")
    }
    if not info.state:
        values["BOARD_WINDOW"] = info.window
    return [f"-D{name}={value}" for name, value in values.items()]


def _sizes(built: Path) -> tuple[int, int, int]:
    """Returns text, data and bss."""
    lines = _call(["arm-none-eabi-size", str(built)], built.parent).splitlines()
    text, data, bss = map(int, lines[1].split()[:3])
    return text, data, bss


def _call(words: Sequence[str], folder: Path) -> str:
    done = subprocess.run(  # noqa: S603
        words, cwd=folder, text=True, check=False, timeout=_SECONDS, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,  # where qemu's semihosting writes
    )  # fmt: skip
    if done.returncode:
        said = (done.stdout.splitlines() or ["nothing"])[0]
        raise ExtraError(f"{words[0]} failed: {said}")
    return done.stdout
