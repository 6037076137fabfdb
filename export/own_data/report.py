"""The report of a sensor training: how it learned, what it scores, and what cleaning did."""

from dataclasses import asdict

import numpy as np

from stillwatch.export.own_data import plots
from stillwatch.export.own_data.chain import Chain
from stillwatch.runtime.report import page
from stillwatch.runtime.report.machine import provenance, provenance_line
from stillwatch.train.data.tables.recording import Recording

__all__ = ["sensor_page"]

_WORST_SHOWN = 10


def sensor_page(chain: Chain, recording: Recording) -> str:
    """Returns the report as one HTML page."""
    checkpoint, info = chain.checkpoint, chain.detector.info
    curve = checkpoint.curve["validation"]
    parts = [
        page.paragraph(
            f"LSTM autoencoder with {checkpoint.parameters:,} parameters on {recording.name}: "
            f"{recording.rows} rows of {len(recording.channels)} channels. The first "
            f"{recording.rows - len(chain.normal)} rows trained it and, their last part, stopped "
            f"it; the last {len(chain.normal)} gave scaler, distance and threshold. None of them "
            "was checked for anomalies: what is in them counts as normal."
        ),
        *(page.paragraph(remark) for remark in (*recording.remarks, *chain.calibrated.remarks)),
        page.paragraph("Training", "h2"),
        page.picture(
            plots.stopping_point(checkpoint.curve),
            f"{len(curve)} epochs; the weights of epoch {int(np.argmin(curve)) + 1} were kept.",
        ),
        page.table(("option", ""), [(k, str(v)) for k, v in asdict(checkpoint.config).items()]),
        page.paragraph("Threshold", "h2"),
        page.picture(
            plots.error_distribution(chain.result.score, info.threshold.value),
            f"{info.threshold.rule}; {int(chain.result.alarm.sum())} alarms in these rows.",
        ),
        page.paragraph("Channels by mean error, scaled units", "h2"),
        page.table(("channel", "mean error"), _by_error(chain)),
        page.paragraph("Agreement of frameworks", "h2"),
        page.table(
            ("against onnxruntime", "largest difference", "alarms flipped"),
            [(a.framework, f"{a.largest:.2g}", str(a.flips)) for a in chain.agreements]
            + [(name, why, "") for name, why in chain.absent.items()],
        ),
        page.paragraph(provenance_line(provenance()), "footer"),
    ]
    return page.page(f"stillwatch: {recording.name}", parts)


def _by_error(chain: Chain) -> list[tuple[str, str]]:
    error = chain.result.error.mean(axis=0)
    order = np.argsort(-error)[:_WORST_SHOWN]
    names = chain.detector.info.channel_names
    return [(names[channel], f"{error[channel]:.3g}") for channel in order]
