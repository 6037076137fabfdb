"""int8: a second capsule made from the first, its LSTM weights quantised."""

import dataclasses
import logging
import tempfile
from pathlib import Path

import onnx

from stillwatch.export.int8.projected import quantize_projected
from stillwatch.export.int8.range_code import code_input
from stillwatch.runtime.capsule import digest, opening
from stillwatch.runtime.capsule.info import DIGEST_KEY, METADATA_KEY, CapsuleInfo
from stillwatch.runtime.capsule.reading import info_to_json
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.golden_replay import replay

__all__ = ["FEWEST_UNITS", "quantize"]

# Below this many hidden units int8 is slower than fp32: packing costs more than the product saves.
FEWEST_UNITS = 64
# Weights in 7 bits. On x86-64 without VNNI onnxruntime adds two products of 8 by 8 bits in 16,
# which saturates: the published teacher was 0.15 off there. In 7 bits it is 0.02 off everywhere.
_REDUCED_WEIGHTS = True
_MARGIN = 2.0  # other processors round and saturate differently from the one that measured


def quantize(content: bytes, name: str) -> bytes:
    """Returns the int8 form of a capsule; raises InputError where it would be slower.

    Dynamic quantisation of the LSTM layers; the dense layer stays in fp32,
    which is free and a third less error. The encoder's input is rewritten so
    that a spike in one window does not coarsen the others; the decoder keeps
    its form. The golden vectors stay those of fp32, and the tolerance becomes
    what int8 was measured to miss them by.
    """
    from onnxruntime.quantization import quantize_dynamic

    _, info = opening.open_session(content, name)
    units = info.training.units
    if info.state or units < FEWEST_UNITS:
        raise InputError(
            f"int8 pays from {FEWEST_UNITS} hidden units in whole windows, {name} has {units}: "
            "there it would be slower than fp32"
        )
    coded = onnx.load_from_string(content)
    code_input(coded)
    with tempfile.TemporaryDirectory() as scratch:
        plain, small = Path(scratch) / "fp32.onnx", Path(scratch) / "int8.onnx"
        onnx.save(coded, plain)
        logging.disable(logging.WARNING)  # it advises a preprocessing that does nothing here
        try:
            quantize_dynamic(
                plain, small, op_types_to_quantize=["LSTM"], reduce_range=_REDUCED_WEIGHTS
            )
        finally:
            logging.disable(logging.NOTSET)
        model = onnx.load(small)
    if info.training.decoder == "projected":
        quantize_projected(model)
    measured = replay(Detector.from_bytes(_sealed(model, info), name))
    described = dataclasses.replace(
        info,
        tolerance=_MARGIN * max(measured.reconstruction, measured.score, measured.contribution),
        training=dataclasses.replace(info.training, precision="int8"),
    )
    return _sealed(model, described)


def _sealed(model: onnx.ModelProto, info: CapsuleInfo) -> bytes:
    del model.metadata_props[:]
    onnx.helper.set_model_props(
        model, {METADATA_KEY: info_to_json(info), DIGEST_KEY: digest.PLACEHOLDER}
    )
    return digest.seal(model.SerializeToString(deterministic=True))
