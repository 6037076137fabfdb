"""What a forecaster's capsule says of itself, in lines for a reader."""

from stillwatch.runtime.forecasting.info import ForecastInfo

__all__ = ["summary"]

_SHOWN = 8  # columns that are named one by one


def summary(info: ForecastInfo, size: int) -> dict[str, str]:
    """Returns a line for each thing worth saying, by its name; size: of the file, bytes."""
    carried = f"; carried state of {info.layers} x {info.state}" if info.state else ""
    reads = [*info.covariates, *(f"{term} of the time" for term in info.calendar)]
    halves = ""
    if info.share < 1:
        halves = f"; LSTM {info.share:.0%}, linear map {1 - info.share:.0%}, as validation chose"
    return {
        "task": f"forecast, {info.strategy}{halves}",
        "made by": info.producer,
        "size": f"{size:,} bytes, {info.parameters:,} parameters",
        "channels": _listed([c.name + (f" [{c.unit}]" if c.unit else "") for c in info.channels]),
        "reads besides": ", ".join(reads) or "nothing",
        "horizon": f"{info.horizon} rows" + (" or any other" if info.state else " or fewer"),
        "lookback": f"{info.lookback} rows{carried}",
        "step": str(info.step) if info.step else "rows without times",
        "scaling": f"{info.scaling}, of the training rows",
        "intervals": f"{info.coverage:.0%}, measured on {info.measured} forecasts of rows that "
        "it never saw"
        if info.coverage
        else "none measured",
        "trained on": f"{info.data['name']}, {info.data['rows']} rows, sha256 "
        f"{str(info.data['sha256'])[:12]}...",
        "golden vectors": f"{len(info.golden)}, to agree within {info.tolerance:g}",
    }


def _listed(names: list[str]) -> str:
    if len(names) > _SHOWN:
        names = [f"{len(names)}: {names[0]}", names[1], "...", names[-1]]
    return ", ".join(names)
