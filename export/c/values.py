"""What the templates of C ask for: a capsule's figures, and each port of its graph in C's words."""

from importlib.metadata import version
from typing import Any

import numpy as np

from stillwatch.export.c import literals
from stillwatch.export.c.budgeted import JudgeC
from stillwatch.export.c.reduced import Port, Reduced
from stillwatch.runtime.arrays import SMALLEST, AnyArray
from stillwatch.runtime.capsule.info import TRAINED_ALARM
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.scoring.precision import COARSE, FURTHEST

__all__ = ["template_values"]

_RESTARTS = ("h", "c")  # with each window; what else is carried goes on


def template_values(model: Reduced, name: str, prefix: str, judge: JudgeC | None) -> dict[str, Any]:
    """Returns them; raises InputError for a scaling that C does not have."""
    _check(model, name)
    info = model.info
    kind = info.scaling.kind
    single = (np.asarray(part, np.float32).astype(np.float64) for part in (info.mean, info.scale))
    mean32, scale32 = single
    low, high = literals.range_of(info.mean, info.scale)
    whole = [g for g in info.golden if info.state or len(g.values) >= info.window]
    return {
        "name": name,
        "prefix": prefix,
        "macro": prefix.upper(),
        "version": version("stillwatch"),
        "generator": version("emx-onnx-cgen"),
        "family": info.family,
        "parameters": info.parameters,
        "channels": info.channels,
        "window": info.window,
        "stride": info.stride,
        "history": info.scaling.history,
        "windowed": not info.state,
        "series": kind == "series",
        "trained": kind == "trained",
        "exact": bool(info.state),
        "mean": info.mean,
        "scale": info.scale,
        "mean32": mean32,
        "scale32": scale32,
        "lowest": low,
        "highest": high,
        "threshold": info.threshold.value,
        "tolerance": info.tolerance,
        "vectors": whole,
        "state": [_carried(p, model.state[p.name]) for p in model.inputs if p.name in model.state],
        "judge": judge,
        "own_alarm": "alarm" if judge is None else TRAINED_ALARM,
        "answers": [_answer(p, model, judge) for p in model.outputs if not _is_state(p, model)],
        "call": ", ".join(_argument(p, model, judge) for p in (*model.inputs, *model.outputs)),
        "alarms": _alarms(judge),
        "coarse": COARSE,
        "furthest": FURTHEST,
        "smallest": SMALLEST,
    }


def _alarms(judge: JudgeC | None) -> str:
    if judge is None:
        return "An alarm is a score above `state.threshold`."
    return (
        f"An alarm is the judge's, which keeps {judge.budget}; `trained_alarm` is a score above "
        "`state.threshold`. Its logarithms are libm's, so `surprise` may be another's in the last "
        "bits."
    )


def _is_state(port: Port, model: Reduced) -> bool:
    return port.name.removesuffix("_out") in model.state


def _carried(port: Port, begin: AnyArray) -> dict[str, Any]:
    flat = begin.reshape(-1)
    return {
        "name": port.name,
        "count": port.count,
        "restarts": port.name in _RESTARTS,
        "begin": flat if flat.any() else None,  # init has set all to zero
    }


def _named(port: Port, judge: JudgeC | None) -> str:
    """Returns an output's name in the answer: `alarm` is the judge's, where there is one."""
    return TRAINED_ALARM if judge is not None and port.name == "alarm" else port.name


def _answer(port: Port, model: Reduced, judge: JudgeC | None) -> dict[str, Any]:
    rows = 1 if model.info.state else model.info.window
    wide = port.count > rows or len(port.shape) > 2
    return {"name": _named(port, judge), "flag": port.flag, "wide": wide}


def _argument(port: Port, model: Reduced, judge: JudgeC | None) -> str:
    """Returns a port as an argument of the generated function, cast to its shape."""
    causal = bool(model.info.state)
    if port.name in model.state:
        place = f"state->{port.name}"
    elif _is_state(port, model):
        place = f"next_{port.name.removesuffix('_out')}"
    elif port.name == "threshold":
        return "&state->threshold"
    elif port.name == "values":
        place = "values" if causal else "state->rows"
    elif port.name in ("mean", "scale"):
        place = port.name
    else:
        place = f"&answer->{_named(port, judge)}"
    return _cast(port, place)


def _cast(port: Port, place: str) -> str:
    written = place.startswith(("&answer", "next_"))
    kind = "bool" if port.flag else "float"
    inner = "".join(f"[{size}]" for size in port.shape[1:])
    return f"({'' if written else 'const '}{kind} (*){inner}){place}"


def _check(model: Reduced, name: str) -> None:
    info = model.info
    if info.state:
        return
    if info.scaling.kind == "rolling":
        raise InputError(
            f"{name} is windowed and scaled by {info.scaling}: C has rolling scaling for causal "
            "networks alone; make a capsule with --scaling trained"
        )
    coarse = np.abs(info.mean) > COARSE * np.asarray(info.scale)
    if info.scaling.kind == "trained" and coarse.any():
        channel = info.channels[int(np.argmax(coarse))].name
        raise InputError(
            f"channel {channel!r} of {name} has a mean of more than {COARSE:g} scales, "
            "which float cannot hold: take an offset off its values and calibrate again"
        )
