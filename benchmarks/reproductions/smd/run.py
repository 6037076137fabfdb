"""The SMD table's networks: each one judged on every machine that it is for."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tqdm import tqdm

from stillwatch.benchmarks.reproductions.cache import kept
from stillwatch.benchmarks.reproductions.smd.document import JudgedRow
from stillwatch.benchmarks.reproductions.smd.evaluation import judge_capsule
from stillwatch.benchmarks.reproductions.smd.networks import Network
from stillwatch.export.capsule.build import build_capsule
from stillwatch.export.int8.quantization import FEWEST_UNITS
from stillwatch.train.data.checkpoint import load_checkpoint
from stillwatch.train.data.sets import Machine

__all__ = ["evaluate_network"]


def evaluate_network(
    network: Network, folder: Path, machines: Sequence[Machine], out: Path
) -> list[JudgedRow]:
    """Returns the network's rows: one a machine, score and precision; kept in `out`, so resumable.

    A universal network is judged on the machine that it never saw alone.
    """
    checkpoint, weights = load_checkpoint(folder)
    base = build_capsule(checkpoint, weights)
    judged = [m for m in machines if network.judged_on(m.name)]
    precisions = ["fp32"]
    if checkpoint.config.units >= FEWEST_UNITS:
        precisions.append("int8")
    rows: list[JudgedRow] = []
    for machine in tqdm(judged, desc=network.name, unit="machine"):
        for precision in precisions:
            int8 = precision == "int8"
            judge = partial(judge_capsule, base, network.name, machine, int8=int8)
            for row in kept(out / f"{network.name}-{machine.name}-{precision}.json", judge):
                rows.append(
                    {
                        "row": network.row + (", int8" if int8 else ""),
                        "seed": checkpoint.config.seed,
                        "machine": machine.name,
                        "parameters": checkpoint.parameters,
                        **row,
                    }
                )
    return rows
