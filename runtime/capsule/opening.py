"""Opening a capsule: bytes, digest, metadata, session."""

import hashlib
from pathlib import Path

import onnxruntime

from stillwatch.runtime.capsule import digest
from stillwatch.runtime.capsule.graph import read_graph
from stillwatch.runtime.capsule.info import JUDGED, METADATA_KEY, CapsuleInfo, required_outputs
from stillwatch.runtime.capsule.reading import info_from_json
from stillwatch.runtime.errors import CapsuleError, InputError, first_line

__all__ = ["FATAL_ONLY", "open_graph", "open_session", "open_step", "read_bytes", "shipped"]

# A path, not importlib.resources, which would import what unpacks archives: onnxruntime's libraries
# cannot be in one.
_SHIPPED = Path(__file__).resolve().parents[1] / "models"
FATAL_ONLY = 4  # onnxruntime's warnings are of what is meant, and its errors come as exceptions


def shipped() -> tuple[str, ...]:
    """Returns the names of the capsules that the package brings along, sorted."""
    names = (entry.name for entry in _SHIPPED.iterdir())
    return tuple(sorted(name.removesuffix(".onnx") for name in names if name.endswith(".onnx")))


def _meant(model: str | Path) -> str:
    import difflib  # for the message alone, and the first score waits for what is imported

    name = str(model).casefold().replace("_", "-")
    near = difflib.get_close_matches(name, shipped(), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def read_bytes(model: str | Path, *, sha256: str | None = None) -> bytes:
    """Returns the content of a capsule, given its path or the name of a shipped one.

    sha256: the digest that the whole file must have, in hex. Raises InputError
    where there is no such file, CapsuleError where the content is not what was
    sealed at export, or not the file that was meant.
    """
    path = Path(model)
    try:
        if path.is_file():
            content = path.read_bytes()
        elif str(model) in shipped():
            content = (_SHIPPED / f"{model}.onnx").read_bytes()
        else:
            raise InputError(
                f"no capsule {str(model)!r}: there is no such file, and the capsules that come "
                f"with stillwatch are {', '.join(shipped())}{_meant(model)}"
            )
    except OSError as error:
        raise InputError(f"cannot read {model}: {error.strerror}") from error
    digest.check(content, str(model))
    if sha256 is not None:
        result = hashlib.sha256(content).hexdigest()
        if sha256.strip().lower() != result:
            raise CapsuleError(f"{model} is another file: expected sha256 {sha256}, got {result}")
    return content


def open_session(
    content: bytes, name: str, *, threads: int = 1
) -> tuple[onnxruntime.InferenceSession, CapsuleInfo]:
    """Returns an onnxruntime session over a detector's bytes and what it says of itself."""
    session, metadata = open_graph(content, name, threads=threads)
    info = info_from_json(metadata, name)
    missing = set(required_outputs(info.schema)) | set(JUDGED if info.graph_judge else ())
    missing -= {port.name for port in session.get_outputs()}
    if missing:
        raise CapsuleError(f"{name} lacks the outputs {', '.join(sorted(missing))}")
    return session, info


def open_graph(
    content: bytes, name: str, *, threads: int = 1
) -> tuple[onnxruntime.InferenceSession, str]:
    """Returns an onnxruntime session over any capsule's bytes, and its metadata as text."""
    try:
        model = read_graph(content)
    except ValueError as error:
        raise CapsuleError(
            f"{name} is not a graph as a capsule has it: {error}; make one with 'stillwatch export'"
        ) from error
    metadata = {entry.get("key"): entry.get("value", "") for entry in model["metadata"]}
    if METADATA_KEY not in metadata:
        raise CapsuleError(f"{name} has no stillwatch metadata; make one with 'stillwatch export'")
    try:
        session = _session(content, _options(threads))
    except Exception as error:  # onnxruntime's exceptions share no base but Exception
        raise CapsuleError(f"{name} does not load in onnxruntime: {first_line(error)}") from error
    return session, str(metadata[METADATA_KEY])


def open_step(content: bytes) -> onnxruntime.InferenceSession:
    """Returns a session over an opened capsule's bytes for one row of one series a call.

    With these lengths known, onnxruntime decides once which branch of the
    graph that is, and drops the other. Operators and their order are those of
    any other call, and so are the answers, to the bit.
    """
    options = _options(threads=1)
    for length in ("batch", "time"):
        options.add_free_dimension_override_by_name(length, 1)
    options.enable_cpu_mem_arena = False  # a step's tensors are a few numbers each
    return _session(content, options)


def _options(threads: int) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = FATAL_ONLY
    return options


def _session(content: bytes, options: onnxruntime.SessionOptions) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
