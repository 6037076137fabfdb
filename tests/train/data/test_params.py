"""The .params parser: what MXNet writes is read, and nothing else gets through."""

import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.checkpoints import array_bytes, make_checkpoint, params_bytes, random_weights

from stillwatch.runtime.arrays import AnyArray
from stillwatch.runtime.errors import CheckpointError
from stillwatch.train.data.params import parse_params, read_params

MOST_MEMORY = 64 * 1024  # bytes; a file of a few hundred that claims exabytes may cost no more

ARRAYS: dict[str, AnyArray] = {
    "float32": np.arange(6, dtype=np.float32).reshape(2, 3) / 7,
    "float64": np.array([[[1e300, -0.0]]]),
    "float16": np.array([1.5, -2.5], np.float16),
    "uint8": np.arange(5, dtype=np.uint8),
    "int32": np.array([[-(2**31)], [2**31 - 1]], np.int32),
    "int8": np.full((1, 1, 1, 2), -7, np.int8),
    "int64": np.array([2**62, -5]),
    "name ünd more": np.ones((3, 1), np.float32),
}
SMALL = params_bytes(random_weights(make_checkpoint()))
HEADER = struct.pack("<QQ", 0x112, 0)
ONE = HEADER + struct.pack("<Q", 1)
NAMED_A = struct.pack("<QQ", 1, 1) + b"a"
VALUES = np.arange(4, dtype=np.float32)


def assert_refused(content: bytes, saying: str) -> None:
    with pytest.raises(CheckpointError, match=saying) as caught:
        parse_params(content, "some.params")
    assert str(caught.value).startswith("some.params")
    assert "\n" not in str(caught.value)


def test_equal_to_mxnet(tmp_path: Path) -> None:
    from stillwatch.train.data.mxnet_compat import mx

    path = str(tmp_path / "a.params")
    made = {name: mx.nd.from_numpy(a, zero_copy=False) for name, a in ARRAYS.items()}
    made["bool"] = made["uint8"].astype("bool")
    mx.nd.save(path, made)
    read, expected = read_params(path), mx.nd.load(path)
    assert list(read) == list(made)
    for name, array in expected.items():
        assert read[name].dtype == array.dtype
        np.testing.assert_array_equal(read[name], array.asnumpy())
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(read[name], array)


def test_equal_to_gluon(tmp_path: Path) -> None:
    from stillwatch.train.data.mxnet_compat import mx
    from stillwatch.train.families.nab_rds.network import NabRds

    net = NabRds(3)
    net.initialize(mx.init.Normal(1))
    net.save_parameters(str(tmp_path / "net.params"))
    read = read_params(tmp_path / "net.params")
    held = net._collect_params_with_prefix()
    assert set(read) == set(held) == set(random_weights(make_checkpoint(units=3)))
    for name, parameter in held.items():
        np.testing.assert_array_equal(read[name], parameter.data().asnumpy())


def test_numpy_shapes(tmp_path: Path) -> None:
    from stillwatch.train.data.mxnet_compat import mx

    path = str(tmp_path / "v3.params")
    with mx.util.np_shape(True):
        mx.nd.save(path, {"scalar": mx.nd.full((), 2.5), "vector": mx.nd.full((2,), 1.5)})
    assert bytes.fromhex("cafa93f9") in Path(path).read_bytes()  # V3, not V2
    read = read_params(path)
    assert (read["scalar"].shape, float(read["scalar"])) == ((), 2.5)
    np.testing.assert_array_equal(read["vector"], [1.5, 1.5])


def test_own_writer_is_mxnets(tmp_path: Path) -> None:
    from stillwatch.train.data.mxnet_compat import mx

    made = {name: mx.nd.from_numpy(a, zero_copy=False) for name, a in ARRAYS.items()}
    mx.nd.save(str(tmp_path / "a"), made)
    assert params_bytes(ARRAYS) == (tmp_path / "a").read_bytes()


def test_arrays_are_own_and_writable() -> None:
    array = parse_params(SMALL)["dense.bias"]
    assert array.flags.writeable
    assert array.flags.owndata or array.base.flags.owndata


def test_every_truncation_refused() -> None:
    assert len(parse_params(SMALL)) == 6
    for length in range(len(SMALL)):
        assert_refused(SMALL[:length], r"cut short or damaged: it claims \d+")


@pytest.mark.parametrize("count", [1, 9, 1000])
def test_trailing_bytes_refused(count: int) -> None:
    assert_refused(SMALL + bytes(count), f"{count} bytes after its end")


CLAIMS = {
    "arrays": (HEADER + struct.pack("<Q", 2**60), f"claims {2**60} entries"),
    "ndim": (ONE + array_bytes(VALUES, ndim=2**31 - 1), "2147483647 dimensions"),
    "ndim just too many": (ONE + array_bytes(VALUES, shape=(1,) * 9), "9 dimensions"),
    "negative ndim": (ONE + array_bytes(VALUES, ndim=-1), "-1 dimensions"),
    "dimension": (ONE + array_bytes(VALUES, shape=(2**40,)), f"claims {2**42} bytes"),
    "dimensions": (ONE + array_bytes(VALUES, shape=(2**40,) * 8), f"claims {2**322} bytes"),
    "product of 0 in 64 bits": (ONE + array_bytes(VALUES, shape=(2**32,) * 2), f"claims {2**66}"),
    "negative": (ONE + array_bytes(VALUES, shape=(-4,)), r"shape \(-4,\)"),
    "two negatives": (ONE + array_bytes(VALUES, shape=(-2, -2)), r"shape \(-2, -2\)"),
    "zero": (ONE + array_bytes(VALUES, shape=(0,)), r"shape \(0,\)"),
    "names": (ONE + array_bytes(VALUES) + struct.pack("<Q", 2**60), "entries"),
    "name": (ONE + array_bytes(VALUES) + struct.pack("<QQ", 1, 2**62), f"claims {2**62} bytes"),
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_absurd_claim_costs_nothing(claim: str) -> None:
    content, saying = CLAIMS[claim]
    content += bytes(64)
    tracemalloc.start()
    try:
        assert_refused(content, saying)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MOST_MEMORY


@pytest.mark.parametrize(
    ("array", "saying"),
    [
        (array_bytes(VALUES, magic=0xF993FAC8), "magic 0xf993fac8"),  # V1, before sparse arrays
        (array_bytes(VALUES, magic=4), "magic 0x4"),  # the oldest, whose magic is ndim
        (array_bytes(VALUES, storage=1), "storage 1"),  # row_sparse
        (array_bytes(VALUES, storage=2), "storage 2"),  # csr
        (array_bytes(VALUES, storage=-1), "storage -1"),
        (array_bytes(VALUES, flag=12), "type flag 12"),  # bfloat16
        (array_bytes(VALUES, flag=-1), "type flag -1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_kinds_refused(array: bytes, saying: str) -> None:
    parse_params(ONE + array_bytes(VALUES) + NAMED_A)
    assert_refused(ONE + array + NAMED_A, saying)


def test_sparse_file_of_mxnets_refused(tmp_path: Path) -> None:
    from stillwatch.train.data.mxnet_compat import mx

    path = tmp_path / "sparse"
    mx.nd.save(str(path), {"a": mx.nd.ones((3, 2)).tostype("row_sparse")})
    assert_refused(path.read_bytes(), "storage 1")


@pytest.mark.parametrize("names", [[], [b"a"], [b"a", b"a"], [b"a", b"b", b"c"]])
def test_names_that_do_not_match_arrays(names: list[bytes]) -> None:
    tail = b"".join(struct.pack("<Q", len(name)) + name for name in names)
    content = HEADER + struct.pack("<Q", 2) + 2 * array_bytes(VALUES)
    assert_refused(content + struct.pack("<Q", len(names)) + tail, "a name of its own for each")


def test_name_that_is_not_text() -> None:
    content = ONE + array_bytes(VALUES) + struct.pack("<QQ", 1, 2) + b"\xff\xfe"
    assert_refused(content, "not UTF-8")


@pytest.mark.parametrize("content", [b"PK\x03\x04" * 8, bytes(32), b"\x12\x01" + b"\1" * 30])
def test_unrelated_file(content: bytes) -> None:
    assert_refused(content, "is not an MXNet .params file")


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"cannot read .*none\.params: No such file"):
        read_params(tmp_path / "none.params")


def parses_or_refuses(content: bytes) -> None:
    try:
        arrays = parse_params(content)
    except CheckpointError as error:
        assert "\n" not in str(error)  # noqa: PT017  (a parse is as good as an error)
    else:
        assert sum(array.nbytes for array in arrays.values()) < len(content)


@given(st.binary(max_size=400), st.booleans())
@example(b"", False)
def test_random_bytes(content: bytes, headed: bool) -> None:
    parses_or_refuses(HEADER + content if headed else content)


INTERESTING = st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]) | st.integers(0, 255)


@given(
    st.sampled_from([SMALL, params_bytes(ARRAYS)]),
    st.lists(st.tuples(st.integers(0, 10**6), INTERESTING), min_size=1, max_size=8),
    st.integers(0, 10**6),
    st.binary(max_size=12),
)
def test_mutated_files(
    content: bytes, bytes_set: list[tuple[int, int]], place: int, put: bytes
) -> None:
    mutated = bytearray(content)
    for at, value in bytes_set:
        mutated[at % len(mutated)] = value
    at = place % len(mutated)
    parses_or_refuses(bytes(mutated[:at] + put + mutated[at:]))
    parses_or_refuses(bytes(mutated))
