"""The benchmark's report: one page with everything in it, and its pictures as files beside it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from stillwatch.benchmarks.latency.cards.aims import AIM_HEADER, aim_rows
from stillwatch.benchmarks.latency.cards.card import Card
from stillwatch.benchmarks.latency.pages import (
    cold_plots,
    footprint_tables,
    latency_tables,
    peer_tables,
)
from stillwatch.benchmarks.latency.pages import latency_plots as plots
from stillwatch.benchmarks.latency.pages.scaling_plot import scaling
from stillwatch.runtime.files import replacing, write_text
from stillwatch.runtime.report import page

__all__ = ["QUALITY", "write_report"]

QUALITY = Path("benchmarks/results/smd/results.json")  # below the checkout; it is not installed


def write_report(card: Card, out: Path) -> None:
    """Writes page.html and the pictures into a folder."""
    figures = dict(_figures(card))
    for name, (figure, _) in figures.items():
        with replacing(out / f"{name}.png") as temporary:
            figure.savefig(temporary, format="png", dpi=130, bbox_inches="tight")
    write_text(out / "report.html", _page(card, figures))


def _figures(card: Card) -> Iterator[tuple[str, tuple[Figure, str]]]:
    """Yields each picture's file name, figure and caption."""
    quality = _quality()
    if any(
        row["row"] == plots.ROWS.get(subject.name, subject.name)
        for row in quality
        for subject in card.subjects
    ):
        yield (
            "pareto",
            (
                plots.pareto(card, quality),
                f"Detection from {QUALITY}; latency of the same architectures here.",
            ),
        )
    for subject in dict.fromkeys(t.subject for t in card.timings if t.scenario == "MultiStream"):
        yield (
            f"latency-{subject.replace(' ', '-')}",
            (
                plots.distributions(card, subject),
                f"{subject}: median, p5 to p95 (thick), p1 to p99 (thin), slowest call (x).",
            ),
        )
    if card.cold:
        yield "cold-start", (cold_plots.cold_starts(card), "Medians over fresh processes.")
        yield "memory", (cold_plots.memory(card), "Largest resident memory; size on disk.")
    for what in ("hidden units", "window", "batch"):
        figure = scaling(card, what)
        if figure.axes[0].lines:
            caption = f"How latency grows with {what}."
            yield f"scaling-{what.replace(' ', '-')}", (figure, caption)


def _page(card: Card, figures: dict[str, tuple[Figure, str]]) -> str:
    tables = (
        ("What the shipped networks are to reach", AIM_HEADER, aim_rows(card)),
        *peer_tables.peer_tables(card),
        (
            "Networks in their capsules, against the teacher in MXNet",
            latency_tables.NETWORK_HEADER,
            latency_tables.network_rows(card),
        ),
        (
            "Every engine on the student's weights",
            latency_tables.ENGINE_HEADER,
            latency_tables.engine_rows(card),
        ),
        (
            "One value at a time: nab-rds",
            latency_tables.STEP_HEADER,
            latency_tables.step_rows(card),
        ),
        (
            "Cold start, memory, disk",
            footprint_tables.COLD_HEADER,
            footprint_tables.cold_rows(card),
        ),
        ("Energy, whole packages", peer_tables.ENERGY_HEADER, peer_tables.energy_rows(card)),
        ("Networks", footprint_tables.SIZE_HEADER, footprint_tables.size_rows(card)),
        (
            "Parity with float64 NumPy, before timing",
            footprint_tables.PARITY_HEADER,
            footprint_tables.parity_rows(card),
        ),
        ("All latencies", latency_tables.LATENCY_HEADER, latency_tables.latency_rows(card)),
    )
    parts = [page.paragraph(_method(card))]
    parts += [
        page.paragraph(f"{name}: {why}", css="warning")
        for name, why in {**_failed(card), **card.absent}.items()
    ]
    for title, header, rows in tables:
        if rows:
            css = peer_tables.is_behind
            parts += [page.paragraph(title, "h2"), page.table(header, rows, css)]
    if card.no_energy:
        parts.append(page.paragraph(f"{card.no_energy[0].upper()}{card.no_energy[1:]}."))
    parts += [page.paragraph("Pictures", "h2")]
    parts += [page.picture(figure, caption) for figure, caption in figures.values()]
    parts += [page.paragraph(f"{name}: {why}") for name, why in card.refused.items()]
    parts.append(page.paragraph(_footer(card), "footer"))
    return page.page("stillwatch: the benchmark", parts)


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
        f"Offline {card.plan['offline']}, Bulk {card.plan.get('bulk', 'none')}, "
        "in parts of the size that was fastest in that process. "
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
