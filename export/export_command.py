"""`stillwatch export CHECKPOINT -o MODEL.onnx`: from a checkpoint to a capsule.

With `--judge` also from a capsule to one that has the judge in its graph.
"""

import argparse
from pathlib import Path

from stillwatch.export.capsule.build import build_capsule
from stillwatch.export.families.repeat_vector import DECODERS
from stillwatch.export.judged.judge_options import (
    add_judge_options,
    check_judge_options,
    export_judged,
)
from stillwatch.runtime.capsule import opening
from stillwatch.runtime.files import write_bytes
from stillwatch.train.data.checkpoint import load_checkpoint

__all__ = ["add_arguments", "add_decoder_option", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of an export."""
    parser.add_argument(
        "checkpoint",
        type=Path,
        help="folder that 'stillwatch train' wrote; with --judge a capsule will do",
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="MODEL.onnx")
    parser.add_argument(
        "--scaling",
        metavar="POLICY",
        help="series, trained or rolling(N), of those calibrated in training (default: the first)",
    )
    parser.add_argument(
        "--plain-inputs",
        action="store_true",
        help="no defaults for mean, scale, threshold and state: for JavaScript, where "
        "onnxruntime cannot override a default",
    )
    add_decoder_option(parser)
    add_judge_options(parser)


def add_decoder_option(parser: argparse.ArgumentParser) -> None:
    """Adds the choice between the forms of a repeat-vector graph."""
    parser.add_argument(
        "--decoder",
        choices=DECODERS,
        default="plain",
        help="of a repeat-vector model: 'projected' is up to a third faster in onnxruntime from 64 "
        "hidden units on, with identical answers, for hosts that score few windows a call; this "
        "package sees to that (default: %(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Exports, and says what was written."""
    check_judge_options(arguments)
    if arguments.judge and not arguments.checkpoint.is_dir():
        return export_judged(arguments, opening.read_bytes(arguments.checkpoint))
    checkpoint, weights = load_checkpoint(arguments.checkpoint)
    content = build_capsule(
        checkpoint,
        weights,
        arguments.scaling,
        plain_inputs=arguments.plain_inputs,
        decoder=arguments.decoder,
    )
    if arguments.judge:
        return export_judged(arguments, content)
    write_bytes(arguments.output, content)
    print(f"{arguments.output}: {checkpoint.parameters} parameters, {len(content):,} bytes")
    print(f"next: stillwatch score {arguments.output} SERIES.csv")
    return 0
