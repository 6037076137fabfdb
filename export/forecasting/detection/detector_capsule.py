"""The capsule of a recursive forecaster as a detector, and the network that it is made of."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from stillwatch.export.capsule.calibrated import Description, calibrated_info, distance_reference
from stillwatch.export.capsule.golden import golden_vectors
from stillwatch.export.capsule.seal import seal_model
from stillwatch.export.forecasting.detection.detector_graph import (
    WINDOW,
    detector_graph,
    state_size,
)
from stillwatch.export.forecasting.detection.expected import expected_rows
from stillwatch.export.forecasting.weights import Dense, RecursiveWeights
from stillwatch.export.graph.distance_nodes import Sensors
from stillwatch.export.graph.lstm import LstmLayer
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.errors import CapsuleError, InputError
from stillwatch.train.families.forecaster.config import ForecasterConfig
from stillwatch.train.families.table import config_from_dict

__all__ = ["MOST_AHEAD", "ForecastErrors"]

MOST_AHEAD = 24  # rows: each is an LSTM node a layer more
_GOLDEN_ROWS = (7, 40)


@dataclass(frozen=True)
class ForecastErrors:
    """A recursive network whose error, `ahead` rows after each forecast, is a score."""

    config: ForecasterConfig
    weights: RecursiveWeights
    ahead: int

    @classmethod
    def of_capsule(
        cls, content: bytes, options: Mapping[str, Any], ahead: int, name: str
    ) -> "ForecastErrors":
        """Returns the network in the capsule `content`, a forecaster's or one that was made of it.

        options: of its training. Raises InputError for a network that cannot be a
        detector, CapsuleError for one that is not there.
        """
        config = config_from_dict(ForecasterConfig.family, options)
        if not isinstance(config, ForecasterConfig):
            raise CapsuleError(f"{name} does not say how its forecaster was trained")
        if config.strategy != "recursive":
            raise InputError(
                f"{name} forecasts a whole horizon at once: a detector goes a row at a time, so "
                "train one with 'stillwatch train forecaster --strategy recursive'"
            )
        reads = [*config.covariates, *config.calendar]
        if reads:
            raise InputError(
                f"{name} reads {', '.join(reads)} beside its channels, which a detector is not "
                "fed: train one without --covariate and --calendar"
            )
        if not 1 <= ahead <= MOST_AHEAD:
            raise InputError(f"expected --ahead of 1 to {MOST_AHEAD} rows, got {ahead}")
        tensors = {
            tensor.name: tensor for tensor in onnx.load_from_string(content).graph.initializer
        }

        def weight(tensor: str) -> AnyArray:
            if tensor not in tensors or tensors[tensor].data_type != onnx.TensorProto.FLOAT:
                raise CapsuleError(f"{name} does not hold its weights in fp32 (no {tensor})")
            return np.asarray(numpy_helper.to_array(tensors[tensor]))

        weights = RecursiveWeights(
            lstm=tuple(
                LstmLayer.from_onnx(*(weight(f"lstm{number}_{part}") for part in "WRB"))
                for number in range(config.layers)
            ),
            dense=tuple(
                Dense(weight(f"{layer}_weight").T, weight(f"{layer}_bias"))
                for layer in (("inner", "dense") if config.dense else ("dense",))
            ),
        )
        return cls(config, weights, ahead)

    def build(
        self, sensors: Sensors, description: Description, *, plain_inputs: bool = False
    ) -> bytes:
        """Returns the capsule of these sensors."""
        if description.training.decoder != "plain":
            raise InputError("a forecaster has no decoder to choose the form of")
        channels = len(sensors.mean)
        rows = f"{self.ahead} row{'s' * (self.ahead > 1)}"
        reference = distance_reference(sensors, self.expected)
        golden = golden_vectors(sensors.mean, sensors.scale, _GOLDEN_ROWS, reference)
        info = calibrated_info(self.config, sensors, description, window=WINDOW, golden=golden)
        info = dataclasses.replace(
            info,
            state=state_size(self.config, channels, self.ahead),
            score=f"{info.score}, of forecasts {rows} ahead",
            horizon=self.ahead,
        )
        graph = detector_graph(
            self.config, self.weights, sensors, self.ahead, plain_inputs=plain_inputs
        )
        return seal_model(graph, info)

    def expected(self, scaled: Float64) -> Float64:
        """Returns what was expected of scaled rows (T, C), (T, C), by plain NumPy."""
        return expected_rows(self.config, self.weights, scaled, self.ahead)
