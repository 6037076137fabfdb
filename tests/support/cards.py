"""A latency card made by hand, with no machine behind it."""

from stillwatch.benchmarks.latency.cards.card import (
    CARD_SCHEMA,
    Card,
    Cold,
    EngineEntry,
    Machine,
    Parity,
    Peaks,
    SubjectEntry,
    Sweep,
    Timing,
)

QUANTILES = ("0", "1", "5", "10", "25", "50", "75", "90", "95", "99", "99.9", "100")
SCENARIOS = {"SingleStream": 1, "MultiStream": 38, "Offline": 60}
SPANS = {
    ("teacher", "mxnet"): 8000.0,
    ("teacher", "onnxruntime"): 4000.0,
    ("student", "mxnet"): 4000.0,
    ("student", "onnxruntime"): 1200.0,
    ("student", "onnxruntime-int8"): 400.0,
    ("micro 64", "onnxruntime"): 150.0,
    ("micro 32", "onnxruntime"): 80.0,
    ("micro 16", "onnxruntime"): 60.0,
}


def make_timing(subject: str, engine: str, scenario: str, us: float, windows: int = 1) -> Timing:
    rounds = [[us * (1 + 0.01 * ((p + r) % 3)) for r in range(6)] for p in range(3)]
    return Timing(
        subject=subject,
        engine=engine,
        scenario=scenario,
        windows=windows,
        chunks=[windows] * 3,
        calls=180,
        quantiles={q: us * (1 + i / 100) for i, q in enumerate(QUANTILES, start=-5)},
        rounds=rounds,
        baseline=[],
    )


def make_card(spans: dict[tuple[str, str], float] = SPANS, **changes: object) -> Card:
    """A card whose spans at N=1 are these; a query of N windows takes N times as long."""
    engines = sorted({engine for _, engine in spans})
    subjects = dict.fromkeys(subject for subject, _ in spans)
    fields = {
        "schema": CARD_SCHEMA,
        "command": "stillwatch bench --made-up",
        "date": "2026-01-02",
        "machine": Machine(
            cpu="made up", flags=["avx2"], cores=2, memory_gib=8.0, system="none",
            governor="performance", load=0.1,
        ),
        "versions": {"python": "3.11.0"},
        "threads": 1,
        "environment": {"OMP_NUM_THREADS": "1"},
        "plan": {"processes": 3, "offline": 60},
        "peaks": Peaks(gemm_gflops=100.0, read_gb_s={"1048576": 100.0, "268435456": 20.0}),
        "subjects": [_subject(name, engines) for name in subjects],
        "engines": [
            EngineEntry(
                name=name, package=name.removesuffix("-int8"), version="1.0", tolerance=1e-5,
                why="made up", weight_bytes=4, installed_mib=50.0,
            )
            for name in engines
        ],
        "absent": {},
        "refused": {},
        "parity": [
            Parity(subject=s, engine=e, largest=1e-7, mean=1e-8, tolerance=1e-5) for s, e in spans
        ],
        "timings": [
            make_timing(s, e, scenario, us * windows, windows)
            for (s, e), us in spans.items()
            for scenario, windows in SCENARIOS.items()
        ],
        "cold": [
            Cold(
                subject="student", engine=name, start_ms=[20.0, 21.0], imports_ms=[50.0, 51.0],
                load_ms=[5.0, 6.0], first_ms=[1.0, 2.0], resident_mib=[60.0, 61.0],
            )
            for name in engines
        ],
        "sweep": [
            Sweep(subject=s, engine=e, windows=[1, 6, 38], us=[[us, 5 * us, 30 * us]] * 3)
            for (s, e), us in spans.items()
        ],
    }  # fmt: skip
    fields |= {"energy": [], "no_energy": "energy is not measured: no counters"}
    return Card(**{**fields, **changes})


def _subject(name: str, engines: list[str]) -> SubjectEntry:
    units = int(name.split()[1]) if name.startswith("micro") else 200
    parameters = 4 * units * (2 + units) + 4 * units * (1 + 2 * units) + units + 1
    return SubjectEntry(
        name=name, source="made up", sha256="0" * 64, family="repeat-vector", units=units,
        layers=2 if name == "teacher" else 1, window=100, channels=1, parameters=parameters,
        in_graph=parameters, operations=200 * parameters, weights_read=100 * parameters,
        files=dict.fromkeys(engines, 4 * parameters),
    )  # fmt: skip
