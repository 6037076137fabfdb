"""`stillwatch train nab-rds`: one training run of the single-feature autoencoder."""

import argparse

from stillwatch.runtime.errors import DataError
from stillwatch.train.data.sets import RDS_TRAIN, LabelledSeries, load_nab, simulate_cpu
from stillwatch.train.families.config_fields import OPTIMIZERS
from stillwatch.train.families.nab_rds.config import NabRdsConfig
from stillwatch.train.families.options import add_common_options
from stillwatch.train.loop.settled import unsettled

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the configuration and of the data."""
    default = NabRdsConfig()
    add_common_options(parser, default)
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


def run(arguments: argparse.Namespace) -> int:
    """Trains, and says what came out."""
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
    for remark in unsettled(checkpoint.curve):
        print(remark)
    for policy, calibration in checkpoint.calibrations.items():
        print(f"  threshold under {policy} scaling: {calibration.threshold.value:.4f}")
    print(f"checkpoint in {arguments.out}; next: stillwatch export {arguments.out} -o MODEL.onnx")
    return 0


def _published_series() -> LabelledSeries:
    try:
        return load_nab(RDS_TRAIN)
    except DataError as error:
        raise DataError(f"{error}; or train on the built-in series with --simulated") from error
