"""The benchmark's report: one page with everything in it, and its pictures as files beside it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from stillwatch.benchmarks import (
    bench_cold_plots,
    bench_footprint,
    bench_plots,
    bench_tables,
    report,
)
from stillwatch.benchmarks.bench_scaling import scaling
from stillwatch.benchmarks.cards import Card
from stillwatch.runtime.files import replacing, write_text

__all__ = ["QUALITY", "write_report"]

QUALITY = Path("benchmarks/results/smd/results.json")  # below the checkout; it is not installed


def write_report(card: Card, out: Path) -> None:
    """Writes report.html and the pictures into a folder."""
    figures = dict(_figures(card))
    for name, (figure, _) in figures.items():
        with replacing(out / f"{name}.png") as temporary:
            figure.savefig(temporary, format="png", dpi=130, bbox_inches="tight")
    write_text(out / "report.html", _page(card, figures))


def _figures(card: Card) -> Iterator[tuple[str, tuple[Figure, str]]]:
    """Yields each picture's file name, figure and caption."""
    quality = _quality()
    if any(row["row"] == subject.name for row in quality for subject in card.subjects):
        yield (
            "pareto",
            (
                bench_plots.pareto(card, quality),
                f"Detection from {QUALITY}; latency of the same architectures here.",
            ),
        )
    for subject in dict.fromkeys(t.subject for t in card.timings if t.scenario == "MultiStream"):
        yield (
            f"latency-{subject.replace(' ', '-')}",
            (
                bench_plots.distributions(card, subject),
                f"{subject}: median, p5 to p95 (thick), p1 to p99 (thin), slowest call (x).",
            ),
        )
    if card.cold:
        yield "cold-start", (bench_cold_plots.cold_starts(card), "Medians over fresh processes.")
        yield "memory", (bench_cold_plots.memory(card), "Largest resident memory; size on disk.")
    for what in ("hidden units", "window", "batch"):
        figure = scaling(card, what)
        if figure.axes[0].lines:
            caption = f"How latency grows with {what}."
            yield f"scaling-{what.replace(' ', '-')}", (figure, caption)


def _page(card: Card, figures: dict[str, tuple[Figure, str]]) -> str:
    tables = (
        (
            "Networks in their capsules, against the teacher in MXNet",
            bench_tables.NETWORK_HEADER,
            bench_tables.network_rows(card),
        ),
        (
            "Every engine on the student's weights",
            bench_tables.ENGINE_HEADER,
            bench_tables.engine_rows(card),
        ),
        ("One value at a time: nab-rds", bench_tables.STEP_HEADER, bench_tables.step_rows(card)),
        (
            "Cold start, memory, disk",
            bench_footprint.COLD_HEADER,
            bench_footprint.cold_rows(card),
        ),
        ("Networks", bench_footprint.SIZE_HEADER, bench_footprint.size_rows(card)),
        (
            "Parity with float64 NumPy, before timing",
            bench_footprint.PARITY_HEADER,
            bench_footprint.parity_rows(card),
        ),
        ("All latencies", bench_tables.LATENCY_HEADER, bench_tables.latency_rows(card)),
    )
    parts = [report.paragraph(_method(card))]
    parts += [
        report.paragraph(f"{name}: {why}", css="warning")
        for name, why in {**_failed(card), **card.absent}.items()
    ]
    for title, header, rows in tables:
        if rows:
            parts += [report.paragraph(title, "h2"), report.table(header, rows)]
    parts += [report.paragraph("Pictures", "h2")]
    parts += [report.picture(figure, caption) for figure, caption in figures.values()]
    parts += [report.paragraph(f"{name}: {why}") for name, why in card.refused.items()]
    parts.append(report.paragraph(_footer(card), "footer"))
    return report.page("stillwatch: the benchmark", parts)


def _method(card: Card) -> str:
    """Returns how the figures came about, in a paragraph."""
    return (
        f"{card.plan['processes']} processes one after the other, each with every engine loaded; "
        "in each, rounds in which every engine runs one burst, in an order drawn anew. "
        f"{card.threads} thread(s) an engine, garbage collection held off, warmed up. An engine "
        "whose answers differ from float64 NumPy by more than its tolerance is not timed. A ratio "
        "is the median over rounds of one engine's median span by another's, its mean over "
        "processes, with their 99 % interval. onnxruntime runs the whole capsule "
        "(scaling, network, error, score, alarm), the other engines the network alone. "
        "SingleStream is one window a query, MultiStream 38, "
        f"Offline {card.plan['offline']}, in parts of the size that was fastest in that process. "
        f"Load average before the run: {card.machine.load:g}."
    )


def _failed(card: Card) -> dict[str, str]:
    return {f"{p.engine} on {p.subject}": f"not timed, {p}" for p in card.parity if not p.passed}


def _footer(card: Card) -> str:
    versions = card.versions | {e.package: e.version for e in card.engines}
    return (
        f"Made by '{card.command}' on {card.date}: {card.machine.cpu}, {card.machine.cores} cores, "
        f"{card.machine.memory_gib:g} GiB, {card.machine.system}, governor "
        f"{card.machine.governor}; " + ", ".join(f"{n} {v}" for n, v in versions.items()) + "."
    )


def _quality() -> list[dict[str, Any]]:
    """Returns the SMD table's rows, none where the results are not at hand."""
    if not QUALITY.is_file():
        return []
    rows: list[dict[str, Any]] = json.loads(QUALITY.read_text())["summary"]
    return rows
