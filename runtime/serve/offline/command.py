"""`stillwatch score-page`: writes the offline page."""

import argparse
from pathlib import Path

from stillwatch.runtime.files import write_text
from stillwatch.runtime.serve.offline.assembly import score_page

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the page."""
    parser.add_argument(
        "-o", "--out", type=Path, default=Path("score.html"), metavar="FILE",
        help="(default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--onnxruntime-web", type=Path, default=Path("node_modules/onnxruntime-web"),
        metavar="FOLDER", help="npm's package (default: %(default)s)",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Writes the page."""
    page = score_page(arguments.onnxruntime_web)
    write_text(arguments.out, page)
    print(f"{arguments.out}: {len(page.encode()) / 1e6:.1f} MB; open it in a browser")
    return 0
