"""The pictures of a scored series, whole or a part: values, score, and who contributed."""

import html
from collections.abc import Mapping, Sequence

import numpy as np

from stillwatch.runtime.report.panel import Line, Panel, row_axis
from stillwatch.runtime.report.scored import ScoredSeries
from stillwatch.runtime.report.strip import strip

__all__ = ["legend", "legend_of", "overview"]

_STRIPS = 40
_SURPRISE = "surprise in nats: 7 is once in about a thousand rows"
_KEYS = {
    "value": "value",
    "model": "what the network makes of it",
    "score": "score",
    "limit": "threshold",
    "shade": "event",
}


def legend(scored: ScoredSeries) -> str:
    """Returns what the lines mean."""
    shown = {k: text for k, text in _KEYS.items() if k != "limit" or scored.limit is not None}
    return legend_of(shown)


def legend_of(kinds: Mapping[str, str]) -> str:
    """Returns what lines of these kinds mean, in words of each."""
    return '<div class="legend">' + "".join(_key(*kind) for kind in kinds.items()) + "</div>"


def overview(
    scored: ScoredSeries, begin: int, end: int, channels: Sequence[int], *, strips: bool
) -> str:
    """Returns the panels of rows `begin` to `end` (the first after): channels, score, strips.

    channels: which of them have a panel each, by place. strips: one for every channel besides.
    """
    part = slice(begin, end)
    rows = end - begin
    spans = [
        (max(event.start - begin, 0), min(event.end - begin, rows - 1))
        for event in scored.events
        if event.start < end and event.end >= begin
    ]
    labels = scored.labels[part] if scored.labels else None
    axis = row_axis(rows, labels, begin)
    panels = [
        Panel(
            title=scored.channels[c],
            lines=[
                Line(scored.values[part, c], "value"),
                Line(scored.reconstruction[part, c], "model"),
            ],
            rows=rows,
            spans=spans,
        ).html()
        for c in channels
    ]
    judged = scored.result.surprise is not None
    score = [Line(scored.result.score[part], "score")]
    if scored.limit is not None:
        score.append(Line(scored.limit, "limit"))
    title = "score" + (f", an alarm {scored.rule}" if scored.rule and not judged else "")
    panels.append(Panel(title=title, lines=score, rows=rows, spans=spans, log=True).html())
    if scored.result.surprise is not None:
        surprise = Line(scored.result.surprise[part], "score")
        title = f"{_SURPRISE}; an alarm {scored.rule}"
        panels.append(Panel(title=title, lines=[surprise], rows=rows, spans=spans).html())
    if strips:
        panels.append(_strips(scored, part))
    return "<figure>" + "".join(panels) + axis + "</figure>"


def _strips(scored: ScoredSeries, part: slice) -> str:
    parts = scored.parts[part]
    order = np.argsort(-parts.max(axis=0, initial=0), kind="stable")[:_STRIPS]
    order = np.sort(order)
    left = len(scored.channels) - len(order)
    title = "contribution of each channel" + (f", {left} smaller ones left out" if left else "")
    return strip(parts[:, order], [scored.channels[c] for c in order], title)


def _key(kind: str, text: str) -> str:
    shape = (
        '<rect class="shade" x="2" y="0" width="36" height="14"/>'
        if kind == "shade"
        else f'<path class="line {kind}" d="M0 7H40"/>'
    )
    return (
        f'<span><svg viewBox="0 0 40 14" aria-hidden="true">{shape}</svg>{html.escape(text)}</span>'
    )
