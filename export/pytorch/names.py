"""How a family's parameters are called in PyTorch, and what others call its dense layer."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

__all__ = ["as_ours", "torch_names"]

Array = TypeVar("Array")

_PARTS = {
    "i2h_weight": "weight_ih",
    "h2h_weight": "weight_hh",
    "i2h_bias": "bias_ih",
    "h2h_bias": "bias_hh",
}
_PART = rf"(?P<part>{'|'.join(_PARTS)})"
_LAYER = re.compile(rf"(?P<block>\w+)(\.(?P<own>\d+))?\._unfused\.(?P<fused>\d+)\.{_PART}")
# A layer of a stack has a width of its own, and is a module of its own in PyTorch.
_APART = re.compile(rf"(?P<block>\w+\.\d+)(?P<back>\.backward)?\._unfused\.0\.{_PART}")
_LSTM = re.compile(r"(weight|bias)_(ih|hh|hr)_l\d+(_reverse)?$")
_WRAPPERS = ("module.", "model.")  # of DataParallel, and of Lightning as most write it


def torch_names(family: str, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yields each parameter's name in PyTorch and in a .params file, of the latter.

    A layer that is a block of its own in Gluon (`encoder.1._unfused.0`) is one
    of several in PyTorch's LSTM, as those of a fused block
    (`encoder._unfused.1`) are; the layers of a stack stay apart.
    """
    for name in names:
        if family == "stack" and (layer := _APART.fullmatch(name)):
            back = "_reverse" if layer["back"] else ""
            yield f"{layer['block']}.{_PARTS[layer['part']]}_l0{back}", name
        elif layer := _LAYER.fullmatch(name):
            number = layer["own"] or layer["fused"]
            yield f"{layer['block']}.{_PARTS[layer['part']]}_l{number}", name
        else:
            yield name, name


def as_ours(state: Mapping[str, Array], wanted: Iterable[str]) -> dict[str, Array]:
    """Returns a state dict by our modules' names, where only wrapper and dense layer differ.

    `module.` and `model.` before every name go; a single dense layer, `fc` in
    the sensor article's class, is `dense` where the family has that one alone.
    """
    named = dict(state)
    for wrapper in _WRAPPERS:
        if named and all(name.startswith(wrapper) for name in named):
            named = {name.removeprefix(wrapper): array for name, array in named.items()}
    theirs, ours = _dense(named), _dense(wanted)
    if len(theirs) == 1 and ours == {"dense"}:
        (block,) = theirs
        named = {
            f"dense.{name.removeprefix(f'{block}.')}" if name.startswith(f"{block}.") else name: a
            for name, a in named.items()
        }
    return named


def _dense(names: Iterable[str]) -> set[str]:
    """Returns the blocks that hold a weight or bias, and are no LSTM."""
    return {
        block
        for name in names
        if not _LSTM.search(name)
        for block, dot, part in [name.rpartition(".")]
        if dot and part in ("weight", "bias")
    }
