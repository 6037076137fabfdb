"""The C function of a graph, by emx-onnx-cgen, made fit to be a part of another file.

What the generator leaves visible to the linker becomes static, so that two
models can be linked into one program; and sigmoid and tanh become those of
onnxruntime, so that C scores as the capsule does, to the bit where nothing
else differs. Every change is counted: of another release of the generator it
would fail, not pass unchanged.
"""

import re
from dataclasses import dataclass

import onnx
from emx_onnx_cgen import CodegenError, Compiler, ShapeInferenceError, UnsupportedOpError
from emx_onnx_cgen.compiler import CompilerOptions

from stillwatch.export.c.buffers import padded, shared
from stillwatch.runtime.errors import InputError, first_line

__all__ = ["FUNCTION", "Generated", "generated"]

FUNCTION = "graph"

_CONSTANT = re.compile(r"^const EMX_UNUSED (\w+) (\w+)((?:\[\d+\])+) = ", re.MULTILINE)
_SIGMOID = "return 1.0f / (1.0f + expf(-a));"
_TANH = "return tanhf(a);"


@dataclass(frozen=True)
class Generated:
    """The text of a static function, and the bytes of its buffers and its constants."""

    text: str
    stack: int
    constants: int
    nodes: int


def generated(model: onnx.ModelProto, name: str, function: str = FUNCTION) -> Generated:
    """Returns the function; raises InputError for operators that the generator does not have.

    name: of the capsule, for the message.
    """
    options = CompilerOptions(
        model_name=function,
        large_temp_threshold_bytes=0,  # no heap: buffers are on the stack, however large
        large_weight_threshold=0,  # weights in the text, not in a file beside it
    )
    try:
        text = Compiler(options).compile(model)
    except (CodegenError, ShapeInferenceError, UnsupportedOpError) as error:
        raise InputError(f"{name} cannot be C: {first_line(error)}") from error
    read = re.compile(r"\b(weight\d+\w*)\b")
    body = text[text.index(f"void {function}(") :]
    used = set(read.findall(body))
    constants = sum(
        padded(kind, sizes) for kind, label, sizes in _CONSTANT.findall(text) if label in used
    )
    embedded, stack = shared(_embedded(text, function), function)
    return Generated(embedded, stack, constants, len(model.graph.node))


def _embedded(text: str, function: str) -> str:
    """Returns the generated text with nothing but static names, and onnxruntime's functions."""
    text = re.sub(r"^/\*.*?\*/\n", "", text, count=1, flags=re.DOTALL)  # settings, as in README
    text = re.sub(r"^extern const .*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^const EMX_UNUSED ", "static const EMX_UNUSED ", text, flags=re.MULTILINE)
    text, loaders = re.subn(
        rf"^_Bool {function}_load\(.*?^}}\n", "", text, flags=re.DOTALL | re.MULTILINE
    )
    text, heads = re.subn(
        rf"^void {function}\(", f"static void {function}(", text, flags=re.MULTILINE
    )
    if (loaders, heads) != (1, 1):
        raise RuntimeError("the text of emx-onnx-cgen is not as that of 1.4.0: pin that release")
    for theirs, ours, wanted in (
        (_SIGMOID, "return stillwatch_sigmoidf(a);", "ref_scalar_f32_sigmoid("),
        (_TANH, "return stillwatch_tanhf(a);", "ref_scalar_f32_tanh("),
    ):
        if wanted in text and theirs not in text:
            raise RuntimeError(f"emx-onnx-cgen writes {wanted}) otherwise than 1.4.0: pin that")
        text = text.replace(theirs, ours)
    return text
