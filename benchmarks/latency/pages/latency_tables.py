"""A card's speeds as rows of text: for the terminal, the report and README alike."""

from stillwatch.benchmarks.latency.cards.aims import AIM_HEADER, aim_rows
from stillwatch.benchmarks.latency.cards.card import Card, SubjectEntry, Timing
from stillwatch.benchmarks.latency.cards.peers import ALONE, CONTROL, compared_networks
from stillwatch.benchmarks.latency.cards.ratios import SAME_WEIGHTS, WINDOWED, faster, slower
from stillwatch.benchmarks.latency.pages.footprint_tables import COLD_HEADER, cold_rows, file_size
from stillwatch.benchmarks.latency.pages.peer_tables import (
    ENERGY_HEADER,
    energy_rows,
    peer_tables,
)
from stillwatch.benchmarks.latency.peak_throughput import read_peak
from stillwatch.benchmarks.latency.statistics import Ratio
from stillwatch.runtime.report.tables import as_text

__all__ = [
    "ENGINE_HEADER",
    "LATENCY_HEADER",
    "NETWORK_HEADER",
    "STEP_HEADER",
    "engine_rows",
    "latency_rows",
    "network_rows",
    "step_rows",
    "summary",
]

NETWORK_HEADER = (
    *("network", "engine", "parameters", "file", "N=1, ms", "N=38, ms"),
    *("N=1: faster than the teacher in MXNet", "N=38: faster"),
)
ENGINE_HEADER = (
    *("engine", "N=1 p50, ms", "p95", "p99", "max"),
    *("N=1: slower than int8", "N=38: slower", "Offline: slower"),
)
LATENCY_HEADER = (
    *("network", "engine", "scenario", "windows", "chunk", "p50, ms", "p95", "p99", "max"),
    *("calls", "us a window", "Gop/s", "of GEMM peak", "of read peak"),
)
STEP_HEADER = ("engine", "scenario", "streams", "p50, us", "p95", "p99", "max", "ns a stream")


def network_rows(card: Card) -> list[tuple[str, ...]]:
    """Returns a row for each network in its capsules, as multiples of the teacher in MXNet."""
    ours = [e.name for e in card.engines if e.package in ("onnxruntime", "mxnet")]
    engines = [name for name in ours if name not in (CONTROL, *ALONE)]  # these are no capsules
    rows = []
    for subject in _swept(card):
        for engine in engines:
            single, multi = (card.timing(subject.name, engine, s) for s in WINDOWED[:2])
            if single is None or multi is None:
                continue
            rows.append(
                (
                    *(subject.name, engine, f"{subject.parameters:,}"),
                    file_size(subject.files[engine]),
                    *(_ms(timing.p50) for timing in (single, multi)),
                    *(_text(faster(card, timing)) for timing in (single, multi)),
                )
            )
    return rows


def engine_rows(card: Card, subject: str = SAME_WEIGHTS[0]) -> list[tuple[str, ...]]:
    """Returns a row for each engine on the same weights, as multiples of the int8 capsule."""
    rows = []
    for engine in card.engines:
        timings = [card.timing(subject, engine.name, scenario) for scenario in WINDOWED[:3]]
        if timings[0] is None:
            continue
        spans = (timings[0].quantiles[q] for q in ("50", "95", "99", "100"))
        ratios = (_text(slower(card, timing)) if timing else "" for timing in timings)
        rows.append((engine.name, *map(_ms, spans), *ratios))
    return rows


def latency_rows(card: Card) -> list[tuple[str, ...]]:
    """Returns a row for each timing of whole windows, with the share of the machine's peaks."""
    subjects = {subject.name: subject for subject in card.subjects}
    sizes = {engine.name: engine.weight_bytes for engine in card.engines}
    rows = []
    for timing in card.timings:
        if timing.scenario not in WINDOWED:
            continue
        subject = subjects[timing.subject]
        rate = subject.operations * timing.windows / timing.p50 / 1e3  # Gop/s
        spans = (timing.quantiles[q] for q in ("50", "95", "99", "100"))
        rows.append(
            (
                *(timing.subject, timing.engine, timing.scenario),
                *(str(timing.windows), _range(timing.chunks)),
                *(*map(_ms, spans), f"{timing.calls:,}"),
                *(f"{timing.p50 / timing.windows:.4g}", f"{rate:.3g}"),
                f"{rate / card.peaks.gemm_gflops:.1%}",
                _read_share(card, subject, timing, sizes[timing.engine]),
            )
        )
    return rows


def step_rows(card: Card) -> list[tuple[str, ...]]:
    """Returns a row for each timing of a causal network's step."""
    return [
        (
            *(timing.engine, timing.scenario, f"{timing.windows:,}"),
            *(f"{timing.quantiles[q]:,.4g}" for q in ("50", "95", "99", "100")),
            f"{1e3 * timing.p50 / timing.windows:,.4g}",
        )
        for timing in card.timings
        if timing.scenario in ("StreamingStep", "FleetStep")
    ]


def summary(card: Card) -> list[str]:
    """Returns what a run prints."""
    parts = []
    if compared_networks(card):
        parts += [as_text(AIM_HEADER, aim_rows(card)), ""]
        for title, header, rows in peer_tables(card):
            parts += [f"{title}:", as_text(header, rows), ""]
    if rows := network_rows(card):
        parts += [as_text(NETWORK_HEADER, rows), ""]
    if rows := engine_rows(card):
        parts += ["every engine on the student:", as_text(ENGINE_HEADER, rows), ""]
    if not parts:
        parts += [as_text(LATENCY_HEADER, latency_rows(card)), ""]
    if rows := step_rows(card):
        parts += ["nab-rds, one value at a time:", as_text(STEP_HEADER, rows), ""]
    parts += ["cold start, fresh processes:", as_text(COLD_HEADER, cold_rows(card))]
    if card.energy:
        parts += ["", "energy, whole packages:", as_text(ENERGY_HEADER, energy_rows(card))]
    elif card.no_energy:
        parts += [card.no_energy]
    parts += [f"{name} is absent: {why}" for name, why in card.absent.items()]
    parts += [f"{p.engine} on {p.subject} is NOT TIMED: {p}" for p in card.parity if not p.passed]
    return parts


def _swept(card: Card) -> list[SubjectEntry]:
    """Returns the networks that were measured in every scenario, without those for scaling."""
    wanted = {timing.subject for timing in card.timings if timing.scenario == "MultiStream"}
    return [s for s in card.subjects if s.name in wanted and s.family == "repeat-vector"]


def _read_share(card: Card, subject: SubjectEntry, timing: Timing, weight_bytes: int) -> str:
    """Returns the rate at which one window alone fetches weights, of the fastest reading there."""
    if timing.scenario != "SingleStream":
        return ""
    rate = subject.weights_read * weight_bytes / timing.p50 / 1e3  # GB/s
    return f"{rate / read_peak(card.peaks, subject.parameters * weight_bytes):.1%}"


def _text(quoted: Ratio | None) -> str:
    return "" if quoted is None else str(quoted)


def _range(chunks: list[int]) -> str:
    least, most = min(chunks), max(chunks)
    return str(least) if least == most else f"{least} to {most}"


def _ms(us: float) -> str:
    return f"{us / 1e3:.3g}" if us < 1e5 else f"{us / 1e3:.0f}"
