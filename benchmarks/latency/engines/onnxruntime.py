"""onnxruntime on the capsule in single precision, as `stillwatch score` runs it."""

from pathlib import Path

from stillwatch.benchmarks.latency.engines.base import Engine, Run, Step, write_capsule
from stillwatch.runtime.arrays import AnyArray, Float32

__all__ = ["ENGINE", "TOLERANCE", "WHY", "load", "load_step", "start"]

# Its tanh is off by a constant -9.5e-8 of small values: a bias, which does not average out over
# steps. Trained networks over 2 x 100 steps came to 1.3e-5 on a whole real test series, with no
# alarm flipped; the other engines in single precision stay within 5e-6.
TOLERANCE = 2e-5
WHY = "single precision, and its tanh has a relative error of -9.5e-8 near zero that adds up"


def start() -> None:
    """Imports onnxruntime, with the runtime that every user of it imports."""
    import stillwatch.runtime.capsule.opening  # noqa: F401


def load(path: Path, threads: int) -> Run:
    """Returns the capsule's network; the whole capsule is computed, score and alarm too."""
    from stillwatch.runtime.capsule import opening

    content = opening.read_bytes(path)
    session, _ = opening.open_session(content, path.name, threads=threads)
    return lambda windows: session.run(["reconstruction"], {"values": windows})[0]


def load_step(path: Path, streams: int, threads: int) -> Step:
    """Returns `Stream.update` for one stream, `Fleet.update` for many."""
    from stillwatch.runtime.detector import Detector

    detector = Detector.load(path, threads=threads)
    if streams == 1:
        stream = detector.stream(mean=0.0, scale=1.0)

        def update(values: Float32) -> AnyArray:
            verdict = stream.update(float(values[0]))
            assert verdict is not None  # noqa: S101  (mean and scale are given: no warm-up)
            return verdict.reconstruction

        return update
    fleet = detector.fleet(streams, mean=0.0, scale=1.0)
    return lambda values: fleet.update(values).reconstruction.reshape(-1)


ENGINE = Engine(
    name="onnxruntime",
    package="onnxruntime",
    tolerance=TOLERANCE,
    why=WHY,
    start=start,
    prepare=write_capsule,
    load=load,
    load_step=load_step,
)
