"""Bytes put, cut and copied at drawn places, as what attacks a reader of files wants them."""

from collections.abc import Sequence

__all__ = ["damaged"]


def damaged(
    content: bytes,
    put: Sequence[tuple[int, int]],
    cut: tuple[int, int],
    copied: tuple[int, int, int],
    most: int | None = None,
) -> bytes:
    """Returns `content` with bytes put at places, then some cut out, then some copied elsewhere.

    put: places and bytes. cut: a place, and how many. copied: from, to, and how
    many. A place counts round the first `most` bytes; without it, round what there is by then.
    """
    result = bytearray(content)
    for place, value in put:
        result[place % (most or len(result))] = value
    start = cut[0] % (most or len(result))
    del result[start : start + cut[1]]
    source, target = (place % (most or len(result)) for place in copied[:2])
    result[target:target] = result[source : source + copied[2]]
    return bytes(result)
