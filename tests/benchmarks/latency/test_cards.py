import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
from support.cards import SPANS, make_card

from stillwatch.benchmarks.latency.cards.card import Card, Parity
from stillwatch.benchmarks.latency.cards.card_file import read_card, write_card
from stillwatch.benchmarks.latency.cards.compare import compare_cards, disagreements
from stillwatch.benchmarks.latency.cards.kinds import CARDS, cards_in
from stillwatch.benchmarks.latency.cards.ratios import faster, quoted_ratios
from stillwatch.benchmarks.latency.pages.latency_tables import network_rows, summary
from stillwatch.benchmarks.latency.pages.page import write_report
from stillwatch.runtime import InputError
from stillwatch.runtime.cli.main import main

ROOT = Path(__file__).resolve().parents[3]
ONE = ("student", "onnxruntime")


def saved(folder: Path, name: str, card: Card) -> str:
    path = folder / f"{name}.json"
    write_card(path, card)
    return str(path)


def test_a_card_comes_back_as_it_was_written(tmp_path: Path) -> None:
    card = make_card(command="stillwatch bench --out 'odd [1,  2]'")
    path = Path(saved(tmp_path, "card", card))
    assert read_card(path) == card
    lines = path.read_text().splitlines()
    assert any(line.count(",") == 6 for line in lines), "a round's figures are not on one line"


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        (("schema",), 1, "no latency card of schema 2 or 3: it says 1"),
        (("threads",), "one", r"card.threads: expected int, got 'one'"),
        (("threads",), True, r"card.threads: expected int, got 'True'"),
        (("machine", "load"), None, "card.machine.load: expected float"),
        (("timings", 0, "quantiles", "50"), "fast", r"card.timings\[0\].quantiles.50: expected"),
        (("timings", 0, "rounds", 1, 2), [], r"card.timings\[0\].rounds\[1\]\[2\]: expected float"),
        (("parity", 0, "mean"), float("nan"), r"card.parity\[0\].mean: expected a finite float"),
        (("timings",), {}, "card.timings: expected"),
        (("extra",), 1, "card: these fields are missing or not known: extra"),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_a_document_of_another_shape_is_refused(
    tmp_path: Path, place: tuple[Any, ...], value: object, expected: str
) -> None:
    document = dataclasses.asdict(make_card())
    inner: Any = document
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    path = tmp_path / "card.json"
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match=expected):
        read_card(path)


def test_every_field_is_wanted(tmp_path: Path) -> None:
    for field in dataclasses.fields(Card):
        document = dataclasses.asdict(make_card())
        del document[field.name]
        path = tmp_path / "card.json"
        path.write_text(json.dumps(document))
        with pytest.raises(InputError, match=r"schema|these fields are missing or not known"):
            read_card(path)


def test_a_file_that_is_no_card_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = saved(tmp_path, "good", make_card())
    for content, expected in (
        ("{", "is not JSON"),
        ("[]", "no latency card"),
        (None, "cannot read"),
    ):
        path = tmp_path / "bad.json"
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_text(content)
        assert main(["bench", "compare", good, str(path)]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert expected in error


def test_compare_catches_a_slowed_engine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = saved(tmp_path, "old", make_card())
    slowed = saved(tmp_path, "new", make_card({**SPANS, ONE: 1.5 * SPANS[ONE]}))
    assert main(["bench", "compare", old, slowed]) == 1
    printed = capsys.readouterr().out
    marked = [line for line in printed.splitlines() if "REGRESSED" in line]
    assert len(marked) == 3  # its three scenarios, nothing else
    assert all("student" in line and " onnxruntime " in line for line in marked)
    disagreed = [line for line in printed.splitlines() if "the runs disagree" in line]
    # Its multiples of the teacher and of int8, and MXNet beside it, in three scenarios.
    assert len(disagreed) == 9
    assert "the runs disagree on student / onnxruntime / SingleStream of 1: slower: 3 (" in printed
    assert main(["bench", "compare", old, slowed, "--regression", "1.6"]) == 0
    assert main(["bench", "compare", old, old]) == 0
    assert main(["bench", "compare", slowed, old]) == 0  # faster is no regression


def test_compare_catches_an_engine_that_is_no_longer_timed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left = {key: us for key, us in SPANS.items() if key != ONE}
    wrong = Parity(subject=ONE[0], engine=ONE[1], largest=0.7, mean=0.2, tolerance=1e-5)
    new = make_card(left)
    new = dataclasses.replace(new, parity=[*new.parity, wrong], absent={"openvino": "not there"})
    old, path = saved(tmp_path, "old", make_card()), saved(tmp_path, "new", new)
    assert main(["bench", "compare", old, path]) == 1
    printed = capsys.readouterr().out
    assert "onnxruntime on student was not timed: 0.7 from float64, tolerance 1e-05" in printed
    assert "openvino is absent from the new run: not there" in printed


def test_offline_scenarios_of_another_size_are_compared_by_the_window() -> None:
    old = make_card()
    halved = [
        dataclasses.replace(
            t, windows=t.windows // 2, rounds=[[us / 2 for us in r] for r in t.rounds]
        )
        if t.scenario == "Offline"
        else t
        for t in old.timings
    ]
    new = dataclasses.replace(old, timings=halved)
    assert [c.ratio.value for c in compare_cards(old, new, regression=1.2) if c.ratio] == [
        pytest.approx(1.0)
    ] * len(old.timings)
    # Ratios between engines are others there, and are not compared.
    same = 2 * len(quoted_ratios(old)) // 3
    assert disagreements(old, new) == [f"{same} of {same} ratios agree within their intervals"]


def test_the_tables_say_how_many_times_faster() -> None:
    card = make_card()
    rows = {(row[0], row[1]): row for row in network_rows(card)}
    assert rows["student", "onnxruntime-int8"][6].startswith("20 (")
    assert rows["teacher", "onnxruntime"][6] == "2 (2 to 2)"  # of the same rounds
    quoted = quoted_ratios(card)["student / onnxruntime / SingleStream of 1: slower"]
    assert quoted.value == pytest.approx(3.0)


def test_a_multiple_of_the_baseline_is_of_the_same_rounds() -> None:
    card = make_card()
    found = card.timing("student", "onnxruntime-int8", "SingleStream")
    assert found is not None
    beside = [[30 * us for us in rounds] for rounds in found.rounds]
    assert str(faster(card, dataclasses.replace(found, baseline=beside))) == "30 (30 to 30)"


def test_the_summary_names_who_was_absent_and_who_was_wrong() -> None:
    wrong = Parity(subject="student", engine="openvino-f32", largest=0.7, mean=0.2, tolerance=1e-5)
    card = make_card(absent={"pytorch": "torch is not installed"})
    text = "\n".join(summary(dataclasses.replace(card, parity=[wrong])))
    assert "pytorch is absent: torch is not installed" in text
    assert "openvino-f32 on student is NOT TIMED: 0.7 from float64, tolerance 1e-05" in text


def test_the_report_is_one_page_and_its_pictures_are_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)  # where the detection results are
    write_report(make_card(), tmp_path)
    pictures = {path.stem for path in tmp_path.glob("*.png")}
    assert pictures >= {"pareto", "latency-student", "cold-start", "memory", "scaling-batch"}
    assert "scaling-hidden-units" in pictures
    page = (tmp_path / "report.html").read_text()
    assert page.count('<figure class="plot"') == len(pictures)
    assert not re.search(r'(src|href)="http|url\(["\']?http', page)  # names of SVG are no addresses
    assert "stillwatch bench --made-up" in page


def test_the_committed_runs_agree_on_every_quoted_ratio() -> None:
    kept = cards_in(ROOT / CARDS)
    pairs = [(first, again) for first, again in kept.values() if again is not None]
    assert pairs
    for first, second in pairs:
        assert first.date <= second.date
        assert first.timings != second.timings
        quoted = len(quoted_ratios(first))
        expected = f"{quoted} of {quoted} ratios agree within their intervals"
        assert disagreements(first, second) == [expected]
