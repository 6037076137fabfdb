"""`stillwatch export CAPSULE --c DIR`: from a capsule to C."""

import argparse
from pathlib import Path

from stillwatch.export.c.folder import c_files, check_folder, write_folder
from stillwatch.export.c.footprint import check_ram, ram_bytes
from stillwatch.runtime.capsule.opening import read_bytes
from stillwatch.runtime.errors import InputError

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of an export to C."""
    parser.add_argument("model", help="path of a capsule, or a shipped one such as nab-rds-online")
    parser.add_argument(
        "--c", type=Path, required=True, metavar="DIR", dest="folder",
        help="new folder for the source, its self-test, an example and a README",
    )  # fmt: skip
    parser.add_argument(
        "--ram", metavar="SIZE", help="refuse what takes more, such as 64K: state, answer and stack"
    )
    parser.add_argument(
        "--budget", metavar="N/week",
        help="of a capsule with a judge: the alarms that it may raise (default: 5/week)",
    )  # fmt: skip
    parser.add_argument(
        "--name", help="of the model in file and function names (default: the capsule's)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Says what the C takes of a device, then writes it."""
    limit = None if arguments.ram is None else ram_bytes(arguments.ram)
    if Path(arguments.model).is_dir():
        raise InputError(
            f"expected a capsule, got the folder {arguments.model}: first 'stillwatch export "
            f"{arguments.model} -o MODEL.onnx'"
        )
    check_folder(arguments.folder)  # before what takes seconds
    content = read_bytes(arguments.model)
    name = arguments.name or Path(arguments.model).name.removesuffix(".onnx")
    made = c_files(content, name, arguments.budget)
    print(f"{name} as C takes {made.takes.said()}")
    check_ram(made.takes, limit, name)
    write_folder(arguments.folder, made.files)
    print(f"{arguments.folder}: {', '.join(sorted(made.files))}")
    print(f"next: {arguments.folder / 'README.md'} says how to build and run it")
    return 0
