"""Numbers and texts as C writes them, to the bit."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from stillwatch.runtime.arrays import Float32, Float64
from stillwatch.runtime.scoring.precision import inside_range
from stillwatch.runtime.scoring.scaling import Moments

__all__ = ["FILTERS", "range_of"]

_PLAIN = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\", "?": "\\?"}


def range_of(mean: Iterable[float], scale: Iterable[float]) -> tuple[Float32, Float32]:
    """Returns the lowest and highest floats that are fed as they are, by channel."""
    low, high = inside_range(Moments(np.array([list(mean)]), np.array([list(scale)])))
    return -_rounded_down(-low[0]), _rounded_down(high[0])


def _rounded_down(numbers: Float64) -> Float32:
    """Returns the largest floats that are not above numbers in double precision."""
    largest = np.finfo(np.float32).max
    nearest = np.clip(numbers, -np.inf, largest).astype(np.float32)
    return np.where(nearest > numbers, np.nextafter(nearest, np.float32(-np.inf)), nearest)


def _float(number: float) -> str:
    return _number(f"{np.float32(number):.9g}") + "f"


def _double(number: float) -> str:
    return _number(f"{float(number):.17g}")


def _number(digits: str) -> str:
    if digits == "nan":
        return "NAN"
    if digits in ("inf", "-inf"):
        return digits.replace("inf", "HUGE_VAL")
    return digits if set(digits) & set(".e") else f"{digits}.0"


def _text(text: str) -> str:
    """Returns a C string of a text, as UTF-8; what is not plain goes by octal escapes."""
    return '"' + "".join(map(_letter, text)) + '"'


def _letter(letter: str) -> str:
    if letter in _PLAIN:
        return _PLAIN[letter]
    if letter.isascii() and letter.isprintable():
        return letter
    return "".join(f"\\{byte:03o}" for byte in letter.encode())


FILTERS: Mapping[str, Callable[..., str]] = {
    "c_float": _float,
    "c_double": _double,
    "c_floats": lambda numbers: ", ".join(map(_float, numbers)),
    "c_doubles": lambda numbers: ", ".join(map(_double, numbers)),
    "c_flags": lambda flags: ", ".join(str(int(flag)) for flag in flags),
    "c_text": _text,
}
