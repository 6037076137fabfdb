"""`stillwatch info MODEL`: what a capsule says of itself; without a name, the shipped ones."""

import argparse
import json

import onnxruntime

from stillwatch.runtime.capsule import opening
from stillwatch.runtime.capsule.info import CapsuleInfo
from stillwatch.runtime.capsule.reading import info_to_json, training_figures
from stillwatch.runtime.forecasting.info import ForecastInfo, forecasts
from stillwatch.runtime.forecasting.summary import summary

__all__ = ["SERVES", "add_arguments", "run"]

# Whom each shipped capsule serves, the first to try first.
SERVES = {
    "smd-segments": "for any sensors, once calibrated on their normal data; what to try first",
    "smd-micro": "the same, a row a step: what was to try first before, and slower",
    "nab-rds-online": "the weights of nab-rds for a stream: each value scaled by the 288 before it",
    "nab-rds": "the reproduction of a published article: whole files, scaled by themselves",
}

_SHOWN = 8  # channels that are named one by one


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of info."""
    parser.add_argument(
        "model",
        nargs="?",
        help="path of a capsule, or a shipped one's name (default: list these, and what for)",
    )
    parser.add_argument("--json", action="store_true", help="the whole metadata document")


def run(arguments: argparse.Namespace) -> int:
    """Prints the metadata, and the inputs and outputs that a host sees."""
    if arguments.model is None:
        print("\n".join(_listed()))
        return 0
    content = opening.read_bytes(arguments.model)
    session, metadata = opening.open_graph(content, arguments.model)
    if forecasts(metadata):
        of_forecaster = ForecastInfo.from_json(metadata, arguments.model)
        text, lines = of_forecaster.to_json(), summary(of_forecaster, len(content))
    else:
        session, info = opening.open_session(content, arguments.model)
        text, lines = info_to_json(info), _lines(info, len(content))
    if arguments.json:
        print(json.dumps(json.loads(text), indent=1))
        return 0
    for name, value in lines.items():
        print(f"{name:>16}  {value}")
    for port in [*session.get_inputs(), *session.get_overridable_initializers()]:
        print(f"{'input':>16}  {_port(port)}")
    for port in session.get_outputs():
        print(f"{'output':>16}  {_port(port)}")
    return 0


def _lines(info: CapsuleInfo, size: int) -> dict[str, str]:
    """Returns a line for each thing worth saying of a detector, by its name."""
    threshold, data, training = info.threshold, info.data, training_figures(info.training)
    names = [c.name + (f" [{c.unit}]" if c.unit else "") for c in info.channels]
    if len(names) > _SHOWN:
        names = [f"{len(names)}: {names[0]}", names[1], "...", names[-1]]
    scaling = str(info.scaling)
    if len(info.channels) == 1:
        scaling += f" (trained: mean {info.mean[0]:.6g}, scale {info.scale[0]:.6g})"
    return {
        "family": info.family,
        "made by": info.producer,
        "size": f"{size:,} bytes, {info.parameters} parameters",
        "channels": ", ".join(names),
        "window": f"{info.window} values from a zero state"
        + (f"; carried state of {info.state} units" if info.state else ""),
        "score": info.score + ("" if info.calibrated else "; NOT CALIBRATED, never alarms"),
        "scaling": scaling,
        "threshold": f"{threshold.value:.6g} = {threshold.rule}",
        "training errors": ", ".join(f"{q}: {v:.4g}" for q, v in info.error_quantiles.items()),
        "trained on": f"{data.name}, {data.rows} rows, sha256 {data.sha256[:12]}...",
        "training": ", ".join(f"{name}={value}" for name, value in training.items()),
        "golden vectors": f"{len(info.golden)}, to agree within {info.tolerance:g}",
        **_judge_line(info),
    }


def _judge_line(info: CapsuleInfo) -> dict[str, str]:
    if info.graph_judge is None:
        return {}
    size = len(info.graph_judge.state)
    return {
        "judge": f"in the graph, for {info.graph_judge.budget}; feed judge as zeros, double, "
        f"({size}, series), and judge_out from then on"
    }


def _listed() -> list[str]:
    """Returns the shipped capsules, whom they serve and what they were trained on."""
    lines = []
    for name in sorted(opening.shipped(), key=list(SERVES).index):
        content = opening.read_bytes(name)
        _, info = opening.open_session(content, name)
        data = info.training.options.get("data") or info.data.name
        size = f"{info.parameters:,} parameters, {len(content):,} bytes"
        lines += [f"{name}: {SERVES[name]}", f"    {info.family}, {size}; trained on {data}"]
    return [
        *lines,
        "",
        "Of your own sensors, begin with: "
        "stillwatch calibrate smd-segments NORMAL.csv -o MINE.onnx",
    ]


def _port(port: onnxruntime.NodeArg) -> str:
    return f"{port.name} {port.type.removeprefix('tensor')} {port.shape}"
