"""Trains, judges and times the students, chooses one, and says how it fares beside smd-micro."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from stillwatch.benchmarks.reproductions.cache import kept
from stillwatch.benchmarks.reproductions.segments.choice import choose, not_below, summarize
from stillwatch.benchmarks.reproductions.segments.evaluation import (
    RANK,
    WINDOW,
    Row,
    capsule_row,
    events_row,
    linear_rows,
)
from stillwatch.benchmarks.reproductions.segments.latency import measured
from stillwatch.benchmarks.reproductions.segments.networks import (
    UNSEEN,
    Plan,
    Student,
    students,
    train_students,
)
from stillwatch.export.capsule.build import build_capsule
from stillwatch.runtime.capsule import opening
from stillwatch.runtime.files import make_folder, write_bytes
from stillwatch.train.data.checkpoint import JSON_NAME, PARAMS_NAME, load_checkpoint
from stillwatch.train.data.sets import Machine

__all__ = ["STANDARD", "compare"]

STANDARD = "smd-micro"


def compare(plan: Plan, machines: Sequence[Machine], out: Path) -> dict[str, Any]:
    """Returns the results of a plan; what is done is kept in `out`, so resumable."""
    networks, judged = out / "networks", out / "evaluations"
    contents = {STANDARD: opening.read_bytes(STANDARD)}
    rows = _judged(contents[STANDARD], STANDARD, 3_281, machines, judged)
    wanted = list(students(plan))
    folders = {}
    bar = tqdm(train_students(wanted, machines, networks), total=len(wanted), unit="network")
    for student, folder in bar:
        bar.set_postfix_str(student.name)
        folders[student.row, student.config.seed] = (student, folder)
        checkpoint, weights = load_checkpoint(folder)
        content = build_capsule(checkpoint, weights)
        contents.setdefault(_size(student), content)
        about = {"row": student.row, "size": _size(student), "seed": student.config.seed}
        result = _judged(content, student.name, checkpoint.parameters, machines, judged)
        rows += [{**row, **about} for row in result]
    linear = kept(judged / "linear.json", partial(linear_rows, machines, UNSEEN))
    name = f"linear window, rank {RANK}"
    about = {"row": name, "seed": 0, "parameters": 2 * RANK * WINDOW}
    rows += [{**row, **about} for row in linear]
    latency = kept(out / "latency.json", partial(measured, contents, machines[0]))
    summary = summarize(rows, latency)
    results = {"standard": STANDARD, "summary": summary, "latency": latency, "by_machine": rows}
    choice = choose(rows, summary, STANDARD)
    if choice is None:
        return {**results, "said": f"No network is below {STANDARD} in nothing."}
    student, folder = folders[choice]
    return {**results, **_beside(student, folder, machines, rows, out)}


def _beside(
    student: Student, folder: Path, machines: Sequence[Machine], rows: Sequence[Row], out: Path
) -> dict[str, Any]:
    """Returns what there is to say of the chosen network: events, and where it is below."""
    make_folder(out / "checkpoint")
    for part in (PARAMS_NAME, JSON_NAME):
        write_bytes(out / "checkpoint" / part, (folder / part).read_bytes())
    content = build_capsule(*load_checkpoint(folder))
    capsules = {student.name: content, STANDARD: opening.read_bytes(STANDARD)}
    events = {
        name: [
            kept(
                out / "evaluations" / f"events-{name}-{machine.name}.json",
                partial(events_row, one, name, machine),
            )
            for machine in tqdm(machines, desc="events", unit="machine")
        ]
        for name, one in capsules.items()
    }
    ours = [r for r in rows if (r["row"], r["seed"]) == (student.row, student.config.seed)]
    beside = not_below(ours, [r for r in rows if r["row"] == STANDARD])
    below = [f"{f} ({part})" for part, of in beside.items() for f, holds in of.items() if not holds]
    said = (
        f"The default: {student.row}, seed {student.config.seed}, of {len(content):,} bytes, the "
        f"cheapest that is below {STANDARD} in nothing on the machines to choose on; below it in "
        f"{', '.join(below) or 'nothing on the others, too'}."
    )
    return {
        "default": {"row": student.row, "seed": student.config.seed, "folder": folder.name},
        "not_below": beside,
        "events": events,
        "said": said,
    }


def _judged(
    content: bytes, name: str, parameters: int, machines: Sequence[Machine], out: Path
) -> list[Row]:
    """Returns a row a machine."""
    about = {"row": name, "size": name, "seed": 0, "parameters": parameters}
    return [
        {
            **about,
            "machine": machine.name,
            **kept(
                out / f"{name}-{machine.name}.json", partial(capsule_row, content, name, machine)
            ),
        }
        for machine in machines
    ]


def _size(student: Student) -> str:
    """Returns what students of one graph share: their time does not depend on their weights."""
    config = student.config
    free = "-scale-free" if config.scale_free else ""
    return f"segment{config.segment}-units{config.units}{free}"
