"""A card as rows of text: for the terminal, the report and README alike."""

import statistics

from stillwatch.benchmarks.bench_plan import BASELINE
from stillwatch.benchmarks.bench_statistics import Ratio, ratio
from stillwatch.benchmarks.cards import Card, Cold, SubjectEntry, Timing
from stillwatch.benchmarks.peaks import read_peak
from stillwatch.benchmarks.tables import as_text

__all__ = [
    "COLD_HEADER",
    "ENGINE_HEADER",
    "LATENCY_HEADER",
    "NETWORK_HEADER",
    "PARITY_HEADER",
    "SIZE_HEADER",
    "STEP_HEADER",
    "cold_parts",
    "cold_rows",
    "engine_rows",
    "faster",
    "latency_rows",
    "network_rows",
    "parity_rows",
    "quoted_ratios",
    "size_rows",
    "step_rows",
    "summary",
]

SAME_WEIGHTS = ("student", "onnxruntime-int8")
_WINDOWED = ("SingleStream", "MultiStream", "Offline")

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
COLD_HEADER = (
    *("engine", "Python", "imports", "load", "first window", "together, ms"),
    *("resident, MiB", "installed, MiB"),
)
PARITY_HEADER = ("network", "engine", "largest difference", "mean", "tolerance", "because", "")
SIZE_HEADER = (
    *("network", "hidden", "layers", "window", "parameters", "counted in the graph"),
    *("operations a window", "fp32 file", "int8 file", "weights"),
)


def network_rows(card: Card) -> list[tuple[str, ...]]:
    """Returns a row for each network in its capsules, as multiples of the teacher in MXNet."""
    engines = [e.name for e in card.engines if e.package in ("onnxruntime", "mxnet")]
    rows = []
    for subject in _swept(card):
        for engine in engines:
            single, multi = (card.timing(subject.name, engine, s) for s in _WINDOWED[:2])
            if single is None or multi is None:
                continue
            rows.append(
                (
                    *(subject.name, engine, f"{subject.parameters:,}"),
                    _bytes(subject.files[engine]),
                    *(_ms(timing.p50) for timing in (single, multi)),
                    *(_text(faster(card, timing)) for timing in (single, multi)),
                )
            )
    return rows


def engine_rows(card: Card, subject: str = SAME_WEIGHTS[0]) -> list[tuple[str, ...]]:
    """Returns a row for each engine on the same weights, as multiples of the int8 capsule."""
    rows = []
    for engine in card.engines:
        timings = [card.timing(subject, engine.name, scenario) for scenario in _WINDOWED]
        if timings[0] is None:
            continue
        spans = (timings[0].quantiles[q] for q in ("50", "95", "99", "100"))
        slower = (_text(_slower(card, timing)) if timing else "" for timing in timings)
        rows.append((engine.name, *map(_ms, spans), *slower))
    return rows


def latency_rows(card: Card) -> list[tuple[str, ...]]:
    """Returns a row for each timing of whole windows, with the share of the machine's peaks."""
    subjects = {subject.name: subject for subject in card.subjects}
    sizes = {engine.name: engine.weight_bytes for engine in card.engines}
    rows = []
    for timing in card.timings:
        if timing.scenario not in _WINDOWED:
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
        if timing.scenario not in _WINDOWED
    ]


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
    return [
        (
            *(s.name, str(s.units), str(s.layers), str(s.window), f"{s.parameters:,}"),
            *(f"{s.in_graph:,}", f"{s.operations:,}"),
            *(_bytes(s.files[e]) if e in s.files else "" for e in ("onnxruntime", SAME_WEIGHTS[1])),
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


def quoted_ratios(card: Card) -> dict[str, Ratio]:
    """Returns every ratio that the tables quote, by what it is of."""
    found = {}
    for timing in card.timings:
        for what, quoted in (("faster", faster(card, timing)), ("slower", _slower(card, timing))):
            if quoted is not None:
                found[f"{' / '.join(timing.key)}: {what}"] = quoted
    return found


def summary(card: Card) -> list[str]:
    """Returns what a run prints."""
    parts = []
    if rows := network_rows(card):
        parts += [as_text(NETWORK_HEADER, rows), ""]
    if rows := engine_rows(card):
        parts += ["every engine on the student:", as_text(ENGINE_HEADER, rows), ""]
    if not parts:
        parts += [as_text(LATENCY_HEADER, latency_rows(card)), ""]
    if rows := step_rows(card):
        parts += ["nab-rds, one value at a time:", as_text(STEP_HEADER, rows), ""]
    parts += ["cold start, fresh processes:", as_text(COLD_HEADER, cold_rows(card))]
    parts += [f"{name} is absent: {why}" for name, why in card.absent.items()]
    parts += [f"{p.engine} on {p.subject} is NOT TIMED: {p}" for p in card.parity if not p.passed]
    return parts


def faster(card: Card, timing: Timing) -> Ratio | None:
    """Returns how many times faster than the teacher in MXNet, None where that was not timed."""
    if timing.baseline:
        return ratio(timing.baseline, timing.rounds)
    base = card.timing(*BASELINE, timing.scenario)
    if base is None or timing.scenario not in _WINDOWED:
        return None
    return ratio(base.rounds, timing.rounds, paired=base.subject == timing.subject)


def _slower(card: Card, timing: Timing) -> Ratio | None:
    base = card.timing(timing.subject, SAME_WEIGHTS[1], timing.scenario)
    return ratio(timing.rounds, base.rounds) if base and base is not timing else None


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


def _bytes(size: int) -> str:
    return f"{size / 1e3:,.3g} KB" if size < 1e6 else f"{size / 1e6:.3g} MB"
