"""A capsule in a line, and as a table for a notebook."""

from stillwatch.runtime.capsule.info import CapsuleInfo

__all__ = ["as_html", "in_a_line"]

_SHOWN = 4  # channels that are named


def in_a_line(info: CapsuleInfo) -> str:
    """Returns what a capsule is: its family, channels, size, and whether it is calibrated."""
    names = info.channel_names
    listed = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
    return (
        f"{info.family}: {len(names)} channel{'s' * (len(names) > 1)} ({listed}), "
        f"{info.parameters:,} parameters, {'' if info.calibrated else 'not '}calibrated"
    )


def as_html(info: CapsuleInfo) -> str:
    """Returns the same and a little more as an HTML table."""
    import html  # here, since only a notebook asks

    channels = ", ".join(c.name + (f" [{c.unit}]" if c.unit else "") for c in info.channels)
    rows = {
        "family": info.family,
        "channels": channels,
        "window": f"{info.window} rows",
        "parameters": f"{info.parameters:,}",
        "scaling": str(info.scaling),
        "score": info.score,
        "threshold": f"{info.threshold.value:.6g}" if info.calibrated else "not calibrated",
        "trained on": f"{info.data.name}, {info.data.rows:,} rows",
    }
    lines = (
        f'<tr><th style="text-align:left">{html.escape(name)}</th>'
        f'<td style="text-align:left">{html.escape(value)}</td></tr>'
        for name, value in rows.items()
    )
    return f"<table>{''.join(lines)}</table>"
