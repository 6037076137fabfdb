"""The operators that capsules are made of, and what each may be given.

A test holds this table to every form that export writes; besides, it has plain
arithmetic. A new operator is one line here, and is to be asked: can it open a
file, run for ever, or claim memory out of proportion to what it reads?
"""

from dataclasses import dataclass, field

__all__ = ["DEFAULTS", "DOMAINS", "INPUTS", "OPERATORS", "OUTPUTS", "Operator"]

DOMAINS = {"": 17, "com.microsoft": 1}  # and the versions of their operators

# What a host may feed, and which of it may have a default.
_DETECTOR = ["values", "mean", "scale", "threshold", "count", "h", "c", "judge"]
_FORECASTER = ["below", "above", "calendar", "horizon"]
INPUTS = frozenset([*_DETECTOR, *_FORECASTER])
DEFAULTS = INPUTS - {"values", "calendar", "judge"}
_ANSWERS = ["score", "alarm", "reconstruction", "error", "contribution"]
_FORECASTS = ["forecast", "forecast_low", "forecast_high", "next"]
_JUDGED = ["trained_alarm", "surprise", "parts", "cost", "mark", "judge_out"]
OUTPUTS = frozenset([*_ANSWERS, *_JUDGED, *_FORECASTS, "h_out", "c_out"])


@dataclass(frozen=True)
class Operator:
    """inputs, outputs: fewest and most. attributes: the types by name.

    2 int, 3 text, 5 graph, 6 floats, 7 ints, 8 texts.
    """

    inputs: tuple[int, int]
    outputs: tuple[int, int] = (1, 1)
    attributes: dict[str, int] = field(default_factory=dict)
    domain: str = ""


_ONE, _TWO = (1, 1), (2, 2)
_AXIS, _KEEP, _UNITS = {"axis": 2}, {"keepdims": 2}, {"hidden_size": 2}
# Of a stack's layers; what the names say, onnxruntime checks.
_CELLS = {"direction": 3, "activations": 8, "activation_alpha": 6, "activation_beta": 6}

OPERATORS = {
    "Abs": Operator(_ONE),
    "Add": Operator(_TWO),
    "And": Operator(_TWO),
    "Asinh": Operator(_ONE),
    "Cast": Operator(_ONE, attributes={"to": 2}),
    "Concat": Operator((1, 32), attributes=_AXIS),
    "ConstantOfShape": Operator(_ONE),
    "CumSum": Operator(_TWO),
    "Div": Operator(_TWO),
    "DynamicQuantizeLSTM": Operator((12, 12), (1, 3), _UNITS, "com.microsoft"),
    "DynamicQuantizeLinear": Operator(_ONE, (3, 3)),
    "Equal": Operator(_TWO),
    "Exp": Operator(_ONE),
    "Expand": Operator(_TWO),
    "EyeLike": Operator(_ONE),
    "Gather": Operator(_TWO, attributes=_AXIS),
    "Greater": Operator(_TWO),
    "Identity": Operator(_ONE),
    "If": Operator(_ONE, (1, 12), {"then_branch": 5, "else_branch": 5}),
    "LSTM": Operator((3, 8), (1, 3), _UNITS | _CELLS),
    "Less": Operator(_TWO),
    "Log": Operator(_ONE),
    "Loop": Operator((2, 12), (1, 12), {"body": 5}),
    "MatMul": Operator(_TWO),
    "MatMulInteger": Operator((2, 4)),
    "Max": Operator((1, 8)),
    "Min": Operator((1, 8)),
    "Mul": Operator(_TWO),
    "Neg": Operator(_ONE),
    "Not": Operator(_ONE),
    "Or": Operator(_TWO),
    "Pad": Operator((2, 3)),
    "Pow": Operator(_TWO),
    "ReduceMax": Operator(_ONE, attributes=_KEEP | {"axes": 7}),
    "ReduceSum": Operator((1, 2), attributes=_KEEP),
    "Relu": Operator(_ONE),
    "Reshape": Operator(_TWO),
    "Round": Operator(_ONE),
    "Scan": Operator((2, 8), (1, 8), {"body": 5, "num_scan_inputs": 2}),
    "Shape": Operator(_ONE, attributes={"start": 2, "end": 2}),
    "Sigmoid": Operator(_ONE),
    "Slice": Operator((3, 5)),
    "Split": Operator((1, 2), (1, 32), _AXIS),
    "Sqrt": Operator(_ONE),
    "Squeeze": Operator((1, 2)),
    "Sub": Operator(_TWO),
    "Tanh": Operator(_ONE),
    "Transpose": Operator(_ONE, attributes={"perm": 7}),
    "Unsqueeze": Operator(_TWO),
    "Where": Operator((3, 3)),
}
