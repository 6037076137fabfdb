"""ONNX graphs of other exporters: weights out of layers that follow each other."""

import dataclasses

import onnx

from stillwatch.export.importing.formats.onnx_flow import Flow
from stillwatch.export.importing.formats.onnx_layers import LayerReader
from stillwatch.export.importing.layers import Foreign, Layer, Lstm, Repeat
from stillwatch.runtime.capsule.external import has_external_data
from stillwatch.runtime.errors import CheckpointError, StillwatchError, first_line

__all__ = ["from_onnx"]


def from_onnx(content: bytes, name: str) -> Foreign:
    """Returns the layers of a graph in the order of its nodes; raises CheckpointError."""
    try:
        outside = has_external_data(content)
        model = onnx.shape_inference.infer_shapes(onnx.load_from_string(content))
    except Exception as error:  # protobuf's errors share no base
        raise CheckpointError(f"{name} is not an ONNX file: {first_line(error)[:120]}") from error
    if outside:
        raise CheckpointError(f"{name} keeps its weights in another file: save it as one")
    try:
        return _network(model, name)
    except StillwatchError:
        raise
    except (AttributeError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        # Nodes with fewer inputs than their operator has, attributes of another type.
        raise CheckpointError(f"{name} is damaged: {first_line(error)[:120]}") from error


def _network(model: onnx.ModelProto, name: str) -> Foreign:
    """Returns the layers in the order of the nodes, if each reads the one before it."""
    reader = LayerReader(model, name)
    layers: list[Layer] = []
    inputs: list[str] = []
    scaler = None
    for node in model.graph.node:
        if node.op_type == "LSTM":
            layers.append(reader.lstm(node))
            inputs.append(node.input[0])
        elif node.op_type in ("Gemm", "MatMul") and (dense := reader.dense(node)):
            layers.append(dense)
            inputs.append(node.input[0])
        elif node.op_type == "Scaler" and not layers and scaler is None:
            scaler = reader.scaler(node)
        elif not reader.moves_about(node):
            raise CheckpointError(
                f"{name} has an operator {node.op_type[:60]!a}: LSTM and dense layers can come in"
            )
    if not any(isinstance(layer, Lstm) for layer in layers):
        operators = sorted({node.op_type for node in model.graph.node})
        raise CheckpointError(f"{name} has no LSTM node; it has {', '.join(operators)[:200]}")
    chained = _chained(model, reader, layers, inputs, name)
    # How the ends of two directions are put together, names of nodes do not tell.
    both = any(isinstance(one, Lstm) and one.backward is not None for one in chained)
    return Foreign(
        framework="ONNX",
        layers=tuple(chained),
        window=reader.rows.get(inputs[0]),
        ordered=not both or not any(isinstance(one, Repeat) for one in chained),
        scaler=scaler,
    )


def _chained(
    model: onnx.ModelProto, reader: LayerReader, layers: list[Layer], inputs: list[str], name: str
) -> list[Layer]:
    """Returns the layers with what passes between them; refuses those beside each other."""
    small = {
        key: reader.array(key)
        for key, tensor in reader.tensors.items()
        if list(tensor.dims) in ([], [1])
    }
    flow = Flow(model, small)
    outputs: dict[str, tuple[int, bool]] = {}
    chained: list[Layer] = []
    for number, (layer, tensor) in enumerate(zip(layers, inputs, strict=True)):
        arrival = flow.arrival(tensor, outputs)
        if max(arrival.layers, default=-1) != number - 1:
            raise CheckpointError(
                f"{name}: {layer.block[:60]!a} does not read the layer before it: "
                "expected layers one behind the other"
            )
        if number and isinstance(before := chained[-1], Lstm):
            ends = arrival.repeated or (arrival.last and before.backward is None)
            chained[-1] = dataclasses.replace(before, sequences=not ends)
        if arrival.repeated:
            chained.append(Repeat(block=f"before {layer.block}", times=0))
        chained.append(layer)
        outputs |= {key: (number, place == 1) for place, key in enumerate(reader.outputs[number])}
    return chained
