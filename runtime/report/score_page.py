"""The page of a scored series: the verdict first, then pictures, then one section an event."""

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from stillwatch.runtime.report import page
from stillwatch.runtime.report.machine import provenance, provenance_line
from stillwatch.runtime.report.overview import legend, overview
from stillwatch.runtime.report.scored import ScoredSeries
from stillwatch.runtime.report.ticks import as_figure

if TYPE_CHECKING:
    from stillwatch.runtime.alarms.events import Event

__all__ = ["PANELS", "score_figure", "score_page"]

_WORST = 3
PANELS = 6  # channels with a panel of their own over the whole series
_EVENT_PANELS = 3
_SECTIONS = 20  # events with a picture
_LISTED = 200  # events in the table
_AROUND = 60  # rows shown before and after an event, at least


def score_page(scored: ScoredSeries) -> str:
    """Returns the page as HTML; nothing in it is fetched from elsewhere."""
    events = f"{len(scored.events)} event{'s' * (len(scored.events) != 1)}"
    parts = [
        _verdict(scored),
        *(page.paragraph(remark) for remark in scored.remarks),
        page.section("series", [page.paragraph("The series", "h2"), score_figure(scored)]),
        *_event_sections(scored),
        page.paragraph(f"Scored with {scored.model}.", "p", "muted"),
        page.paragraph(provenance_line(provenance()), "footer"),
    ]
    return page.page(f"{scored.name}: {events}", parts)


def score_figure(scored: ScoredSeries) -> str:
    """Returns the pictures of the whole series, the channels that contributed most first."""
    shown = _by_part(scored, 0, scored.rows)[:PANELS]
    left = len(scored.channels) - len(shown)
    several = len(scored.channels) > 1
    said = [legend(scored), overview(scored, 0, scored.rows, shown, strips=several)]
    if left:
        said.append(
            page.paragraph(
                f"The {len(shown)} channels that contributed most, of {len(scored.channels)}.",
                "p",
                "muted",
            )
        )
    return "\n".join(said)


def _verdict(scored: ScoredSeries) -> str:
    rows = f"{scored.rows:,} rows"
    if not scored.events:
        return page.paragraph(f"Nothing found in {rows}.", "p", "verdict")
    alarms = int(scored.result.alarm.sum())
    count = len(scored.events)
    said = (
        f"{count} event{'s' * (count != 1)} in {rows} ({alarms:,} alarms, "
        f"{100 * alarms / scored.rows:.2g} % of the rows)."
    )
    worst = "".join(
        f'<li><a href="#event-{number}">{html.escape(_said(scored, event))}</a></li>'
        for number, event in scored.worst[:_WORST]
    )
    head = "The worst:" if count > 1 else "It is:"
    return f'<div class="verdict found"><p>{html.escape(said)} {head}</p><ol>{worst}</ol></div>'


def _event_sections(scored: ScoredSeries) -> list[str]:
    if not scored.events:
        return []
    parts = [page.paragraph("Events", "h2"), _table(scored)]
    if len(scored.events) > _LISTED:
        parts.append(
            page.paragraph(f"The first {_LISTED} of {len(scored.events)}; the CSV has all alarms.")
        )
    pictured = sorted(scored.worst[:_SECTIONS], key=lambda pair: pair[0])
    if len(scored.events) > len(pictured):
        parts.append(page.paragraph(f"Below, the {len(pictured)} that went highest."))
    parts += [_section(scored, number, event) for number, event in pictured]
    return [page.section("events", parts)]


def _table(scored: ScoredSeries) -> str:
    several = len(scored.channels) > 1
    header = [
        "",
        "from",
        "to",
        "alarms",
        f"highest {scored.measure}",
        *(["most by"] if several else []),
    ]
    rows = [
        [
            f"event {number}",
            scored.called(event.start),
            scored.called(event.end),
            f"{event.alarms:,}",
            as_figure(scored.height(event)),
            *([_blamed(event)] if several else []),
        ]
        for number, event in list(enumerate(scored.events, 1))[:_LISTED]
    ]
    return page.table(header, rows)


def _section(scored: ScoredSeries, number: int, event: "Event") -> str:
    around = max(_AROUND, (event.end - event.start) // 2)
    begin, end = max(event.start - around, 0), min(event.end + around + 1, scored.rows)
    shown = _by_part(scored, event.start, event.end + 1)[:_EVENT_PANELS]
    several = len(scored.channels) > 1
    parts = [
        page.paragraph(f"Event {number}: {_said(scored, event)}", "h3"),
        overview(scored, begin, end, shown, strips=several),
    ]
    return page.section(f"event-{number}", parts, "event")


def _said(scored: ScoredSeries, event: "Event") -> str:
    """Returns an event in a line: when, how long, how high, and by whom."""
    length = event.end - event.start + 1
    span = scored.called(event.start)
    if length > 1:
        span += f" to {scored.called(event.end)}, {length:,} rows"
    blamed = f", most by {_blamed(event)}" if len(scored.channels) > 1 else ""
    return f"{span}: {scored.measure} {as_figure(scored.height(event))}{blamed}"


def _blamed(event: "Event") -> str:
    return ", ".join(f"{name} {share:.0%}" for name, share in event.channels if share >= 0.005)


def _by_part(scored: ScoredSeries, begin: int, end: int) -> Sequence[int]:
    """Returns the channels' places, those that contributed most to alarms in these rows first."""
    parts = scored.parts[begin:end]
    alarms = scored.result.alarm[begin:end]
    weight = parts[alarms] if alarms.any() else parts
    return [int(c) for c in np.argsort(-weight.sum(axis=0), kind="stable")]
