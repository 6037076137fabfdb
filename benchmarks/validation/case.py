"""What a cross-check compares on, and what float64 NumPy answers there."""

from dataclasses import dataclass
from pathlib import Path

from stillwatch.export.verify.scorers import Judgement, as_graphs_scale, judgement
from stillwatch.runtime.arrays import Bool, Float64
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.files import write_bytes
from stillwatch.runtime.scoring.scaling import Moments

__all__ = ["Case", "Prepared", "prepare"]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A checkpoint, its capsule with thresholds, and the series (T, C) to compare on.

    projected: the capsule with the decoder's other form, where the family has one.
    """

    name: str
    folder: Path
    content: bytes
    projected: bytes | None = None
    series: str
    values: Float64

    @property
    def forms(self) -> dict[str, bytes]:
        """The capsule's forms by what a framework's name is to say of them."""
        return {"": self.content} | ({", projected": self.projected} if self.projected else {})


@dataclass(frozen=True)
class Prepared:
    """A case with its series as the graphs see it, and float64's answer."""

    case: Case
    model: Path
    detector: Detector
    values: Float64
    moments: Moments
    scaled: Float64
    judge: Judgement
    decoded: Float64
    score: Float64
    alarm: Bool


def prepare(case: Case, scratch: Path) -> Prepared:
    """Returns the case ready to be compared on; raises InputError where it fills no window.

    Its capsule is written to `scratch`. Rows at the end that fill no window are left out.
    """
    model = scratch / "model.onnx"
    write_bytes(model, case.content)
    detector = Detector.load(model)
    window = detector.info.window
    values = case.values[: len(case.values) // window * window]
    if not len(values):
        raise InputError(f"expected at least {window} rows in {case.series}, a window")
    moments, scaled = as_graphs_scale(values, detector.info)
    judge = judgement(model, case.folder, detector.info)
    decoded = judge.reconstruct(scaled)
    score = judge.score(scaled, decoded)
    return Prepared(
        case, model, detector, values, moments, scaled, judge, decoded, score, judge.decide(score)
    )
