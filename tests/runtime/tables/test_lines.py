"""CSV lines of a stream: their form is recognised as a file's is, and goes on from a state."""

import pytest

from stillwatch.runtime import InputError
from stillwatch.runtime.tables.lines import CsvLines


def test_the_first_lines_show_delimiter_and_decimal_mark() -> None:
    lines = CsvLines(None, None)
    assert lines.first("sep=;") is None
    assert lines.first("temp;load") == ["temp", "load"]
    assert lines.decimal is None  # names show none
    assert lines.cells("1;2") == ["1", "2"]
    assert lines.cells("1,5;2") == ["1,5", "2"]
    assert (lines.delimiter, lines.decimal) == (";", ",")


def test_names_behind_a_hash_stand_above_numbers_only() -> None:
    lines = CsvLines(None, None)
    assert lines.first("# temp,load") is None
    cells = lines.first("1,2")
    assert cells == ["1", "2"]
    assert lines.names_above(cells) == ["temp", "load"]
    lines = CsvLines(None, None)
    assert lines.first("# of a plant, of ours") is None
    cells = lines.first("temp,load")
    assert cells is not None
    assert lines.names_above(cells) is None


def test_a_state_goes_on_in_the_same_form() -> None:
    lines = CsvLines(None, None)
    lines.first("temp|load")
    lines.cells("1,25|2")
    again = CsvLines(None, None)
    again.restore(lines.state())
    assert again.cells("3,25|4") == ["3,25", "4"]
    assert again.decimal == ","
    again.restore({})  # of a stillwatch that knew commas and points alone
    assert again.cells("3,4") == ["3", "4"]
    assert again.decimal == "."


def test_what_may_be_thousands_is_refused() -> None:
    lines = CsvLines(";", None)
    with pytest.raises(InputError, match="may have a decimal comma or thousands: --decimal"):
        lines.cells("1,250;2")
