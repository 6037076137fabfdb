"""Students that never saw any row of the machine they are judged on, one a machine and seed."""

from collections.abc import Sequence
from pathlib import Path

from stillwatch.export.capsule.build import build_capsule
from stillwatch.train.data.checkpoint import load_checkpoint
from stillwatch.train.data.sets import Machine
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig

__all__ = ["UNITS", "left_out_capsule"]

UNITS = 16  # as smd-micro


def left_out_capsule(machine: Machine, machines: Sequence[Machine], seed: int, out: Path) -> bytes:
    """Returns the base capsule of a student trained on all machines but this one, kept in `out`.

    The recipe of the table's universal students without a teacher, on a quarter
    of the windows and at three times the rate: a minute each on two cores.
    """
    from stillwatch.train.families.repeat_vector.recipe import (
        train_smd,  # MXNet takes seconds to import
    )

    config = RepeatVectorConfig(
        units=UNITS, step=1600, epochs=16, batch=64, learning_rate=3e-3, seed=seed
    )
    folder = out / f"without-{machine.name}-{seed}"
    train_smd([one for one in machines if one.name != machine.name], config, folder)
    return build_capsule(*load_checkpoint(folder))
