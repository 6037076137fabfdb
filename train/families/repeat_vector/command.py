"""`stillwatch train smd`: one training run of a repeat-vector autoencoder."""

import argparse
from pathlib import Path

from stillwatch.train.data.sets import load_smd
from stillwatch.train.families.config_fields import CHANNEL_MODES
from stillwatch.train.families.options import add_common_options
from stillwatch.train.families.repeat_vector.config import RepeatVectorConfig
from stillwatch.train.loop.settled import unsettled

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the configuration and of the data."""
    default = RepeatVectorConfig()
    add_common_options(parser, default)
    parser.add_argument("--machines", nargs="+", required=True, metavar="M", help="such as 1-1")
    parser.add_argument(
        "--layers", type=int, default=default.layers, help="of encoder and decoder each"
    )
    parser.add_argument("--channels", choices=CHANNEL_MODES, default=default.channels)
    parser.add_argument(
        "--segment", type=int, default=default.segment, metavar="W",
        help="rows that the network reads and writes at a step; a window of 100 is a hundredth, "
        "or 100/W, of the steps' cost (default: %(default)s, as published)",
    )  # fmt: skip
    parser.add_argument(
        "--scale-free",
        action="store_true",
        help="the network sees each window divided by its size, for sensors that it never saw",
    )
    parser.add_argument(
        "--step", type=int, default=default.step, help="rows from one training window to the next"
    )
    parser.add_argument("--batch", type=int, default=default.batch)
    parser.add_argument("--patience", type=int, default=default.patience)
    parser.add_argument("--teacher", type=Path, metavar="DIR", help="the teacher's checkpoint")
    parser.add_argument(
        "--alpha", type=float, default=default.alpha, help="the teacher's share in the loss"
    )
    parser.add_argument("--temperature", type=float, default=default.temperature)


def run(arguments: argparse.Namespace) -> int:
    """Trains, and says what came out."""
    config = RepeatVectorConfig(
        units=arguments.units,
        layers=arguments.layers,
        channels=arguments.channels,
        segment=arguments.segment,
        scale_free=arguments.scale_free,
        step=arguments.step,
        epochs=arguments.epochs,
        batch=arguments.batch,
        learning_rate=arguments.learning_rate,
        patience=arguments.patience,
        alpha=arguments.alpha,
        temperature=arguments.temperature,
        seed=arguments.seed,
    )
    machines = [load_smd(name) for name in arguments.machines]
    from stillwatch.train.families.repeat_vector.recipe import train_smd

    checkpoint = train_smd(machines, config, arguments.out, teacher=arguments.teacher)
    curve = checkpoint.curve["validation"]
    print(
        f"trained {checkpoint.family} on {checkpoint.data['name']}: {checkpoint.parameters:,} "
        f"parameters, validation loss {min(curve):.4f} after {len(curve)} epochs"
    )
    for remark in unsettled(checkpoint.curve):
        print(remark)
    print(
        f"checkpoint in {arguments.out}; next: stillwatch export {arguments.out} -o MODEL.onnx, "
        "then stillwatch calibrate MODEL.onnx NORMAL.csv -o MINE.onnx"
    )
    return 0
