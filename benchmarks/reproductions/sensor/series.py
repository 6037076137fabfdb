"""What the sensor family is judged on: a machine of 38 metrics, and one temperature."""

from collections.abc import Callable
from dataclasses import dataclass

from stillwatch.train.data.sets import Machine, load_nab, load_smd
from stillwatch.train.data.sets.smd import Incident
from stillwatch.train.data.tables.recording import Recording
from stillwatch.train.families.sensor.config import SensorConfig

__all__ = ["SUBJECTS", "Subject", "load_subject"]

_TEMPERATURE = "realKnownCause/machine_temperature_system_failure.csv"
_TRAINING_SHARE = 0.6  # of the temperature's rows, less its labelled windows; the rest is the test


@dataclass(frozen=True, kw_only=True)
class Subject:
    """recording: the rows to train on. machine: the same rows, and the test with its labels."""

    name: str
    recording: Recording
    machine: Machine
    config: SensorConfig


def load_subject(name: str) -> Subject:
    """Returns the subject of this name, one of SUBJECTS; raises DataError."""
    return SUBJECTS[name]()


def _machine() -> Subject:
    machine = load_smd("2-1")
    channels = tuple(f"channel_{i + 1}" for i in range(machine.train.shape[1]))
    return Subject(
        name="SMD 2-1",
        recording=Recording(name="SMD 2-1", channels=channels, segments=(machine.train,)),
        machine=machine,
        config=SensorConfig(batch=32, epochs=40, learning_rate=2e-3),
    )


def _temperature() -> Subject:
    """Returns NAB's machine temperature, its own labelled windows cut out of the training rows.

    Its times run backward once, by an hour of daylight saving, so rows are counted instead.
    """
    series = load_nab(_TEMPERATURE)
    end = int(len(series.values) * _TRAINING_SHARE)
    recording = Recording(
        name="NAB machine temperature",
        channels=("temperature",),
        segments=series.normal_segments(end),
    )
    machine = Machine(
        name="temperature",
        train=recording.joined(),
        test=series.values[end:, None],
        labels=series.in_windows()[end:],
        incidents=tuple(
            Incident(first - end, last + 1 - end, (0,))
            for first, last in series.windows
            if first >= end
        ),
    )
    return Subject(
        name=recording.name,
        recording=recording,
        machine=machine,
        config=SensorConfig(units=32, batch=32, epochs=40, learning_rate=2e-3),
    )


SUBJECTS: dict[str, Callable[[], Subject]] = {"2-1": _machine, "temperature": _temperature}
