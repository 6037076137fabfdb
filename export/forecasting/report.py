"""The report of a forecaster: how it learned, what it forecasts, and what others do."""

from dataclasses import asdict
from typing import Any

import numpy as np

from stillwatch.export.forecasting import plots
from stillwatch.export.forecasting.baselines import METRICS
from stillwatch.export.forecasting.chain import OURS, Backtest, Chain
from stillwatch.export.own_data.plots import stopping_point
from stillwatch.runtime.arrays import Float64
from stillwatch.runtime.forecasting.series import Series
from stillwatch.runtime.forecasting.summary import summary
from stillwatch.runtime.report import page
from stillwatch.runtime.report.machine import provenance, provenance_line

__all__ = ["HEADER", "document", "figure_rows", "forecaster_page", "verdict"]

HEADER = ("method", *(metric.upper() for metric in METRICS))
_AS_GOOD = 1.02  # times the forecaster's error: as good, within what origins scatter


def forecaster_page(chain: Chain, series: Series, tested: Backtest) -> str:
    """Returns the report as one HTML page."""
    info, curve = chain.forecaster.info, chain.checkpoint.curve
    best = int(np.argmin(curve["validation"]))
    parts = [
        page.paragraph(
            f"{len(series)} rows of {series.name}; forecast: {', '.join(info.channel_names)}. "
            f"{chain.covered:.1%} of {chain.rolled.actual.size:,} values of the last rows, which "
            f"nothing was fitted on, lie within the interval of {info.coverage:.0%}."
        ),
        page.paragraph(verdict(tested)),
        page.table(("capsule", ""), list(summary(info, chain.size).items())),
        page.paragraph("The last forecast", "h2"),
        page.picture(plots.last_forecast(chain, series), "The forecast of the last rows."),
        page.paragraph("Backtests", "h2"),
    ]
    if tested.figures:
        parts += [
            page.paragraph(
                f"{tested.plan.count} origins, {tested.plan.horizon} rows apart, the last rows of "
                "the file. The others are fitted anew before each origin; the forecaster is not, "
                "and its training ended earlier. MASE: 1 is the seasonal naive, one step ahead, "
                "before the first origin."
            ),
            page.table(HEADER, figure_rows(tested)),
        ]
    parts += [
        page.picture(
            plots.error_by_row(chain, _of_last_value(chain, series)), "Error by rows ahead."
        ),
        page.picture(plots.residuals(chain), "Errors of all origins in the last rows."),
        page.paragraph("Training", "h2"),
        page.picture(
            stopping_point(curve),
            f"{len(curve['validation'])} epochs; the weights of epoch {best + 1} were kept.",
        ),
        page.table(
            ("option", ""), [(k, str(v)) for k, v in asdict(chain.checkpoint.config).items()]
        ),
        page.paragraph("Agreement of frameworks", "h2"),
        page.table(
            ("against onnxruntime", "largest difference, scaled units", "in the last row ahead"),
            [(a.framework, f"{a.largest:.2g}", f"{a.last_row:.2g}") for a in chain.agreements]
            + [(name, why, "") for name, why in chain.absent.items()],
        ),
        page.paragraph(provenance_line(provenance()), "footer"),
    ]
    return page.page(f"stillwatch: forecasts of {series.name}", parts)


def figure_rows(tested: Backtest) -> list[tuple[str, ...]]:
    """Returns the methods by mean absolute error, the best first."""
    ordered = sorted(tested.figures.items(), key=lambda item: item[1]["mae"])
    return [
        (name, *(_figure(metric, result[metric]) for metric in METRICS)) for name, result in ordered
    ]


def verdict(tested: Backtest) -> str:
    """Returns in words whether the forecaster was worth it."""
    if not tested.figures:
        return tested.remark
    ours = tested.figures[OURS]["mae"]
    others = {name: result["mae"] for name, result in tested.figures.items() if name != OURS}
    best = min(others, key=lambda name: others[name])
    naive = {name: mae for name, mae in others.items() if "naive" in name or name == "last value"}
    simple = min(naive, key=lambda name: naive[name])
    if naive[simple] <= ours * _AS_GOOD:
        return (
            f"The {simple} is as good: MAE {naive[simple]:.4g}, the forecaster's {ours:.4g}. It "
            "costs nothing; take it."
        )
    if others[best] <= ours * _AS_GOOD:
        return f"{best} is as good, or better: MAE {others[best]:.4g}, the forecaster's {ours:.4g}."
    next_best = dict.fromkeys((best, simple))  # which may be the same
    return (
        f"The forecaster is best: MAE {ours:.4g}, "
        + ", ".join(f"{name} {others[name]:.4g}" for name in next_best)
        + "."
    )


def document(chain: Chain, tested: Backtest) -> dict[str, Any]:
    """Returns the figures of a report, for its JSON."""
    return {
        **provenance(),
        "parameters": chain.checkpoint.parameters,
        "coverage": {"stated": chain.intervals.coverage, "found": chain.covered},
        "origins": tested.plan.count,
        "horizon": tested.plan.horizon,
        "backtests": tested.figures,
        "verdict": verdict(tested),
    }


def _figure(metric: str, value: float) -> str:
    if not np.isfinite(value):
        return "-"
    return f"{100 * value:.2f} %" if metric in ("mape", "smape") else f"{value:.4g}"


def _of_last_value(chain: Chain, series: Series) -> Float64:
    """Returns the last value's mean absolute error by rows ahead, scaled units."""
    channels = chain.rolled.actual.shape[2]
    last = series.values[chain.rolled.origins - 1, :channels]
    scale = np.array(chain.forecaster.info.scale)[:channels]
    error: Float64 = np.abs(last[:, None] - chain.rolled.actual) / scale
    result: Float64 = error.mean(axis=(0, 2))
    return result
