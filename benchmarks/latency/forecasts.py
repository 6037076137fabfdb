"""A forecast beside PyTorch, MXNet and OpenVINO on the same weights, one thread, in one run.

    python -m stillwatch.benchmarks.latency.forecasts --out benchmarks/results/bench/forecasts.json

Two subjects: the direct forecaster of ETTh1's recipe, 96 rows of 7 channels from
720 of them in one call; and a recursive one that forecasts 24 rows after each
sample of one channel, its state carried. Engines take turns; parity is checked
before anything is timed. Times are the process's own CPU time, which neighbours
on the machine move less than the clock on the wall; that is there beside it.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.benchmarks.latency.timing import Pace, interleave
from stillwatch.export.forecasting.capsule import build_forecaster
from stillwatch.export.pytorch.conversion import to_torch
from stillwatch.runtime.arrays import AnyArray, Float32
from stillwatch.runtime.files import write_text
from stillwatch.runtime.forecasting.forecaster import Forecaster
from stillwatch.runtime.report.machine import provenance
from stillwatch.train.data.checkpoint import Checkpoint, load_checkpoint
from stillwatch.train.families.forecaster.config import ForecasterConfig

__all__ = ["compare", "main"]

TOLERANCE = 1e-5  # scaled units, as for every framework
DIRECT = ForecasterConfig(horizon=96, lookback=720, segment=72, linear=336, units=64, dropout=0.0)
STREAM = ForecasterConfig(
    strategy="recursive", horizon=24, lookback=96, units=50, linear=0, dropout=0.0
)
_PACE = Pace(rounds=25, seconds=15, burst=0.005)
Engine = Callable[[], AnyArray]


def compare(pace: Pace) -> dict[str, Any]:
    """Returns microseconds a call by subject and engine, and the ratios to onnxruntime."""
    result = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name, make in (("direct, 96 x 7", _direct), ("stream, 24 rows ahead", _stream)):
            engines, parity = make(Path(scratch) / name.partition(",")[0])
            if max(parity.values()) > TOLERANCE:
                raise SystemExit(f"{name}: engines are not one network: {parity}")
            result[name] = {"parity": parity, **_timed(engines, pace)}
    return result


def main() -> None:
    """Measures, and writes the figures with the command that they come from."""
    parser = argparse.ArgumentParser(description="forecasts beside other engines")
    parser.add_argument("--out", type=Path, required=True)
    out: Path = parser.parse_args().out
    command = f"python -m stillwatch.benchmarks.latency.forecasts --out {out}"
    result = compare(_PACE)
    write_text(out, json.dumps({**provenance(), "command": command, **result}, indent=1) + "\n")
    for subject, measured in result.items():
        for engine, figures in measured["engines"].items():
            print(
                f"{subject:<24} {engine:<28} {figures['cpu']:8.1f} us of CPU, "
                f"{measured['ratios'][engine]:.2f} times onnxruntime"
            )


def _timed(engines: Mapping[str, Engine], pace: Pace) -> dict[str, Any]:
    spans = {
        what: interleave(engines, pace, seed=0, clock=clock)
        for what, clock in (("cpu", time.process_time_ns), ("wall", time.perf_counter_ns))
    }
    # The median over rounds of a round's fastest call: what a neighbour took is not the engine's.
    figures = {
        name: {
            what: float(np.median([min(calls) for calls in rounds[name]]))
            for what, rounds in spans.items()
        }
        for name in engines
    }
    ours = figures["onnxruntime"]["cpu"]
    return {
        "engines": figures,
        "ratios": {name: result["cpu"] / ours for name, result in figures.items()},
    }


def _made(config: ForecasterConfig, channels: int, folder: Path) -> Forecaster:
    """Returns the capsule of a network as it is before training, left as a checkpoint, too."""
    from stillwatch.train.calibration.windowed import save_windowed
    from stillwatch.train.families.forecaster.recipe import build_network
    from stillwatch.train.loop.fit import count_parameters

    folder.mkdir()
    net = build_network(config, channels)
    checkpoint = Checkpoint(
        family="forecaster",
        config=config,
        channels=tuple((f"channel_{number + 1}", "") for number in range(channels)),
        mean=(0.0,) * channels,
        scale=(1.0,) * channels,
        parameters=count_parameters(net),
        calibrations={},
        curve={"train": [], "validation": []},
        data={"name": "no data", "rows": 0, "sha256": "0" * 64},
    )
    save_windowed(checkpoint, net, folder)
    return Forecaster.from_bytes(build_forecaster(*load_checkpoint(folder)))


def _direct(folder: Path) -> tuple[dict[str, Engine], dict[str, float]]:
    import torch

    from stillwatch.train.families.forecaster.recipe import load_network
    from stillwatch.train.loop.fit import to_nd

    forecaster = _made(DIRECT, 7, folder)
    torch.set_num_threads(1)
    module, net = to_torch(folder), load_network(folder)
    drawn = np.random.default_rng(0).normal(size=(1, DIRECT.lookback, 7)).astype(np.float32)
    rows = drawn[0].astype(np.float64)

    def by_torch() -> AnyArray:
        with torch.inference_mode():
            answer: AnyArray = module(torch.from_numpy(drawn)).numpy()
        return answer

    engines: dict[str, Engine] = {
        "onnxruntime": lambda: forecaster.model.run(rows[None], None, DIRECT.horizon).forecast,
        "Forecaster.forecast": lambda: forecaster.forecast(rows).forecast[None],
        "PyTorch": by_torch,
        "MXNet": lambda: np.asarray(net(to_nd(drawn)).asnumpy()),
    }
    engines |= _openvino(build_forecaster(*load_checkpoint(folder)), drawn)
    wanted = by_torch()
    return engines, {n: float(np.abs(run() - wanted).max()) for n, run in engines.items()}


def _openvino(content: bytes, drawn: Float32) -> dict[str, Engine]:
    """Returns OpenVINO at one thread in fp32, where it is installed and takes the graph."""
    try:
        import openvino
    except ModuleNotFoundError:
        return {}
    core = openvino.Core()
    model = core.read_model(content)
    model.reshape({"values": list(drawn.shape)})
    options = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    request = core.compile_model(model, "CPU", options).create_infer_request()

    def run() -> AnyArray:
        request.infer({"values": drawn})
        return np.array(request.get_tensor("forecast").data)

    return {"OpenVINO": run}


def _stream(folder: Path) -> tuple[dict[str, Engine], dict[str, float]]:
    """Returns both as a stream that gets one more sample at each call."""
    import torch

    forecaster = _made(STREAM, 1, folder)
    torch.set_num_threads(1)
    module: Any = to_torch(folder)
    values = np.random.default_rng(1).normal(size=400).astype(np.float32)

    def ours() -> Engine:
        stream, places = forecaster.stream(), iter(np.tile(values, 100_000))
        return lambda: stream.update(next(places)).forecast  # type: ignore[union-attr]

    def theirs() -> Engine:
        places = iter(np.tile(values, 100_000))
        kept: list[Any] = [None]

        def run() -> AnyArray:
            with torch.inference_mode():
                answer, state = module.step(torch.full((1, 1, 1), float(next(places))), kept[0])
                kept[0] = state
                answers = [answer]
                for _ in range(STREAM.horizon - 1):
                    answer, state = module.step(answer, state)
                    answers.append(answer)
                result: AnyArray = torch.cat(answers, dim=1)[0].numpy()
            return result

        return run

    first, second = ours(), theirs()
    off = max(float(np.abs(first() - second()).max()) for _ in range(50))
    return {"onnxruntime": first, "PyTorch": second}, {"PyTorch": off}


if __name__ == "__main__":
    main()
