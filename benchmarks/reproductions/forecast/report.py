"""The report of `reproduce forecast`: its tables, and what they say in words."""

from statistics import median

from stillwatch.benchmarks.reproductions.forecast.detection_tables import detection_tables
from stillwatch.benchmarks.reproductions.forecast.document import Errors, Results
from stillwatch.runtime.report import page
from stillwatch.runtime.report.machine import provenance_line

__all__ = [
    "CHOICE_HEADER",
    "DEMAND_HEADER",
    "ETT_HEADER",
    "choice_rows",
    "closes_rows",
    "demand_rows",
    "ett_rows",
    "forecast_page",
]

ETT_HEADER = ("ETTh1, MSE/MAE", "96", "192", "336", "720")
CHOICE_HEADER = ("ETTh1, 96 ahead, seed 0", "parameters", "MSE", "MAE", "MSE by row 1/24/96")
DEMAND_HEADER = ("demand, a day ahead", "MAPE", "MAE", "MASE")


def ett_rows(results: Results) -> list[tuple[str, ...]]:
    """Returns a row a method; empty where a horizon was not run or not published."""
    by_horizon = results["etth1"]
    rows: dict[str, dict[str, str]] = {}
    for horizon, result in by_horizon.items():
        methods: dict[str, Errors] = {**result["median"], **result["floors"]}
        for name, figures in methods.items():
            rows.setdefault(name, {})[horizon] = _pair(figures["mse"], figures["mae"])
        for name, (mse, mae) in result["published"].items():
            rows.setdefault(f"{name}, published", {})[horizon] = _pair(mse, mae)
        seeds = [seed["forecaster"]["mse"] for seed in result["seeds"]]
        spread = f"{min(seeds):.3f} to {max(seeds):.3f}"
        rows.setdefault("forecaster, seeds' MSE", {})[horizon] = spread
        shares = [seed["share"] for seed in result["seeds"]]
        rows.setdefault("the LSTM's share", {})[horizon] = f"{median(shares):.2f}"
        held = [seed["coverage"] for seed in result["seeds"]]
        rows.setdefault("values in the 90 % interval", {})[horizon] = f"{median(held):.1%}"
    shown = ETT_HEADER[1:]
    table: list[tuple[str, ...]] = []
    for name, cells in rows.items():
        table.append((name, *(cells.get(horizon, "") for horizon in shown)))
    return table


def choice_rows(results: Results) -> list[tuple[str, ...]]:
    """Returns a row a choice."""
    rows: list[tuple[str, ...]] = []
    for name, result in results["choices"].items():
        figures = result["forecaster"]
        by_row = "/".join(f"{figures['mse_by_row'][row]:.3f}" for row in ("1", "24", "96"))
        count = f"{result['parameters']:,}"
        rows.append((name, count, f"{figures['mse']:.4f}", f"{figures['mae']:.4f}", by_row))
    return rows


def demand_rows(results: Results) -> list[tuple[str, ...]]:
    """Returns the methods by MAPE, the best first; a network's figures are medians over seeds."""
    demand = results["demand"]
    figures = dict(demand["others"])
    for name, seeds in demand["networks"].items():
        figures[name] = {what: median(seed[what] for seed in seeds) for what in seeds[0]}
    ordered = sorted(figures.items(), key=lambda item: item[1]["mape"])
    return [
        (name, f"{100 * f['mape']:.2f} %", f"{f['mae']:.1f}", f"{f['mase']:.3f}")
        for name, f in ordered
    ]


def closes_rows(results: Results) -> list[tuple[str, ...]]:
    """Returns the methods by mean absolute error, medians over seeds."""
    closes = {name: seeds for name, seeds in results["closes"].items() if name != "rows"}
    rows = [
        (name, median(s["mae"] for s in seeds), median(s["rmse"] for s in seeds))
        for name, seeds in closes.items()
    ]
    return [(name, f"{mae:.4f}", f"{rmse:.4f}") for name, mae, rmse in sorted(rows, key=_mae)]


def forecast_page(results: Results) -> str:
    """Returns the report as one HTML page."""
    parts = []
    if "etth1" in results:
        parts += [
            page.paragraph(
                "ETTh1 on standardised data, months 12/4/4, every test window. The forecaster is "
                "an LSTM over segments and a linear map solved in closed form, in one graph; the "
                "validation months choose the LSTM's share, and measure the interval."
            ),
            page.table(ETT_HEADER, ett_rows(results)),
        ]
    if "choices" in results:
        parts += [
            page.paragraph("One choice at a time", "h2"),
            page.table(CHOICE_HEADER, choice_rows(results)),
        ]
    if "demand" in results:
        parts += [
            page.paragraph("Electricity demand", "h2"),
            page.table(DEMAND_HEADER, demand_rows(results)),
        ]
    if "closes" in results:
        parts += [
            page.paragraph("Daily closes", "h2"),
            page.paragraph(
                "Of a price the last value is the best forecast that there is: a network that "
                "follows it a day late draws a fine picture, and knows nothing."
            ),
            page.table(("closes, one day ahead", "MAE", "RMSE"), closes_rows(results)),
        ]
    if "detection" in results:
        parts.append(page.paragraph("As a detector", "h2"))
        parts += [page.table(*table) for table in detection_tables(results["detection"])]
    parts.append(page.paragraph(provenance_line(results), "footer"))
    return page.page("stillwatch: forecasts", parts)


def _pair(mse: float, mae: float) -> str:
    return f"{mse:.3f}/{mae:.3f}"


def _mae(row: tuple[str, float, float]) -> float:
    return row[1]
