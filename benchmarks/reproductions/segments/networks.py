"""The segment students that are compared: which there are, their teacher, and their training.

All are trained on five of the six machines that are at hand, as `smd-micro`
was: none has seen UNSEEN, nor has the teacher.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stillwatch.runtime.errors import InputError
from stillwatch.train.data.sets import Machine
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig

__all__ = ["ALPHA", "UNSEEN", "Plan", "Student", "students", "train_students"]

UNSEEN = "3-3"
ALPHA = 0.35  # the teacher's share, as for the other students

# The teacher reads segments too: the published one, a row a step, takes hours for as good a loss.
_TEACHER = RepeatVectorConfig(
    layers=2, segment=10, step=400, epochs=12, batch=64, learning_rate=2e-3
)
_STUDENT = RepeatVectorConfig(step=400, epochs=12, batch=128, learning_rate=4e-3)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Rows a step and hidden units of the students: each as it is and scale-free, no teacher.

    taught: sizes of which there is a distilled scale-free student too. close:
    those that are looked at closely: distilled and not, with so many seeds.
    """

    segments: tuple[int, ...] = (5, 10, 20, 50)
    units: tuple[int, ...] = (8, 16, 32)
    taught: tuple[tuple[int, int], ...] = ((10, 8), (10, 16))
    close: tuple[tuple[int, int], ...] = ((20, 8), (20, 16), (20, 32))
    seeds: int = 3

    def __post_init__(self) -> None:
        """Raises InputError for a plan with nothing in it."""
        if not self.segments or not self.units or self.seeds < 1:
            raise InputError("expected at least one segment, one size and one seed")


@dataclass(frozen=True, kw_only=True)
class Student:
    """One network: its row in the table, and how it is trained. left_out: never seen."""

    row: str
    config: RepeatVectorConfig
    left_out: str = UNSEEN

    @property
    def name(self) -> str:
        """Its folder."""
        config = self.config
        parts = [f"segment{config.segment}", f"units{config.units}"]
        parts += ["distilled" if config.alpha else "alone"]
        parts += ["scale-free"] * config.scale_free
        return "-".join([*parts, f"without-{self.left_out}", str(config.seed)])


def students(plan: Plan) -> Iterator[Student]:
    """Yields the students of a plan; an interrupted run has the broad comparison first."""
    sizes = list(itertools.product(plan.segments, plan.units))
    for free, size in itertools.product((True, False), sizes):
        yield _student(size, free, 0.0, 0)
    for size in sizes:
        if size in plan.taught:
            yield _student(size, True, ALPHA, 0)
    for seed, alpha, size in itertools.product(range(plan.seeds), (ALPHA, 0.0), plan.close):
        if size in sizes and (seed or alpha):
            yield _student(size, True, alpha, seed)


def _student(size: tuple[int, int], free: bool, alpha: float, seed: int) -> Student:
    segment, units = size
    row = f"segments of {segment}, {units} units" + (", scale-free" if free else "")
    config = replace(
        _STUDENT, segment=segment, units=units, scale_free=free, alpha=alpha, seed=seed
    )
    return Student(row=row + ("" if alpha else ", no teacher"), config=config)


def train_students(
    wanted: Sequence[Student], machines: Sequence[Machine], out: Path
) -> Iterator[tuple[Student, Path]]:
    """Yields each student with the folder of its checkpoint; one that is there is not trained."""
    from stillwatch.train.families.repeat_vector.recipe import train_smd  # MXNet takes seconds

    for student in wanted:
        seen = [machine for machine in machines if machine.name != student.left_out]
        teacher = None
        if student.config.alpha:
            teacher = out / f"teacher-without-{student.left_out}"
            train_smd(seen, _TEACHER, teacher)
        folder = out / student.name
        train_smd(seen, student.config, folder, teacher=teacher, progress=False)
        yield student, folder
