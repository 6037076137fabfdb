"""The page of a calibration: the normal rows as the new capsule sees them, and what was said."""

from collections.abc import Sequence
from pathlib import Path

from stillwatch.runtime.alarms.events import EventPolicy, find_events
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.report.score_page import score_page
from stillwatch.runtime.report.scored import ScoredSeries
from stillwatch.runtime.tables.table import Table

__all__ = ["calibration_page"]


def calibration_page(content: bytes, name: str, table: Table, remarks: Sequence[str]) -> str:
    """Returns the page as HTML.

    The normal rows are scored by the capsule `content` under its trained
    threshold, so that an event is what stands out of them: an incident in the
    "normal" file is seen here.
    """
    detector = Detector.from_bytes(content, name)
    info = detector.info
    result = detector.score(table.values, threshold="trained")
    return score_page(
        ScoredSeries(
            name=Path(table.name).name,
            model=f"{name}, which these rows calibrated: {info.parameters:,} parameters",
            channels=info.channel_names,
            values=table.values,
            result=result,
            labels=table.time_cells(),
            events=tuple(find_events(result, info.channel_names, EventPolicy())),
            limit=info.threshold.value,
            rule=info.threshold.rule,
            remarks=tuple(remarks),
        )
    )
