"""`stillwatch train RECIPE`: one training run, to a checkpoint."""

import argparse
from pathlib import Path

from stillwatch.runtime.errors import DataError
from stillwatch.train.data.sets import RDS_TRAIN, LabelledSeries, load_nab, load_smd, simulate_cpu
from stillwatch.train.families.config import NabRdsConfig, RepeatVectorConfig
from stillwatch.train.families.config_fields import CHANNEL_MODES, OPTIMIZERS
from stillwatch.train.families.sensor import options as sensor_command

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the recipes, each with the options of its configuration."""
    recipes = parser.add_subparsers(dest="recipe", required=True, metavar="RECIPE")
    text = "the single-feature autoencoder of NAB's RDS CPU series, 18 parameters"
    _add_nab_rds(recipes.add_parser("nab-rds", help=text, description=text))
    text = "a repeat-vector autoencoder on the Server Machine Dataset: teacher, student or smaller"
    _add_smd(recipes.add_parser("smd", help=text, description=text))
    text = "a sensor autoencoder on your own CSV or Parquet file: checkpoint, capsule and report"
    sensor_command.add_arguments(recipes.add_parser("sensor", help=text, description=text))


def run(arguments: argparse.Namespace) -> int:
    """Trains, and says what came out."""
    recipes = {"nab-rds": _run_nab_rds, "smd": _run_smd, "sensor": sensor_command.run}
    return recipes[arguments.recipe](arguments)


def _add_nab_rds(parser: argparse.ArgumentParser) -> None:
    default = NabRdsConfig()
    _add_common(parser, default)
    parser.add_argument(
        "--window", type=int, default=default.window, help="consecutive values a batch"
    )
    parser.add_argument("--optimizer", choices=OPTIMIZERS, default=default.optimizer)
    parser.add_argument(
        "--scaling",
        nargs="+",
        default=list(default.scaling),
        metavar="POLICY",
        help="policies to calibrate for: series, trained, rolling(N) (default: %(default)s)",
    )
    parser.add_argument(
        "--no-masking",
        dest="masked",
        action="store_false",
        help="leave labelled training anomalies in",
    )
    parser.add_argument(
        "--simulated", action="store_true", help="train on the built-in simulated series"
    )


def _add_smd(parser: argparse.ArgumentParser) -> None:
    default = RepeatVectorConfig()
    _add_common(parser, default)
    parser.add_argument("--machines", nargs="+", required=True, metavar="M", help="such as 1-1")
    parser.add_argument(
        "--layers", type=int, default=default.layers, help="of encoder and decoder each"
    )
    parser.add_argument("--channels", choices=CHANNEL_MODES, default=default.channels)
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


def _add_common(
    parser: argparse.ArgumentParser, default: NabRdsConfig | RepeatVectorConfig
) -> None:
    parser.add_argument(
        "--out", type=Path, default=Path("checkpoint"), help="folder (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=default.seed)
    parser.add_argument("--epochs", type=int, default=default.epochs)
    parser.add_argument("--learning-rate", type=float, default=default.learning_rate)
    parser.add_argument("--units", type=int, default=default.units, help="hidden units of a layer")


def _run_nab_rds(arguments: argparse.Namespace) -> int:
    config = NabRdsConfig(
        units=arguments.units,
        window=arguments.window,
        masked=arguments.masked,
        scaling=tuple(arguments.scaling),
        epochs=arguments.epochs,
        learning_rate=arguments.learning_rate,
        optimizer=arguments.optimizer,
        seed=arguments.seed,
    )
    series = simulate_cpu(0) if arguments.simulated else _published_series()
    from stillwatch.train.families.nab_rds.recipe import (
        train_nab_rds,  # MXNet takes seconds to import
    )

    checkpoint = train_nab_rds(series, config, arguments.out)
    print(f"trained {checkpoint.family} on {series.name}: {checkpoint.parameters} parameters")
    for policy, calibration in checkpoint.calibrations.items():
        print(f"  threshold under {policy} scaling: {calibration.threshold.value:.4f}")
    print(f"checkpoint in {arguments.out}; next: stillwatch export {arguments.out} -o MODEL.onnx")
    return 0


def _run_smd(arguments: argparse.Namespace) -> int:
    config = RepeatVectorConfig(
        units=arguments.units,
        layers=arguments.layers,
        channels=arguments.channels,
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
    print(
        f"checkpoint in {arguments.out}; next: stillwatch export {arguments.out} -o MODEL.onnx, "
        "then stillwatch calibrate MODEL.onnx NORMAL.csv -o MINE.onnx"
    )
    return 0


def _published_series() -> LabelledSeries:
    try:
        return load_nab(RDS_TRAIN)
    except DataError as error:
        raise DataError(f"{error}; or train on the built-in series with --simulated") from error
