"""What holds for every detector family holds for forecasters that are detectors: the same tests.

Recursive ones without covariates, errors one row ahead and several. The graph
cuts no windows, since a stream never begins afresh, and so what is asked of
windows is not asked here.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from support import random_checkpoint
from support.answers import assert_equal
from support.checkpoints import save

from battery.family_cases import WINDOW, Made
from battery.test_families import (  # noqa: F401  (pytest runs them with the fixture `made` below)
    test_a_fleet_answers_as_each_stream_alone,
    test_bad_values,
    test_batch_invariance,
    test_golden_vectors_replay,
    test_parameters_are_those_that_gluon_counts,
    test_same_bytes_again,
    test_streams_and_snapshots,
    test_there_is_something_to_agree_on,
    test_wrong_gate_order_is_caught,
)
from stillwatch.export.calibrate.calibration import calibrate
from stillwatch.export.calibrate.options import CalibrationOptions
from stillwatch.export.capsule.build import build_capsule
from stillwatch.export.forecasting.weights import expected_shapes
from stillwatch.export.verify.verification import compare
from stillwatch.runtime import Detector
from stillwatch.runtime.streaming.pool import Pool
from stillwatch.train.families.forecaster.config import ForecasterConfig

CONFIG = ForecasterConfig(
    strategy="recursive", units=5, lookback=WINDOW, horizon=9, linear=0, dense=4
)
CASES = {
    "independent": (CONFIG, 3, 1),
    "one channel, no dense layer": (replace(CONFIG, dense=0), 1, 1),
    "joint, 2 layers": (replace(CONFIG, channels="joint", layers=2, activation="linear"), 3, 1),
    "independent, 4 ahead": (CONFIG, 3, 4),
    "joint, 3 layers, 2 ahead": (replace(CONFIG, channels="joint", layers=3), 2, 2),
}


class MadeOfErrors(Made):
    """As `Made`, of a forecaster's errors `ahead` rows after it forecast."""

    def __init__(self, folder: Path, config: ForecasterConfig, channels: int, ahead: int) -> None:
        generator = np.random.default_rng(len(str(config)))
        self.ahead = ahead
        self.weights = random_checkpoint.random_arrays(
            expected_shapes(config, channels), generator, size=0.6
        )
        blank = random_checkpoint.blank_checkpoint(
            config, channels,
            mean=generator.uniform(-4, 4, channels), scale=generator.uniform(0.5, 3, channels),
        )  # fmt: skip
        count = sum(weight.size for weight in self.weights.values())
        self.checkpoint = replace(blank, parameters=count)
        self.folder = save(folder, self.checkpoint, self.weights)
        self.path = folder / "model.onnx"
        self.path.write_bytes(self.build())
        self.detector = Detector.load(self.path)

    def build(self) -> bytes:
        forecaster = build_capsule(self.checkpoint, self.weights)
        options = CalibrationOptions(rate=0.05, ahead=self.ahead)
        return calibrate(forecaster, "made up", self.values(600, noise=1.0), options).content


@pytest.fixture(scope="module", params=CASES.items(), ids=lambda case: case[0])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> MadeOfErrors:
    config, channels, ahead = request.param[1]
    folder = tmp_path_factory.mktemp("forecaster")
    return MadeOfErrors(folder, config, channels, ahead)


def test_frameworks_agree(made: MadeOfErrors) -> None:
    agreements, absent = compare(made.path, made.folder, made.values(5 * WINDOW))
    assert [a for a in agreements if not a.passed] == []
    assert len(agreements) == (3 if made.ahead == 1 else 2)
    assert set(absent) == (set() if made.ahead == 1 else {"MXNet"})


def test_a_row_is_judged_by_what_was_forecast_before_it(made: MadeOfErrors) -> None:
    """What comes at a row changes neither what was expected of it nor of those before."""
    values = made.values(2 * WINDOW)
    other = values.copy()
    other[WINDOW] += 3 * np.array(made.checkpoint.scale)
    one, two = (made.detector.score(rows) for rows in (values, other))
    until = WINDOW + made.ahead
    np.testing.assert_array_equal(
        one.reconstruction[made.ahead : until], two.reconstruction[made.ahead : until]
    )
    assert (one.reconstruction[until] != two.reconstruction[until]).any()
    assert (one.error[: made.ahead] == 0).all()  # nothing was expected of them


def test_the_state_outlives_a_window(made: MadeOfErrors) -> None:
    """Far more rows than it was trained on, and a file is cut into calls of 2**13 rows."""
    values = made.values(2**13 + 5)
    whole = made.detector.score(values)
    stream = made.detector.stream()
    stream.extend(values[:-7])
    assert_equal(stream.extend(values[-7:]), replace(part_of(whole, -7), start=len(values) - 7))


def part_of(whole, begin: int):  # type: ignore[no-untyped-def]
    arrays = (whole.score, whole.alarm, whole.reconstruction, whole.error, whole.contribution)
    return type(whole)(*(array[begin:] for array in arrays))


def test_streams_of_a_pool_answer_as_each_alone(made: MadeOfErrors) -> None:
    pool = Pool(made.detector.model)
    batch = [made.values(rows, seed) for seed, rows in enumerate((31, 7, 19))]
    places = [pool.add() for _ in batch]
    first = pool.advance(places, [values[:5] for values in batch])
    saved = pool.saved(places)
    other = Pool(made.detector.model)
    again = [other.add() for _ in batch]
    for place, state in zip(again, saved, strict=True):
        other.restore(place, state)
    rest = other.advance(again, [values[5:] for values in batch])
    for values, one, two in zip(batch, first, rest, strict=True):
        alone = made.detector.score(values)
        np.testing.assert_array_equal(np.concatenate([one.score, two.score]), alone.score)


def test_a_detector_can_be_calibrated_anew(made: MadeOfErrors) -> None:
    """It holds the network: of its own rows it becomes itself again, as far ahead."""
    again = calibrate(
        made.path.read_bytes(), "made up", made.values(600, noise=1.0),
        CalibrationOptions(rate=0.05),
    ).content  # fmt: skip
    assert again == made.path.read_bytes()
    assert Detector.from_bytes(again, "made up").info.horizon == made.ahead


def test_one_lstm_node_a_layer_and_step_ahead(made: MadeOfErrors) -> None:
    config = made.checkpoint.config
    nodes = [node.op_type for node in onnx.load_from_string(made.path.read_bytes()).graph.node]
    assert nodes.count("LSTM") == config.layers * made.ahead
    assert nodes.count("Scan") == (made.ahead > 1)
