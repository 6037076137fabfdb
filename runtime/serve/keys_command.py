"""`stillwatch keys add|list|revoke`: who may ask a service."""

import argparse
import time
from pathlib import Path

from stillwatch.runtime.errors import InputError
from stillwatch.runtime.serve.access.keys import Keys
from stillwatch.runtime.serve.access.principal import SCOPES

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument("what", choices=["add", "list", "revoke"])
    parser.add_argument("name", nargs="?", help="of the key, to add or to revoke")
    parser.add_argument(
        "--scopes", default="infer,stream,feedback", metavar="LIST",
        help=f"what it is for, of {', '.join(SCOPES)} (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--state", type=Path, default=Path("stillwatch-state"), metavar="FOLDER",
        help="the service's folder (default: %(default)s)",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Adds, lists or revokes; a running service knows within a second."""
    if (arguments.what == "list") == (arguments.name is not None):
        raise InputError("expected 'keys add NAME', 'keys list' or 'keys revoke NAME'")
    keys = Keys(arguments.state)
    try:
        if arguments.what == "add":
            key = keys.add(arguments.name, arguments.scopes)
            print(key)
        elif arguments.what == "revoke":
            keys.revoke(arguments.name)
            print(f"revoked {arguments.name}")
        else:
            for row in keys.listed():
                made = time.strftime("%Y-%m-%d %H:%M", time.gmtime(row.made))
                print(f"{row.name:<24} {row.scopes:<28} made {made} UTC")
    finally:
        keys.close()
    return 0
