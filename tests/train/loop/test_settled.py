import numpy as np
import pytest

from stillwatch.train.loop.settled import unsettled


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        (np.linspace(1.0, 0.1, 20), True),
        (np.append(np.linspace(1.0, 0.1, 19), 0.2), False),  # the best epoch is not the last
        (1 / (1 + np.arange(200.0)) + 1, False),  # falls for ever, by next to nothing
        ([1.0, 0.5, 0.2, 0.1], False),
        ([np.nan] * 9, False),
        ([], False),
    ],
)
def test_a_loss_that_still_falls_is_said(losses: list[float], said: bool) -> None:
    found = unsettled({"train": [], "validation": losses})
    assert bool(found) == said


def test_the_line_by_hand() -> None:
    (line,) = unsettled({"validation": [1.0, 0.9, 0.8, 0.7, 0.6, 0.6, 0.6, 0.6, 0.5, 0.45]})
    assert line == (
        "the validation loss has not settled: it fell by 25% in the last 2 of 10 epochs; "
        "train longer, with more --epochs"
    )
