"""What a card says of networks and engines beside their speed, as rows of text."""

import statistics

from stillwatch.benchmarks.latency.cards.card import Card, Cold
from stillwatch.benchmarks.latency.cards.ratios import SAME_WEIGHTS

__all__ = [
    "COLD_HEADER",
    "PARITY_HEADER",
    "SIZE_HEADER",
    "cold_parts",
    "cold_rows",
    "file_size",
    "parity_rows",
    "size_rows",
]

COLD_HEADER = (
    *("engine", "Python", "imports", "load", "first window", "together, ms"),
    *("resident, MiB", "installed, MiB"),
)
PARITY_HEADER = ("network", "engine", "largest difference", "mean", "tolerance", "because", "")
SIZE_HEADER = (
    *("network", "hidden", "layers", "window", "parameters", "counted in the graph"),
    *("operations a window", "fp32 file", "int8 file", "weights"),
)


def cold_rows(card: Card) -> list[tuple[str, ...]]:
    """Returns a row for each engine's cold start: medians over processes."""
    installed = {engine.name: engine.installed_mib for engine in card.engines}
    return [
        (
            cold.engine,
            *(f"{part:.0f}" for part in cold_parts(cold)),
            f"{sum(cold_parts(cold)):.0f}",
            f"{statistics.median(cold.resident_mib):.0f}",
            f"{installed[cold.engine]:.0f}",
        )
        for cold in card.cold
    ]


def cold_parts(cold: Cold) -> tuple[float, float, float, float]:
    """Returns the medians in ms of Python's start, imports, load and first answer."""
    start, imports, load, first = (
        statistics.median(part)
        for part in (cold.start_ms, cold.imports_ms, cold.load_ms, cold.first_ms)
    )
    return start, imports, load, first


def size_rows(card: Card) -> list[tuple[str, ...]]:
    """Returns a row for each network: what it weighs and computes."""
    files = ("onnxruntime", SAME_WEIGHTS[1])
    return [
        (
            *(s.name, str(s.units), str(s.layers), str(s.window), f"{s.parameters:,}"),
            *(f"{s.in_graph:,}", f"{s.operations:,}"),
            *(file_size(s.files[engine]) if engine in s.files else "" for engine in files),
            s.source,
        )
        for s in card.subjects
    ]


def parity_rows(card: Card) -> list[tuple[str, ...]]:
    """Returns a row for each engine and network: how far from float64, and how far it may be."""
    reasons = {engine.name: engine.why for engine in card.engines}
    return [
        (
            *(p.subject, p.engine, f"{p.largest:.2g}", f"{p.mean:.2g}", f"{p.tolerance:g}"),
            *(reasons[p.engine], "passed" if p.passed else "NOT TIMED"),
        )
        for p in card.parity
    ]


def file_size(size: int) -> str:
    """Returns bytes as KB or MB."""
    return f"{size / 1e3:,.3g} KB" if size < 1e6 else f"{size / 1e6:.3g} MB"
