"""The parts of a page: decimation that keeps extremes, axes, panels, strips, tables."""

import base64
import re
import zlib

import numpy as np
import pytest
from matplotlib.figure import Figure

from stillwatch.runtime.report import page
from stillwatch.runtime.report.decimation import decimated, strongest
from stillwatch.runtime.report.panel import Line, Panel, row_axis
from stillwatch.runtime.report.strip import strip
from stillwatch.runtime.report.ticks import as_figure, round_ticks, row_ticks


def test_a_long_series_keeps_each_columns_extremes() -> None:
    series = np.random.default_rng(0).normal(size=12_300)
    series[777], series[9_999] = 50, -60  # one row each: a mean would lose them
    places, values = decimated(series, 100)
    assert len(places) == len(values) == 200
    assert values.max() == 50
    assert values.min() == -60
    columns = np.array_split(series, 100)
    assert np.array_equal(np.sort(values.reshape(100, 2)), [[c.min(), c.max()] for c in columns])
    assert (np.diff(places) >= 0).all()
    assert 0 <= places[0] < places[-1] < len(series)


def test_a_short_series_is_drawn_as_it_is_and_nan_stays_nan() -> None:
    series = np.array([1.0, np.nan, 3.0])
    places, values = decimated(series)
    assert places.tolist() == [0, 1, 2]
    assert np.array_equal(values, series, equal_nan=True)
    gap = np.full(10_000, np.nan)
    gap[5_000:] = 7
    kept = decimated(gap, 100)[1]
    assert np.isnan(kept[:100]).all()
    assert (kept[100:] == 7).all()


def test_the_strongest_part_of_a_column_is_kept() -> None:
    parts = np.zeros((10_000, 2))
    parts[4_321, 1] = 9
    assert strongest(parts, 50).max(axis=1).tolist() == [0, 9]


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [(0, 10, [0, 5, 10]), (6.2, 27, [10, 20]), (-0.013, 0.041, [0, 0.02, 0.04]), (3, 3, [3])],
)
def test_an_axis_is_marked_at_round_numbers(low: float, high: float, marks: list[float]) -> None:
    assert round_ticks(low, high) == pytest.approx(marks)


def test_rows_are_called_by_their_labels_or_their_numbers() -> None:
    assert row_ticks(101, None, first=200)[0] == (0.0, "row 201")
    assert row_ticks(101, None, first=200)[-1] == (1.0, "row 301")
    labels = [f"2026-03-02T00:{m:02}:17.123" for m in range(60)]
    assert [text for _, text in row_ticks(60, labels)][-1] == "2026-03-02T00:59"
    assert len(row_ticks(1, None)) == 1
    assert 'class="between"' in row_axis(9, None)


def test_figures_are_short() -> None:
    values = (1234567.0, 45_000.0, 0.0123456, 2.5e9)
    assert [as_figure(value) for value in values] == ["1.235M", "45k", "0.01235", "2.5G"]


def test_a_panel_breaks_its_line_where_there_is_nothing() -> None:
    values = np.array([1.0, 2.0, np.nan, 2.0, 1.0])
    drawn = Panel(title="a <b>", lines=[Line(values, "value")], rows=5, spans=[(1, 1)]).html()
    assert "a &lt;b&gt;" in drawn
    (path,) = re.findall(r'class="line value" d="([^"]*)"', drawn)
    assert (path.count("M"), path.count("L")) == (2, 2)
    (shade,) = re.findall(r'class="shade" x="([\d.]+)"[^>]*width="([\d.]+)"', drawn)
    assert float(shade[0]) == 250  # the second of five rows, in thousandths of the width
    assert float(shade[1]) > 0  # an event of one row is seen, too


def test_a_panel_of_scores_far_apart_is_logarithmic() -> None:
    scores = np.ones(1000)
    scores[500] = 1e4
    flat = Panel(title="", lines=[Line(scores, "score")], rows=1000).html()
    logarithmic = Panel(title="", lines=[Line(scores, "score")], rows=1000, log=True).html()
    assert ">5000<" in flat
    assert [f">{mark}<" in logarithmic for mark in ("0.1", "10", "1000")] == [True] * 3


@pytest.mark.parametrize("values", [[np.nan] * 3, [0.0] * 3, [-5.0] * 3], ids=str)
def test_a_panel_without_a_span_of_values_is_drawn_all_the_same(values: list[float]) -> None:
    drawn = Panel(title="", lines=[Line(np.array(values), "score")], rows=3, log=True).html()
    assert "nan" not in drawn
    assert "inf" not in drawn


def test_a_strip_is_a_picture_whose_opacity_is_the_share() -> None:
    drawn = strip(np.array([[0.0, 4.0], [1.0, 0.0]]), ["a", '"b"'], "parts")
    assert "&quot;b&quot;" in drawn
    content = base64.b64decode(re.findall(r"base64,([^\"]+)", drawn)[0])
    data = content[content.index(b"IDAT") + 4 : content.index(b"IEND") - 8]
    lines = np.frombuffer(zlib.decompress(data), np.uint8).reshape(2, 9)
    assert lines[:, 1:].reshape(2, 2, 4)[..., 3].tolist() == [[0, 128], [255, 0]]


def test_a_tables_cells_know_their_headings_and_markup_is_escaped() -> None:
    drawn = page.table(["", "<head>"], [["a", "<script>"]])
    assert '<td data-label="&lt;head&gt;">&lt;script&gt;</td>' in drawn
    with pytest.raises(ValueError, match="zip"):
        page.table(["one"], [["a", "b"]])


def test_a_matplotlib_picture_takes_the_pages_colours_twice() -> None:
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="#0072B2", label="line")
    axes.legend()
    drawn = page.picture(figure, "a <caption>")
    assert drawn.count("<svg") == 2
    assert "#000000" not in drawn
    assert "currentColor" in drawn
    assert "a &lt;caption&gt;" in drawn
    ids = re.findall(r' id="([^"]+)"', drawn)
    assert len(ids) == len(set(ids))  # or one picture would be drawn with the other's parts
