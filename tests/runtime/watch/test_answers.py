"""How figures are told: nine digits, one by one or many at once."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.runtime.watch.answers import rounded, rounded_list


@given(st.lists(st.floats(width=32)))
def test_many_at_once_are_as_one_by_one(figures: list[float]) -> None:
    expected = [None if math.isnan(figure) else rounded(figure) for figure in figures]
    assert rounded_list(np.array(figures, np.float32)) == expected
