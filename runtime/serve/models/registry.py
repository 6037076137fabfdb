"""The capsules that are served: by name, the version that answers, and those before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stillwatch.runtime.capsule import opening
from stillwatch.runtime.detector import Detector
from stillwatch.runtime.errors import InputError
from stillwatch.runtime.forecasting.forecaster import Forecaster
from stillwatch.runtime.forecasting.info import forecasts
from stillwatch.runtime.serve.names import check_name
from stillwatch.runtime.serve.problems import RequestError

__all__ = ["Registry", "Served", "load_served", "named_capsules"]


@dataclass(frozen=True)
class Served:
    """A capsule under a name; version: "1" as given, higher ones by `stillwatch recalibrate`."""

    name: str
    version: str
    detector: Detector | None
    forecaster: Forecaster | None

    @property
    def digest(self) -> str:
        """The capsule's own digest."""
        model = self.detector.model if self.detector else self.forecaster and self.forecaster.model
        return model.digest if model else ""

    @property
    def channels(self) -> tuple[str, ...]:
        """The columns of `values`, in their order."""
        if self.detector is not None:
            return self.detector.info.channel_names
        return self.forecaster.info.columns if self.forecaster else ()


def load_served(content: bytes, name: str, version: str) -> Served:
    """Returns a capsule's bytes, loaded; raises CapsuleError for none of ours."""
    if forecasts(opening.open_graph(content, name)[1]):
        return Served(name, version, None, Forecaster.from_bytes(content, name))
    return Served(name, version, Detector.from_bytes(content, name), None)


def named_capsules(words: Sequence[str]) -> dict[str, bytes]:
    """Returns the capsules' bytes by name of `CAPSULE` and `NAME=CAPSULE`; raises InputError.

    Without a name it is the file's, without its ending.
    """
    result: dict[str, bytes] = {}
    for word in words:
        name, given, path = word.partition("=")
        if not given:
            name, path = Path(word).name.removesuffix(".onnx"), word
        check_name(name, "a model's name")
        if name in result:
            raise InputError(f"two capsules are called {name!r}: name them, as in NAME=CAPSULE")
        result[name] = opening.read_bytes(path)
    return result


class Registry:
    """What answers by which name. Reads need no lock: a version is replaced as a whole."""

    def __init__(self, served: Mapping[str, Served]) -> None:
        """served: by name; the first is the default of streams that name none."""
        self._served = dict(served)

    @property
    def names(self) -> tuple[str, ...]:
        """The names, the default first."""
        return tuple(self._served)

    def get(self, name: str | None, version: str | None = None) -> Served:
        """Returns the capsule that answers to a name, None for the default; raises 404."""
        name = self.names[0] if name is None else name
        value = self._served.get(name)
        if value is None or version not in (None, value.version):
            what = repr(name) if version is None else f"{name!r} in version {version!r}"
            raise RequestError(404, f"unknown model {what[:120]}")
        return value

    def replace(self, served: Served) -> None:
        """Lets another version answer to a name from now on."""
        self._served[served.name] = served
