"""What C takes of a device: RAM to the byte, flash by what was measured of other networks."""

import re
from dataclasses import dataclass

from stillwatch.export.c.budgeted import JudgeC
from stillwatch.export.c.generated import Generated
from stillwatch.export.c.reduced import Reduced
from stillwatch.runtime.errors import InputError

__all__ = ["Footprint", "check_ram", "footprint", "ram_bytes"]

_SIZE = re.compile(r"(\d+)\s*([KM]?)(?:i?B)?", re.IGNORECASE)
_UNIT = {"": 1, "K": 1024, "M": 1024 * 1024}
_CALLS = 512  # frames of the functions that the compiler does not inline, and of an interrupt
# On a Cortex-M4 with gcc -Os, libm's part apart: what each node and the step around them came to.
_CODE_A_NODE, _CODE_AN_LSTM, _CODE_BESIDE = 36, 1500, 1500


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """Bytes: of the state and the answer that a program holds, of a step's stack, and of flash.

    constants: weights and tables, which are in flash too. code: about so much.
    """

    state: int
    answer: int
    stack: int
    constants: int
    code: int

    @property
    def ram(self) -> int:
        """State, answer and stack."""
        return self.state + self.answer + self.stack

    @property
    def flash(self) -> int:
        """Constants, and about what the code takes."""
        return self.constants + self.code

    def said(self) -> str:
        """The figures in a line."""
        return (
            f"RAM {self.ram:,} bytes (state {self.state:,}, answer {self.answer:,}, stack "
            f"{self.stack:,}); flash about {self.flash:,} bytes ({self.constants:,} of constants)"
        )


def footprint(model: Reduced, made: Generated, judge: JudgeC | None = None) -> Footprint:
    """Returns what the C of a model takes of one stream."""
    info = model.info
    channels = len(info.channels)
    outputs = sum(
        port.count * (1 if port.flag else 4)
        for port in model.outputs
        if port.name.removesuffix("_out") not in model.state
    )
    carried = sum(4 * port.count for port in model.inputs if port.name in model.state)
    if info.state:
        held = 4 * channels * info.scaling.history + 16
        frame = carried + 13 * channels
    else:
        held = 4 * channels * info.window + 16
        frame = 8 * channels
    if info.scaling.kind != "trained":
        held += 16 * channels if info.scaling.kind == "series" else 0
        frame += 16 * channels
    rows = 1 if info.state else info.window
    judged = Generated("", 0, 0, 0)
    if judge is not None:
        judged = judge.made
        held += 8 * judge.rows + 8
        outputs += rows * (8 * channels + 9) + 8
        frame += 8 * (judge.rows + channels) + 64
    aligned = (-(-size // 8) * 8 for size in (held + carried, outputs))
    state, answer = aligned
    return Footprint(
        state=state,
        answer=answer,
        stack=max(made.stack, judged.stack) + frame + _CALLS,  # one after the other
        constants=made.constants + judged.constants + 16 * channels,
        code=_CODE_BESIDE
        + _CODE_A_NODE * (made.nodes + judged.nodes)
        + _CODE_AN_LSTM * sum(node.op_type == "LSTM" for node in model.model.graph.node),
    )


def ram_bytes(text: str) -> int:
    """Returns the bytes of a size such as 64K or 1M; raises InputError."""
    match = _SIZE.fullmatch(text.strip())
    if not match or not int(match[1]):
        raise InputError(f"expected a size of memory such as 64K or 1M, got {text!r}")
    return int(match[1]) * _UNIT[match[2].upper()]


def check_ram(takes: Footprint, limit: int | None, name: str) -> None:
    """Raises InputError where a model wants more RAM than there is."""
    if limit is not None and takes.ram > limit:
        raise InputError(
            f"{name} does not fit {limit:,} bytes of RAM: {takes.said()}; a causal network such as "
            "nab-rds-online wants a hundredth of a windowed one"
        )
