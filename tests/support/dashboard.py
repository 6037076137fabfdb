"""The dashboard for Grafana, made by its own SDK.

    PYTHONPATH=tests python -m support.dashboard runtime/deploy/grafana-dashboard.json

writes it anew.
"""

import json
import sys
from pathlib import Path

from grafana_foundation_sdk.builders import dashboard, prometheus, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import DataSourceRef

__all__ = ["PANELS", "as_json"]

SOURCE = DataSourceRef(type_val="prometheus", uid="${source}")
QUANTILE = "histogram_quantile(0.99, sum by (le, {}) (rate(stillwatch_{}_bucket[5m])))"
# title, unit, query, what a line is called
PANELS = (
    ("Rows a second", "short", "sum by (model) (rate(stillwatch_rows_total[5m]))", "{{model}}"),
    ("Requests, p99", "s", QUANTILE.format("route", "request_seconds"), "{{route}}"),
    ("Stages of a batch, p99", "s", QUANTILE.format("stage", "stage_seconds"), "{{stage}}"),
    ("Errors a second", "short",
     "sum by (status) (rate(stillwatch_errors_total[5m]))", "{{status}}"),
    ("Requests that wait", "short", "stillwatch_queue_requests", "waiting"),
    ("Events an hour", "short", "sum by (model, kind) (increase(stillwatch_events_total[1h]))",
     "{{model}} {{kind}}"),
    ("Alarms, share of rows", "percentunit",
     "sum by (model) (rate(stillwatch_alarms_total[5m])) "
     "/ (sum by (model) (rate(stillwatch_rows_total[5m])) > 0)", "{{model}}"),
    ("Events that go on", "short", "stillwatch_stream_event_open > 0 or "
     "sum by (model) (stillwatch_stream_event_open)", "{{stream}} {{model}}"),
    ("Budget left, events", "short", "bottomk(10, stillwatch_stream_budget_left_events)",
     "{{stream}}"),
    ("Budget spent, events", "short", "topk(10, stillwatch_stream_budget_spent_events)",
     "{{stream}}"),
    ("Score against calibration, index", "short", "topk(10, stillwatch_stream_score_drift_psi)",
     "{{stream}}"),
    ("Channels against their first rows, index", "short",
     "topk(10, stillwatch_stream_channel_drift_psi)", "{{stream}}"),
    ("Streams without data", "short", "sum by (model) (stillwatch_stream_no_data)", "{{model}}"),
    ("Frozen channels", "short", "topk(10, stillwatch_stream_frozen_channels)", "{{stream}}"),
    ("Models", "short", "stillwatch_model", "{{model}} {{version}} {{digest}}"),
)  # fmt: skip
WIDTH, HEIGHT = 12, 8  # of 24 columns


def as_json() -> str:
    """Returns the dashboard as Grafana imports it."""
    made = (
        dashboard.Dashboard("stillwatch")
        .uid("stillwatch")
        .tags(["stillwatch"])
        .refresh("30s")
        .time("now-6h", "now")
        .with_variable(dashboard.DatasourceVariable("source").label("Source").type("prometheus"))
    )
    for title, unit, query, legend in PANELS:
        panel = timeseries.Panel().title(title).unit(unit).span(WIDTH).height(HEIGHT)
        asked = prometheus.Dataquery().expr(query).legend_format(legend).ref_id("A")
        made.with_panel(panel.datasource(SOURCE).with_target(asked))
    return json.dumps(json.loads(JSONEncoder(sort_keys=True).encode(made.build())), indent=1) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(as_json())
