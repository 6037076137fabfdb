"""Names of tensors of a graph with the operators of arrays, so that formulas read as in NumPy."""

from collections.abc import Sequence

import numpy as np
from onnx import TensorProto

from stillwatch.export.graph.builder import Graph
from stillwatch.runtime.arrays import AnyArray

__all__ = ["Nodes", "Term", "Value"]


class Term:
    """The name of a tensor, double or bool; each operation adds a node and returns its output."""

    def __init__(self, nodes: "Nodes", name: str) -> None:
        """Use `Nodes`."""
        self.nodes = nodes
        self.name = name

    def __add__(self, other: "Value") -> "Term":
        """Returns the sum."""
        return self.nodes.add("Add", self, other)

    def __sub__(self, other: "Value") -> "Term":
        """Returns the difference."""
        return self.nodes.add("Sub", self, other)

    def __rsub__(self, other: "Value") -> "Term":
        """Returns the difference from this."""
        return self.nodes.add("Sub", other, self)

    def __mul__(self, other: "Value") -> "Term":
        """Returns the product."""
        return self.nodes.add("Mul", self, other)

    def __truediv__(self, other: "Value") -> "Term":
        """Returns the quotient."""
        return self.nodes.add("Div", self, other)

    def __rtruediv__(self, other: "Value") -> "Term":
        """Returns the quotient by this."""
        return self.nodes.add("Div", other, self)

    def __gt__(self, other: "Value") -> "Term":
        """Returns where it is above the other."""
        return self.nodes.add("Greater", self, other)

    def __lt__(self, other: "Value") -> "Term":
        """Returns where it is below the other."""
        return self.nodes.add("Less", self, other)

    def __and__(self, other: "Term") -> "Term":
        """Returns where both hold."""
        return self.nodes.add("And", self, other)

    def __or__(self, other: "Term") -> "Term":
        """Returns where one of them holds."""
        return self.nodes.add("Or", self, other)

    def __invert__(self) -> "Term":
        """Returns where it does not hold."""
        return self.nodes.add("Not", self)

    def same(self, other: "Value") -> "Term":
        """Returns where both are equal, which NaN never is."""
        return self.nodes.add("Equal", self, other)

    def at_least(self, other: "Value") -> "Term":
        """Returns the larger of the two."""
        return self.nodes.add("Max", self, other)

    def at_most(self, other: "Value") -> "Term":
        """Returns the smaller of the two."""
        return self.nodes.add("Min", self, other)

    def clipped(self, low: "Value", high: "Value") -> "Term":
        """Returns min(max(it, low), high)."""
        return self.at_least(low).at_most(high)

    def size(self) -> "Term":
        """Returns its absolute value."""
        return self.nodes.add("Abs", self)

    def root(self) -> "Term":
        """Returns its square root."""
        return self.nodes.add("Sqrt", self)

    def log(self) -> "Term":
        """Returns its natural logarithm."""
        return self.nodes.add("Log", self)

    def exp(self) -> "Term":
        """Returns e to the power of it."""
        return self.nodes.add("Exp", self)

    def largest(self) -> "Term":
        """Returns the largest (1, ...) along the first axis."""
        return self.nodes.largest(self)

    def as_double(self) -> "Term":
        """Returns it as numbers: 1 where it holds, of a condition."""
        return self.nodes.add("Cast", self, to=TensorProto.DOUBLE)

    def as_place(self) -> "Term":
        """Returns it as whole numbers that say places."""
        return self.nodes.add("Cast", self, to=TensorProto.INT64)

    def shaped(self, *shape: int) -> "Term":
        """Returns it in another shape: 0 keeps an axis, -1 takes what is left."""
        return self.nodes.reached("Reshape", self, shape)

    def rows(self, start: int, stop: int) -> "Term":
        """Returns rows of its first axis; they may count from the end."""
        return self.nodes.reached("Slice", self, (start,), (stop,), (0,))

    def first(self) -> "Term":
        """Returns (1,): the first of a row (1, B)."""
        return self.nodes.reached("Slice", self, (0,), (1,), (1,)).shaped(1)

    def total(self) -> "Term":
        """Returns the sum (1, ...) over the first axis, from the first to the last."""
        return self.nodes.running_sum(self).rows(-1, 2**20)

    def any(self) -> "Term":
        """Returns (1, ...): whether it holds anywhere along the first axis."""
        return self.nodes.reached("ReduceSum", self.as_double(), (0,), keepdims=1) > 0.0


Value = Term | float


class Nodes:
    """Adds nodes to a graph, whose outputs are numbered behind a prefix."""

    def __init__(self, graph: Graph, prefix: str) -> None:
        """prefix: of the names, which sets a graph within the graph apart."""
        self.graph = graph
        self._prefix = prefix
        self._count = 0

    def term(self, name: str) -> Term:
        """Returns a tensor that is there already."""
        return Term(self, name)

    def constant(self, value: float) -> Term:
        """Returns a constant (1, 1)."""
        name = f"double_{value!r}".replace("-", "minus")
        return Term(self, self.graph.doubles(name, np.array([[value]])))

    def whole(self, value: int) -> Term:
        """Returns a whole number (1,)."""
        return Term(self, self.graph.integers(value))

    def table(self, name: str, values: AnyArray) -> Term:
        """Returns a constant array, double."""
        return Term(self, self.graph.doubles(name, values))

    def add(self, operator: str, *inputs: Value, to: int | None = None) -> Term:
        """Returns the output of a new node."""
        terms = [one if isinstance(one, Term) else self.constant(one) for one in inputs]
        attributes = {} if to is None else {"to": to}
        output = self._fresh(operator)
        self.graph.node(operator, [term.name for term in terms], output, **attributes)
        return Term(self, output)

    def reached(
        self, operator: str, term: Term, *places: Sequence[int], keepdims: int | None = None
    ) -> Term:
        """Returns the output of a node that takes whole numbers: a shape, bounds, axes."""
        numbers = [self.graph.integers(*place) for place in places]
        attributes = {} if keepdims is None else {"keepdims": keepdims}
        output = self._fresh(operator)
        self.graph.node(operator, [term.name, *numbers], output, **attributes)
        return Term(self, output)

    def where(self, condition: Term, one: Value, other: Value) -> Term:
        """Returns one where the condition holds, else the other."""
        return self.add("Where", condition, one, other)

    def joined(self, parts: Sequence[Term]) -> Term:
        """Returns the parts, one below the other."""
        output = self._fresh("Concat")
        return Term(self, self.graph.concat([part.name for part in parts], output))

    def split(self, term: Term, heights: Sequence[int]) -> list[Term]:
        """Returns the parts of so many rows each, one below the other."""
        outputs = [self._fresh("Split") for _ in heights]
        sizes = self.graph.integers(*heights)
        self.graph.nodes("Split", [term.name, sizes], outputs, axis=0)
        return [Term(self, name) for name in outputs]

    def picked(self, table: Term, places: Term) -> Term:
        """Returns the rows of a table at places, int64, of whatever shape."""
        output = self._fresh("Gather")
        self.graph.node("Gather", [table.name, places.name], output, axis=0)
        return Term(self, output)

    def running_sum(self, term: Term) -> Term:
        """Returns the sums up to each row."""
        output = self._fresh("CumSum")
        self.graph.node("CumSum", [term.name, self.graph.axis(0)], output)
        return Term(self, output)

    def largest(self, term: Term) -> Term:
        """Returns the largest along the first axis, which stays."""
        output = self._fresh("ReduceMax")
        self.graph.node("ReduceMax", [term.name], output, axes=[0], keepdims=1)
        return Term(self, output)

    def named(self, term: Term, name: str) -> str:
        """Returns `name`, under which the tensor is to be known."""
        return self.graph.node("Identity", [term.name], name)

    def _fresh(self, operator: str) -> str:
        self._count += 1
        return f"{self._prefix}{operator.lower()}{self._count}"
