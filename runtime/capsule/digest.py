"""The digest that a capsule carries of itself.

The digest cannot cover its own text, so it is computed with 64 zeros in its
place, and those zeros are then overwritten. Checking it reverses that. It is
checked before the bytes reach onnxruntime: a flipped bit in a weight would
load without complaint and score wrongly.
"""

import hashlib
import re

from stillwatch.runtime.errors import CapsuleError

__all__ = ["PLACEHOLDER", "check", "of", "seal"]

_PREFIX = b"stillwatch-sha256:"
_MARK = re.compile(re.escape(_PREFIX) + rb"([0-9a-f]{64})")
PLACEHOLDER = (_PREFIX + b"0" * 64).decode()


def seal(content: bytes) -> bytes:
    """Returns `content` with its one PLACEHOLDER replaced by the digest of the rest."""
    start, end = _digest_span(content)
    blank = content[:start] + b"0" * 64 + content[end:]
    return content[:start] + hashlib.sha256(blank).hexdigest().encode() + content[end:]


def of(content: bytes) -> str:
    """Returns the digest that `content` carries, in hex."""
    start, end = _digest_span(content)
    return content[start:end].decode()


def check(content: bytes, name: str) -> None:
    """Raises CapsuleError unless `content` is what was sealed; `name` is for the message."""
    start, end = _digest_span(content, name)
    if seal(content)[start:end] != content[start:end]:
        raise CapsuleError(
            f"{name} is damaged: its content does not match the digest it carries; "
            "copy or export it again"
        )


def _digest_span(content: bytes, name: str = "the capsule") -> tuple[int, int]:
    marks = list(_MARK.finditer(content))
    if len(marks) != 1:
        raise CapsuleError(
            f"{name} is not a stillwatch capsule, or is cut short: expected one digest in it, "
            f"found {len(marks)}; make one with 'stillwatch export'"
        )
    return marks[0].span(1)
