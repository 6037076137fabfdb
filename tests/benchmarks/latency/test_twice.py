"""Two runs, kept as the cards of a kind of CPU."""

import dataclasses
from pathlib import Path

import pytest
from support.cards import SPANS, make_card

from stillwatch.benchmarks.latency.cards import twice
from stillwatch.benchmarks.latency.cards.card_file import read_card, write_card
from stillwatch.benchmarks.latency.cards.kinds import cards_in


@pytest.mark.parametrize(("slower", "status"), [(1.0, 0), (2.0, 1)])
def test_two_runs_are_kept_together_and_disagreement_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slower: float, status: int
) -> None:
    key = ("student", "onnxruntime")
    spans = {"bench": SPANS, "bench-again": {**SPANS, key: slower * SPANS[key]}}
    called: list[tuple[str, ...]] = []

    def program(*words: str) -> None:
        called.append(words)
        if words[1] != "edge":
            out = Path(words[-1])
            out.mkdir(parents=True)
            card = make_card(spans[out.name])
            write_card(out / "card.json", dataclasses.replace(card, date=f"2026-01-0{len(called)}"))

    monkeypatch.setattr(twice, "_stillwatch", program)
    monkeypatch.chdir(tmp_path)
    assert twice.main(["--quick", "--out", "kept/cards"]) == status
    ((kind, (first, again)),) = cards_in(tmp_path / "kept" / "cards").items()
    assert kind == "made up with AVX2"
    assert again is not None
    assert (first.date, again.date) == ("2026-01-01", "2026-01-02")
    assert first == read_card(tmp_path / "build" / "bench" / "card.json")
    assert [words[:2] for words in called] == [("bench", "--quick")] * 2 + [("bench", "edge")]
    assert called[-1][-1] == "kept/edge.json"
