"""Snapshots that are damaged, made up or of another model: refused in one line, nothing else."""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.calibrated import calibrated
from support.detectors import nab_rds, windowed
from support.repeat_vectors import detector_of, normal_rows
from support.series import cpu_like

from stillwatch.runtime import Detector, InputError
from stillwatch.runtime.arrays import AnyArray, Float64
from stillwatch.runtime.errors import SnapshotError
from stillwatch.runtime.streaming.snapshot import pack, unpack

MAGIC = b"stillwatch snapshot\n"
CASES: dict[str, tuple[Detector, dict[str, Any], Float64]] = {
    "rolling": (nab_rds("rolling(288)"), {"threshold": "rolling(0.9,60)"}, cpu_like(2)[:, None]),
    "fixed": (nab_rds("series"), {"mean": 20.0, "scale": 5.0}, cpu_like(2)[:, None]),
    "windowed": (windowed("joint", 3), {"stride": 7}, normal_rows(700, 3)),
}


def saved(case: str) -> bytes:
    detector, options, rows = CASES[case]
    stream = detector.stream(**options)
    stream.extend(rows[:318])
    return stream.snapshot()


def sealed(body: bytes) -> bytes:
    return body + hashlib.sha256(body).digest()


def with_header(header: Any, arrays: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return sealed(MAGIC + len(text).to_bytes(4, "little") + text + arrays)


def changed(case: str, **parts: Any) -> bytes:
    """A sealed snapshot with other figures and arrays; None takes one out, a function maps it."""
    figures, arrays = unpack("stream", saved(case))
    for name, part in parts.items():
        home: dict[str, Any] = arrays if name in arrays else figures
        assert name in home
        if part is None:
            del home[name]
        else:
            home[name] = part(home[name]) if callable(part) else part
    return pack("stream", figures, arrays)


def assert_refused(content: bytes, case: str = "fixed", match: str = ".") -> None:
    with pytest.raises(SnapshotError, match=match) as caught:
        CASES[case][0].stream(content)
    assert "\n" not in str(caught.value)


def test_every_flipped_byte() -> None:
    content = saved("fixed")
    for place in range(len(content)):
        for bit in (0, 7):
            flipped = bytearray(content)
            flipped[place] ^= 1 << bit
            assert_refused(bytes(flipped))


@pytest.mark.parametrize("case", CASES)
def test_cut_short_or_longer(case: str) -> None:
    content = saved(case)
    for length in {*range(0, len(content), 13), len(content) - 1, len(content) - 32}:
        assert_refused(content[:length], case)
    assert_refused(content + b"\0", case)
    assert_refused(content * 2, case)


@given(st.one_of(st.binary(), st.binary().map(MAGIC.__add__)))
def test_other_bytes(content: bytes) -> None:
    assert_refused(content)


@given(st.binary(max_size=80))
def test_other_bytes_with_a_seal(content: bytes) -> None:
    assert_refused(sealed(MAGIC + content))


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
SIZES = st.one_of(st.integers(-2, 5), st.sampled_from([2**31, 2**63, 10**30, True, 1.0, "2"]))
DESCRIBED = st.tuples(
    st.text(max_size=3),
    st.sampled_from(["<f4", "<f8", "|u1", "|O", "<U9", ">f4", "f4,f4", ""]),
    st.lists(SIZES, max_size=70),
).map(list)
HEADER = st.fixed_dictionaries(
    {
        "version": st.one_of(st.just(1), JSON),
        "kind": st.one_of(st.just("stream"), JSON),
        "figures": st.one_of(st.dictionaries(st.text(max_size=5), JSON, max_size=3), JSON),
        "arrays": st.one_of(st.lists(DESCRIBED, max_size=3), JSON),
    }
)


@settings(max_examples=max(400, settings().max_examples))
@given(header=st.one_of(HEADER, JSON), arrays=st.binary(max_size=40))
def test_any_header_is_read_or_refused(header: Any, arrays: bytes) -> None:
    content = with_header(header, arrays)
    with suppress(SnapshotError):
        figures, found = unpack("stream", content)
        assert isinstance(figures, dict)
        assert sum(array.nbytes for array in found.values()) <= len(arrays)
    assert_refused(content)  # it is of no model


@pytest.mark.parametrize(
    ("described", "fragment"),
    [
        *((["a", kind, [2]], "array of type") for kind in ("|O", ">f4", "<U2", "f4,f4", "<f2", 4)),
        *((["a", "<f4", shape], "array of type") for shape in ([-2], [2.0], [True], ["2"])),
        *(
            (["a", "<f4", shape], "larger than the snapshot")
            for shape in ([3], [10**30, 3], [2, 2])
        ),
        *((["a", "<f4", shape], "more bytes than") for shape in ([1], [0], [2, 0], [])),
        (["a", "<f4"], "not enough values"),
        (["a", "<f4", [2], 1], "too many values"),
    ],
    ids=str,
)
def test_array_that_does_not_fit_its_bytes(described: list[Any], fragment: str) -> None:
    header = {"version": 1, "kind": "stream", "figures": {}, "arrays": [described]}
    with pytest.raises(SnapshotError, match=fragment):
        unpack("stream", with_header(header, bytes(8)))


def test_another_model_kind_number_or_version() -> None:
    content = saved("fixed")
    assert_refused(content, "rolling", "of another model: load the capsule that it was made with")
    assert_refused(saved("windowed"), "fixed", "of another model")
    with pytest.raises(SnapshotError, match="of 1 streams, 2 were asked for"):
        CASES["fixed"][0].fleet(2, content)
    assert_refused(pack("watch", *unpack("stream", content)), match="of a stream, got .*'watch'")
    size = int.from_bytes(content[20:24], "little")
    header = json.loads(content[24 : 24 + size]) | {"version": 2}
    assert_refused(with_header(header, content[24 + size : -32]), match="version 2, .* reads 1")


@pytest.mark.parametrize(
    "options", [{"mean": 1.0, "scale": 1.0}, {"threshold": 3.0}, {"stride": 5}, {"mean": 1.0}]
)
def test_options_beside_a_snapshot(options: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="a snapshot or options, got both"):
        CASES["windowed"][0].stream(saved("windowed"), **options)


def nan(array: AnyArray) -> AnyArray:
    return array * np.nan


def flat(array: AnyArray) -> AnyArray:
    return array.ravel()


def longer(array: AnyArray) -> AnyArray:
    return np.concatenate([array] * 9, axis=1)


def deeper(array: AnyArray) -> AnyArray:
    return array[..., None]


def zero(array: AnyArray) -> AnyArray:
    return array * 0


ROWS = ("values", "mean", "scale")
WRONG: list[tuple[str, dict[str, Any]]] = [
    *(("fixed", {"position": at}) for at in (-1, 48, 10**30, 1.0, True, "1", [1], {})),
    *(("windowed", {"pending": at}) for at in (-1, 5, 10**30, 1.0, True, "1", [1], {})),
    *((case, {name: None}) for case in ("rolling", "fixed") for name in ("h", "c", "position")),
    *(("windowed", {name: None}) for name in (*ROWS, "pending", "begun", "stride", "fixed_scale")),
    *(("rolling", {n: None}) for n in ("history", "recent", "answered", "finished", "policy")),
    *(("windowed", {"stride": at}) for at in ("x", [], {})),
    *(("fixed", {name: change}) for name in ("h", "c") for change in (flat, longer, deeper)),
    *(("rolling", {n: change}) for n in ("history", "recent") for change in (nan, flat, deeper)),
    *(("windowed", {name: change}) for name in ROWS for change in (nan, flat, longer, deeper)),
    ("windowed", dict.fromkeys(ROWS, flat)),
]
# What would do harm later, or raise something else.
HARMFUL: list[tuple[str, dict[str, Any]]] = [
    *((case, {"policy": at}) for case in CASES for at in ("x", "1e39", [], "tail(1/week,300s)x")),
    *(("windowed", {"stride": at}) for at in (0, -1, 21, 10**30, 1.5, True)),
    *((case, {"answered": at}) for case in CASES for at in (-1, 1.5, True)),
    *((case, {"finished": at}) for case in CASES for at in ("false", 0, [])),
    *(("windowed", {"begun": at}) for at in ("true", 1, [])),
    *(("fixed", {name: nan}) for name in ("h", "c", "fixed_mean", "fixed_scale")),
    *(("fixed", {n: c}) for n in ("fixed_mean", "fixed_scale") for c in (flat, longer, deeper)),
    *((case, {"fixed_scale": zero}) for case in ("fixed", "windowed")),
    *((case, {"fixed_mean": None}) for case in ("fixed", "windowed")),
    *(("rolling", {name: longer}) for name in ("history", "recent")),
    ("windowed", dict.fromkeys(ROWS, deeper)),
    ("windowed", {"scale": zero}),
]


def named(cases: list[tuple[str, dict[str, Any]]]) -> Callable[[Any], Any]:
    def name(change: object) -> str:
        return getattr(change, "__name__", repr(change))

    ids = [f"{case}-{'-'.join(f'{k}:{name(v)}' for k, v in c.items())}" for case, c in cases]
    return pytest.mark.parametrize(("case", "change"), cases, ids=ids)


@named(WRONG)
def test_sealed_but_wrong(case: str, change: dict[str, Any]) -> None:
    assert_refused(changed(case, **change), case, "does not fit its schema")


@named(HARMFUL)
def test_sealed_and_harmful(case: str, change: dict[str, Any]) -> None:
    assert_refused(changed(case, **change), case, "does not fit its schema")


FIGURES = ("stride", "policy", "answered", "finished", "position", "pending", "begun", "streams")


@settings(max_examples=max(300, settings().max_examples))
@given(data=st.data())
def test_any_figures_and_arrays_go_on_or_are_refused(data: st.DataObject) -> None:
    case = data.draw(st.sampled_from(sorted(CASES)))
    detector, _, rows = CASES[case]
    figures, arrays = unpack("stream", saved(case))
    name = data.draw(st.sampled_from(sorted({*arrays} | {*FIGURES} & {*figures})))
    if name in arrays:
        shape = data.draw(st.lists(st.integers(0, 4), max_size=4))
        number = data.draw(st.sampled_from([0.0, 1.0, -1.0, np.nan, np.inf, 1e38]))
        arrays[name] = np.full(shape, number, data.draw(st.sampled_from(["<f4", "<f8"])))
    else:
        figures[name] = data.draw(st.one_of(st.none(), st.booleans(), st.integers(), st.text()))
    with suppress(SnapshotError):
        stream = detector.stream(pack("stream", figures, arrays))
        if not figures["finished"]:
            assert np.isfinite(stream.extend(rows[318:360]).score).all() or stream.warm_up


@pytest.mark.parametrize("streams", [1, 3])
def test_an_account_without_debt_is_of_an_older_release(streams: int) -> None:
    detector = detector_of(calibrated(normal_rows(800, 4), period=60.0).content)
    rows = np.stack([normal_rows(100, 4, seed=seed) for seed in range(streams)])
    fleet = detector.fleet(streams, threshold="budget(5/week)")
    fleet.update(rows[:, 0])
    kind = "stream"
    figures, arrays = unpack(kind, fleet.snapshot())
    assert detector.fleet(streams, pack(kind, figures, arrays)).snapshot() == fleet.snapshot()
    del arrays["judge.account.debt"]
    with pytest.raises(SnapshotError) as caught:
        detector.fleet(streams, pack(kind, figures, arrays))
    assert str(caught.value) == (
        "the snapshot does not fit its schema: it has no judge.account.debt: an older stillwatch "
        "wrote it; start afresh without it"
    )
