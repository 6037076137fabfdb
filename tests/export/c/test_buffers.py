"""Buffers that share their place: never two that are needed at once."""

import pytest

from stillwatch.export.c.buffers import shared

_HEAD = "static void f(const float a[1], float out[1]) {\n"
_BODY = """    float tmp0_a[100];
    double tmp1_b[10];
    float tmp2_c[90];
    bool tmp3_d[3];
    float tmp4_never[7];
    node0(a, tmp0_a);
    node1(tmp0_a, tmp1_b);
    node2(tmp1_b, tmp2_c);
    node3(tmp2_c, tmp3_d);
    node4(tmp3_d, tmp1_b, out);
"""


def test_what_is_no_longer_read_makes_room_for_the_next() -> None:
    text, size = shared(f"before\n{_HEAD}{_BODY}}}\nafter\n", "f")
    assert size == 400 + 80 + 8  # tmp2 where tmp0 was; tmp1 is read again at the end
    assert "union { float tmp0_a[100]; float tmp2_c[90]; } shared0;" in text
    assert "    node1(shared0.tmp0_a, tmp1_b);" in text
    assert "    node2(tmp1_b, shared0.tmp2_c);" in text
    assert "    node4(tmp3_d, tmp1_b, out);" in text
    assert "tmp4_never" not in text
    assert text.startswith("before\n")
    assert text.endswith("}\nafter\n")


@pytest.mark.parametrize("odd", ["    if (a[0] > 0) {", "    float *tmp9_p = malloc(4);"])
def test_a_function_of_another_form_stays_as_it_is(odd: str) -> None:
    text = f"{_HEAD}{_BODY}{odd}\n}}\n"
    assert shared(text, "f") == (text, 400 + 80 + 360 + 8 + 32)
