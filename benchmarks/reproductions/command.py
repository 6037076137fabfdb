"""`stillwatch reproduce SYSTEM`: the whole way, from the data to the report."""

import argparse

from stillwatch.benchmarks.reproductions.drift import command as drift_command
from stillwatch.benchmarks.reproductions.nab_rds import command as nab_rds_command
from stillwatch.benchmarks.reproductions.sensor import command as sensor_command
from stillwatch.benchmarks.reproductions.smd import command as smd_command
from stillwatch.benchmarks.reproductions.variants import command as variants_command

__all__ = ["add_arguments", "run"]

_SYSTEMS = {
    "drift": (drift_command, "a fixed threshold against a rolling one, on series that drift"),
    "nab-rds": (nab_rds_command, "the single-feature autoencoder on NAB's RDS CPU series"),
    "sensor": (sensor_command, "the sensor autoencoder on a machine's metrics and a temperature"),
    "variants": (variants_command, "the single-feature recipe, one choice changed at a time"),
    "smd": (smd_command, "the distilled autoencoder and its micro-students on SMD"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the systems, each with options of its own."""
    systems = parser.add_subparsers(dest="system", required=True, metavar="SYSTEM")
    for name, (module, text) in _SYSTEMS.items():
        module.add_arguments(systems.add_parser(name, help=text, description=text))


def run(arguments: argparse.Namespace) -> int:
    """Reproduces the system that was named."""
    module, _ = _SYSTEMS[arguments.system]
    return int(module.run(arguments))
