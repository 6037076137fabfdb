"""The networks of the SMD table: which there are, and their training, one folder each."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stillwatch.runtime.errors import InputError
from stillwatch.train.data.sets import Machine
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig

__all__ = ["ALPHA", "UNIVERSAL", "Network", "Plan", "ablations", "networks", "train_network"]

ALPHA = 0.35  # the teacher's share, in the middle of the published 0.3 to 0.4
UNIVERSAL = 16  # hidden units of the leave-one-machine-out student: fits 100 KB with its distance


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be trained: on which machines, how many seeds, how long.

    large_epochs: of teacher and student; micro_epochs: of the rest. step:
    rows between training windows.
    """

    machines: tuple[str, ...]
    hidden: tuple[int, ...] = (64, 32, 16, 8)
    channels: str = "independent"
    seeds: int = 3
    step: int = 400
    large_epochs: int = 16
    micro_epochs: int = 24

    def __post_init__(self) -> None:
        """Raises InputError for a plan with nothing in it."""
        if not self.machines or not self.hidden or self.seeds < 1:
            raise InputError("expected at least one machine, one size and one seed")


@dataclass(frozen=True, kw_only=True)
class Network:
    """One network: its row in the table, its seed, and how it is trained.

    taught: towards the teacher. left_out: the machine it never sees, if any.
    only: the one machine it is trained and judged on, for ablations.
    """

    name: str
    row: str
    config: RepeatVectorConfig
    taught: bool = False
    left_out: str | None = None
    only: str | None = None

    def sees(self, machine: str) -> bool:
        """Whether it is trained on this machine."""
        return machine != self.left_out and self.only in (None, machine)

    def judged_on(self, machine: str) -> bool:
        """Whether it is judged on this machine; a universal network is where it was not trained."""
        return self.left_out in (None, machine) and self.only in (None, machine)


def networks(plan: Plan) -> Iterator[Network]:
    """Yields the networks of a plan, the teacher first."""
    base = RepeatVectorConfig(
        step=plan.step, epochs=plan.large_epochs, batch=32, channels=plan.channels
    )
    yield Network(name="teacher", row="teacher", config=replace(base, layers=2))
    yield Network(name="student-alone", row="student, no teacher", config=base)
    taught = replace(base, alpha=ALPHA)
    yield Network(name="student-distilled", row="student", config=taught, taught=True)
    for units in plan.hidden:
        for seed in range(plan.seeds):
            micro = replace(base, units=units, epochs=plan.micro_epochs, seed=seed)
            yield Network(
                name=f"micro{units}-alone-{seed}", row=f"micro {units}, no teacher", config=micro
            )
            yield Network(
                name=f"micro{units}-distilled-{seed}",
                row=f"micro {units}",
                config=replace(micro, alpha=ALPHA),
                taught=True,
            )
    if len(plan.machines) > 1 and plan.channels == "independent":
        for machine, seed in itertools.product(plan.machines, range(plan.seeds)):
            yield Network(
                name=f"universal{UNIVERSAL}-without-{machine}-{seed}",
                row=f"universal {UNIVERSAL}, machine left out",
                config=replace(base, units=UNIVERSAL, epochs=plan.micro_epochs, seed=seed),
                left_out=machine,
            )


def ablations(plan: Plan, machine: str) -> Iterator[Network]:
    """Yields micro-students of 32 units on one machine: alpha, temperature, joint channels."""
    base = RepeatVectorConfig(
        units=32, step=max(1, plan.step // 4), epochs=plan.micro_epochs, batch=32
    )
    for alpha in (0.0, 0.25, 0.5, 0.75, 1.0):
        yield Network(
            name=f"ablation-alpha-{alpha:g}-{machine}",
            row=f"alpha {alpha:g}, T 1",
            config=replace(base, alpha=alpha),
            taught=alpha > 0,
            only=machine,
        )
    for temperature in (1.0, 1.5, 2.0):
        yield Network(
            name=f"ablation-temperature-{temperature:g}-{machine}",
            row=f"alpha {ALPHA:g}, T {temperature:g}",
            config=replace(base, alpha=ALPHA, temperature=temperature),
            taught=True,
            only=machine,
        )
    yield Network(
        name=f"ablation-joint-{machine}",
        row="alpha 0, joint channels",
        config=replace(base, channels="joint", step=max(1, plan.step // 40)),
        only=machine,
    )


def train_network(network: Network, machines: Sequence[Machine], folder: Path) -> Path:
    """Returns the folder of the trained network; one that is there already is not trained again."""
    from stillwatch.train.families.repeat_vector.recipe import (
        train_smd,  # MXNet takes seconds to import
    )

    train_smd(
        [machine for machine in machines if network.sees(machine.name)],
        network.config,
        folder / network.name,
        teacher=folder / "teacher" if network.taught else None,
    )
    return folder / network.name
