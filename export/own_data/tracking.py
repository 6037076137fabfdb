"""Keeps a training run in an MLflow store: options, losses, threshold, pictures, and the capsule.

A run is logged when it has ended, all at once: a killed one leaves nothing
half told, and goes on as if there were no store.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib import metadata

import mlflow
import numpy as np
import onnx
import sqlalchemy

from stillwatch.export.own_data import plots
from stillwatch.export.own_data.chain import Chain
from stillwatch.runtime.capsule.reading import threshold_figures
from stillwatch.runtime.errors import InputError

__all__ = ["EXPERIMENT", "MODEL_NAME", "log_run", "open_store"]

EXPERIMENT = "stillwatch"
MODEL_NAME = "capsule"

# A store that does not answer is said soon: MLflow itself would try for minutes, or an hour.
_SOON = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}
_QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true"}
_BINS = 50


def open_store(uri: str) -> None:
    """Makes the store at `uri` MLflow's own; raises InputError where it cannot be reached."""
    for name, value in (_SOON | _QUIET).items():
        os.environ.setdefault(name, value)
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.ERROR)
    with _answering(uri):
        if "://" in uri and not uri.startswith(("http:", "https:", "file:")):
            engine = sqlalchemy.create_engine(uri)
            engine.connect().close()
            engine.dispose()
        mlflow.set_tracking_uri(uri)
        mlflow.set_experiment(EXPERIMENT)


def log_run(chain: Chain, uri: str) -> str:
    """Returns the id of the run that now holds all there is to say of a training."""
    checkpoint, info = chain.checkpoint, chain.detector.info
    with _answering(uri), mlflow.start_run(run_name=str(checkpoint.data["name"])) as run:
        mlflow.log_params({"family": checkpoint.family, **asdict(checkpoint.config)})
        mlflow.set_tags({"sha256": checkpoint.data["sha256"], "stillwatch": info.producer})
        for name, losses in checkpoint.curve.items():
            for epoch, loss in enumerate(losses, 1):
                mlflow.log_metric(f"loss_{name}", loss, step=epoch)
        mlflow.log_metrics(
            {
                "best_validation_loss": min(checkpoint.curve["validation"]),
                "parameters": checkpoint.parameters,
                "threshold": info.threshold.value,
                "alarm_share_held_out": float(np.mean(chain.result.alarm)),
            }
        )
        mlflow.log_dict(_errors(chain), "errors.json")
        mlflow.log_figure(plots.stopping_point(checkpoint.curve), "learning.png")
        threshold = info.threshold.value
        scores = plots.error_distribution(chain.result.score, threshold)
        mlflow.log_figure(scores, "errors.png")
        for path in (chain.path, chain.path.parent / "checkpoint.json"):
            mlflow.log_artifact(str(path))
        mlflow.onnx.log_model(
            onnx.load_from_string(chain.calibrated.content),
            name=MODEL_NAME,
            save_as_external_data=False,
            onnx_execution_providers=["CPUExecutionProvider"],
            # Said, since MLflow would find them out by loading the model in another process.
            pip_requirements=[f"{p}=={metadata.version(p)}" for p in ("numpy", "onnxruntime")],
        )
    return str(run.info.run_id)


def _errors(chain: Chain) -> dict[str, object]:
    """Returns the distribution of held-out scores, and the threshold with its rule."""
    counts, edges = np.histogram(chain.result.score, _BINS)
    info = chain.detector.info
    return {
        "threshold": threshold_figures(info.threshold),
        "quantiles": dict(info.error_quantiles),
        "histogram": {"counts": counts.tolist(), "edges": edges.tolist()},
    }


@contextmanager
def _answering(uri: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # every kind of store has exceptions of its own
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise InputError(f"the MLflow store {uri} does not answer: {reason}") from error
