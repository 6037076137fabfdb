"""Where a run stands, in one file: what a killed run goes on from.

One file, moved into place whole, since weights of one epoch with an
optimiser's moments of another would train on without a complaint. It is an
ordinary .params file: arrays by name, and the figures as JSON in bytes. No
pickle, which is what `gluon.Trainer.save_states` writes.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.errors import CheckpointError
from stillwatch.runtime.files import replacing
from stillwatch.train.data.mxnet_compat import mx
from stillwatch.train.data.params import read_params
from stillwatch.train.loop.fit import to_nd

__all__ = ["adam_moments", "load_progress", "restore_adam", "save_progress"]

_FIGURES = "figures"


def save_progress(path: Path, arrays: dict[str, AnyArray], figures: dict[str, Any]) -> None:
    """Writes arrays and figures to `path`, whole or not at all."""
    text = np.frombuffer(json.dumps(figures).encode(), np.uint8)
    content = {name: to_nd(array) for name, array in arrays.items()}
    with replacing(path) as temporary:
        mx.nd.save(str(temporary), {**content, _FIGURES: to_nd(text)})


def load_progress(path: Path) -> tuple[dict[str, AnyArray], dict[str, Any]]:
    """Returns what `save_progress` wrote; raises CheckpointError."""
    arrays = read_params(path)
    try:
        figures = json.loads(arrays.pop(_FIGURES).tobytes())
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"{path} is not a run's progress; delete it to begin anew") from error
    return arrays, figures


def adam_moments(trainer: mx.gluon.Trainer) -> dict[str, AnyArray]:
    """Returns Adam's running moments by parameter number: "0.mean", "0.variance", ..."""
    (updater,) = trainer._updaters
    return {
        f"{number}.{name}": moment.asnumpy()
        for number, moments in updater.states.items()
        for name, moment in zip(("mean", "variance"), moments, strict=True)
    }


def restore_adam(trainer: mx.gluon.Trainer, moments: dict[str, AnyArray], updates: int) -> None:
    """Puts Adam back where it was after `updates` steps."""
    (updater,) = trainer._updaters
    for number in {int(name.split(".")[0]) for name in moments}:
        updater.states[number] = tuple(
            to_nd(moments[f"{number}.{name}"]) for name in ("mean", "variance")
        )
        updater.states_synced[number] = True
        updater.optimizer._index_update_count[number] = updates
    updater.optimizer.num_update = updates
