"""The report of a search: its best trials, what mattered, and how it went."""

import warnings
from typing import Any, TypedDict

import numpy as np
import optuna
from matplotlib.figure import Figure
from optuna.trial import TrialState

from stillwatch.runtime.report import page
from stillwatch.runtime.report.machine import Provenance, provenance_line
from stillwatch.runtime.report.palette import BLUE, GREY, ORANGE

__all__ = ["Best", "Results", "Tried", "importances", "tune_page"]

_FEWEST_TRIALS = 4  # that an importance can be said from
_SHOWN = 20


class Best(TypedDict):
    """A trial that no other beats. values: the objectives; params: what was drawn, by option."""

    values: list[float]
    params: dict[str, Any]
    parameters: int
    epochs: int


class Tried(TypedDict):
    """A trial that has an answer; values: None where it was given up."""

    number: int
    state: str
    values: list[float] | None
    params: dict[str, Any]


class Results(Provenance):
    """What a search writes into its tune.json. base: the configuration that trials change."""

    data: str
    objectives: list[str]
    base: dict[str, Any]
    best: list[Best]
    importances: dict[str, float]
    trials: list[Tried]


def importances(study: optuna.Study) -> dict[str, float]:
    """Returns each parameter's share in the variation of the loss, the largest first.

    By fANOVA over the trials that ended; none where these are too few.
    """
    done = study.get_trials(states=(TrialState.COMPLETE,))
    if len(done) < _FEWEST_TRIALS or len({trial.values[0] for trial in done}) < 2:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of parameters that never varied
        result = optuna.importance.get_param_importances(
            study,
            evaluator=optuna.importance.FanovaImportanceEvaluator(seed=0),
            target=lambda trial: trial.values[0],
        )
    return {name: float(share) for name, share in result.items()}


def tune_page(study: optuna.Study, results: Results) -> str:
    """Returns the report as one HTML page."""
    done = study.get_trials(states=(TrialState.COMPLETE,))
    given_up = len(results["trials"]) - len(done)
    parts = [
        page.paragraph(
            f"{len(results['trials'])} trials on {results['data']}, {given_up} of them given up "
            "early. The objective is the least validation loss of a run, the mean squared error "
            "of scaled values; neither held-out rows nor labels were seen."
        ),
        page.paragraph("Best", "h2"),
        page.table(("loss", "parameters", "epochs", "options"), _rows(results["best"])),
        page.picture(_history(done), "Loss of each trial that ended, and the best so far."),
    ]
    if results["importances"]:
        shares = [(name, f"{share:.2f}") for name, share in results["importances"].items()]
        parts += [
            page.paragraph("What mattered", "h2"),
            page.table(("option", "share of the loss's variation (fANOVA)"), shares),
        ]
    parts += [
        page.picture(_size(done), "Loss against size; marked: no other is better in both."),
        page.paragraph(provenance_line(results), "footer"),
    ]
    return page.page("stillwatch: tuning", parts)


def _rows(best: list[Best]) -> list[tuple[str, ...]]:
    return [
        (
            f"{trial['values'][0]:.5f}",
            f"{trial['parameters']:,}",
            str(trial["epochs"]),
            ", ".join(f"{k}={v:.4g}" for k, v in trial["params"].items()),
        )
        for trial in best[:_SHOWN]
    ]


def _history(done: list[optuna.trial.FrozenTrial]) -> Figure:
    figure = Figure(figsize=(9.0, 4.2), layout="constrained")
    axes = figure.subplots()
    losses = [trial.values[0] for trial in done]
    numbers = [trial.number for trial in done]
    axes.plot(numbers, losses, "o", color=GREY, label="trial")
    axes.plot(numbers, np.minimum.accumulate(losses), color=BLUE, label="best so far")
    axes.set(xlabel="trial", ylabel="validation loss", yscale="log")
    axes.legend()
    return figure


def _size(done: list[optuna.trial.FrozenTrial]) -> Figure:
    figure = Figure(figsize=(9.0, 4.2), layout="constrained")
    axes = figure.subplots()
    size = np.array([trial.user_attrs["parameters"] for trial in done])
    loss = np.array([trial.values[0] for trial in done])
    order = np.lexsort((loss, size))
    front = loss[order] < np.append(np.inf, np.minimum.accumulate(loss[order])[:-1])
    axes.plot(size, loss, "o", color=GREY)
    axes.plot(size[order][front], loss[order][front], "s-", color=ORANGE, label="Pareto front")
    axes.set(xscale="log", yscale="log", xlabel="parameters", ylabel="validation loss")
    axes.legend()
    return figure
