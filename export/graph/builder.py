"""A small builder for ONNX graphs.

Layouts are said as in Gluon: N batch, T time, C channel, H hidden unit.
"""

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from stillwatch.runtime.arrays import AnyArray

__all__ = ["Attribute", "Graph"]

_OPSET, _IR_VERSION = 17, 8  # what onnxruntime 1.13 reads, and everything since


Attribute = int | str | list[int] | list[float] | list[str]


class Graph:
    """Nodes, initializers, inputs and outputs as they are added, in order.

    `node` returns its output's name, so that calls nest as formulas do. An
    output's name names its node too: an error of onnxruntime's then says
    which step of the detector it was.
    """

    def __init__(self, *, plain_inputs: bool = False) -> None:
        """An empty graph. plain_inputs: no input has a default, a host must feed them all."""
        self._plain_inputs = plain_inputs
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: dict[str, onnx.TensorProto] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []

    def input(
        self,
        name: str,
        shape: Sequence[str | int],
        default: AnyArray | None = None,
        kind: int = TensorProto.FLOAT,
    ) -> str:
        """Adds an input; with a `default` a host need not feed it, unless inputs are plain.

        A default is an initializer of the input's name. onnxruntime's JavaScript
        packages ignore what is fed for such inputs, in silence; hence the plain form.
        """
        self._inputs.append(helper.make_tensor_value_info(name, kind, list(shape)))
        if default is not None and not self._plain_inputs:
            typed = default.astype(helper.tensor_dtype_to_np_dtype(kind))
            self._initializers[name] = numpy_helper.from_array(typed, name)
        return name

    def output(self, name: str, shape: Sequence[str | int], kind: int = TensorProto.FLOAT) -> None:
        """Declares the node output `name` an output of the graph."""
        self._outputs.append(helper.make_tensor_value_info(name, kind, list(shape)))

    def branch(self) -> "Graph":
        """Returns an empty graph for a side of `choose` or a `loop`; it sees this one's values."""
        inner = Graph(plain_inputs=self._plain_inputs)
        inner._initializers = self._initializers  # one copy of the weights serves both sides
        return inner

    def choose(self, condition: str, then: "Graph", otherwise: "Graph", outputs: str) -> list[str]:
        """Adds an If between two branches, and returns the names of its outputs.

        Both branches declare as many outputs, in one order; the If gives them
        the names that they have in `then`, less the prefix `outputs`.
        """
        names = [entry.name.removeprefix(outputs) for entry in then._outputs]
        branches = {
            "then_branch": then._as_branch("then"),
            "else_branch": otherwise._as_branch("otherwise"),
        }
        self._nodes.append(helper.make_node("If", [condition], names, names[0], **branches))
        return names

    def loop(
        self, trips: str, begin: Sequence[str], body: "Graph", outputs: Sequence[str]
    ) -> Sequence[str]:
        """Adds a Loop of `trips` rounds, and returns the names of its outputs.

        body: its inputs are the number of the round, int64, whether to go on,
        bool, and then what is carried, which `begin` gives to the first
        round; its outputs whether to go on, what is carried, and then what is
        stacked over the rounds.
        """
        inner = helper.make_graph(body._nodes, "body", body._inputs, body._outputs)
        # Said although it may be left out: onnx's reference evaluator runs no round without it.
        self._initializers["always"] = numpy_helper.from_array(np.array(True), "always")
        node = helper.make_node("Loop", [trips, "always", *begin], outputs, outputs[0], body=inner)
        self._nodes.append(node)
        return outputs

    def scan(
        self, begin: Sequence[str], rows: Sequence[str], body: "Graph", outputs: Sequence[str]
    ) -> Sequence[str]:
        """Adds a Scan over the first axis of `rows`, and returns the names of its outputs.

        body: its inputs are what is carried, which `begin` gives to the first
        row, and then a row of each of `rows`; its outputs what is carried,
        and then what is stacked over the rows.
        """
        inner = helper.make_graph(body._nodes, "body", body._inputs, body._outputs)
        given = [*begin, *rows]
        node = helper.make_node(
            "Scan", given, outputs, outputs[0], body=inner, num_scan_inputs=len(rows)
        )
        self._nodes.append(node)
        return outputs

    def _as_branch(self, name: str) -> onnx.GraphProto:
        return helper.make_graph(self._nodes, name, [], self._outputs)

    def weight(self, name: str, value: AnyArray) -> str:
        """Adds a float32 initializer."""
        self._initializers[name] = numpy_helper.from_array(value.astype(np.float32), name)
        return name

    def integers(self, *values: int) -> str:
        """Adds a 1-D int64 initializer, for shapes, axes and bounds; named by its values."""
        name = "int64_" + "_".join(str(value).replace("-", "minus") for value in values)
        self._initializers[name] = numpy_helper.from_array(np.array(values, np.int64), name)
        return name

    def doubles(self, name: str, value: AnyArray) -> str:
        """Adds a double initializer."""
        self._initializers[name] = numpy_helper.from_array(value.astype(np.float64), name)
        return name

    def axis(self, number: int) -> str:
        """Adds an int64 scalar, as CumSum wants its axis."""
        name = f"axis_{number}"
        self._initializers[name] = numpy_helper.from_array(np.array(number, np.int64), name)
        return name

    def node(
        self, operator: str, inputs: Sequence[str], output: str, **attributes: Attribute
    ) -> str:
        """Adds a node with one output, and returns the output's name."""
        return self.nodes(operator, inputs, [output], **attributes)[0]

    def concat(self, inputs: Sequence[str], output: str, axis: int = 0) -> str:
        """Adds a Concat, the joint of most shape arithmetic, and returns its output's name."""
        return self.node("Concat", inputs, output, axis=axis)

    def nodes(
        self,
        operator: str,
        inputs: Sequence[str],
        outputs: Sequence[str],
        **attributes: Attribute,
    ) -> Sequence[str]:
        """Adds a node with several outputs, and returns their names."""
        self._nodes.append(
            helper.make_node(operator, inputs, outputs, outputs[0], None, None, None, **attributes)
        )
        return outputs

    def append_to(self, model: onnx.ModelProto) -> None:
        """Adds all that is in this graph to a model, whose values it reads; checks the whole."""
        known = {tensor.name for tensor in model.graph.initializer}
        fresh = [t for name, t in self._initializers.items() if name not in known]
        model.graph.node.extend(self._nodes)
        model.graph.initializer.extend(fresh)
        model.graph.input.extend(self._inputs)
        model.graph.output.extend(self._outputs)
        onnx.checker.check_model(model, full_check=True)

    def model(self, name: str, producer_version: str) -> onnx.ModelProto:
        """Returns the checked model, with no metadata yet."""
        graph = helper.make_graph(
            self._nodes, name, self._inputs, self._outputs, list(self._initializers.values())
        )
        model = helper.make_model(
            graph,
            producer_name="stillwatch",
            producer_version=producer_version,
            opset_imports=[helper.make_opsetid("", _OPSET)],
            ir_version=_IR_VERSION,
        )
        onnx.checker.check_model(model, full_check=True)
        return model
