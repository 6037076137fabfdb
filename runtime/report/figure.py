"""A scored series as one picture: shown by a notebook, written as a page."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.runtime.alarms.events import EventPolicy, find_events
from stillwatch.runtime.files import write_text
from stillwatch.runtime.report.page import framed
from stillwatch.runtime.report.score_page import PANELS, score_figure, score_page
from stillwatch.runtime.report.scored import ScoredSeries

if TYPE_CHECKING:
    from stillwatch.runtime.result import Origin, Result

__all__ = ["SeriesFigure"]


@dataclass(frozen=True)
class SeriesFigure:
    """The picture of a scored series; `scored` is what it shows."""

    scored: ScoredSeries

    @classmethod
    def of(
        cls, result: "Result", origin: "Origin", *, minimum: int, cooldown: int
    ) -> "SeriesFigure":
        """Returns the picture of a result."""
        policy = EventPolicy(minimum=minimum, cooldown=cooldown)
        labels = None if origin.index is None else [str(label) for label in origin.index]
        return cls(
            ScoredSeries(
                name="series",
                model=origin.model,
                channels=origin.channels,
                values=np.asarray(origin.values, np.float64).reshape(len(result.score), -1),
                result=result,
                events=tuple(find_events(result, origin.channels, policy)),
                labels=labels,
                limit=origin.limit,
                rule=origin.rule,
            )
        )

    def save(self, path: str | Path) -> None:
        """Writes the whole report, with a section an event, as one page; raises InputError."""
        write_text(path, score_page(self.scored))

    def _repr_html_(self) -> str:
        """Returns what a notebook shows, in a frame whose style touches nothing around it."""
        return framed(score_figure(self.scored), rows=min(len(self.scored.channels), PANELS) + 2)
