"""Peers, aims, kinds of CPU: what a card says of them, in figures and in words."""

import dataclasses
import json
from pathlib import Path

import pytest
from support.cards import make_card, make_timing

from stillwatch.benchmarks.latency.cards.across import across, turned
from stillwatch.benchmarks.latency.cards.aims import AIMS, aim_rows
from stillwatch.benchmarks.latency.cards.card import Card, Energy
from stillwatch.benchmarks.latency.cards.card_file import read_card, write_card
from stillwatch.benchmarks.latency.cards.claims import claims
from stillwatch.benchmarks.latency.cards.kinds import CARDS, cards_in, file_name, kind
from stillwatch.benchmarks.latency.cards.peers import standing
from stillwatch.benchmarks.latency.cards.ratios import quoted_ratios
from stillwatch.benchmarks.latency.pages.latency_tables import summary
from stillwatch.benchmarks.latency.pages.page import write_report
from stillwatch.benchmarks.latency.pages.sections import bench_section, claims_section
from stillwatch.benchmarks.latency.statistics import Ratio
from stillwatch.runtime.cli.main import main

ROOT = Path(__file__).resolve().parents[3]
DEFAULT = "smd-segments"
WINDOWS = {"SingleStream": 1, "MultiStream": 38, "Offline": 240, "Bulk": 1024}
OTHER = ["avx2", "avx512f", "avx512_vnni", "amx_tile"]


def shipped(pytorch: float = 2.0, **changes: object) -> Card:
    """A card of the default network: PyTorch takes so many times our network's time."""
    spans = {
        (DEFAULT, "onnxruntime-network"): 10.0,
        (DEFAULT, "onnxruntime"): 20.0,
        (DEFAULT, "pytorch"): 10.0 * pytorch,
        ("student", "onnxruntime-int8"): 400.0,
    }
    card = make_card(spans)
    timings = [
        make_timing(*key, scenario, us * count, count)
        for key, us in spans.items()
        for scenario, count in WINDOWS.items()
        if key[0] == DEFAULT
    ]
    timings += [
        make_timing("smd-micro", "capsule", "Machine", 1100.0, 38),
        make_timing(DEFAULT, "capsule", "Machine", 100.0, 38),
        make_timing("nab-rds", "stream", "OneSample", 9.0),
        make_timing("nab-rds", "c", "OneSample", 0.1),
    ]
    return dataclasses.replace(card, timings=timings, **changes)


def on(card: Card, cpu: str, flags: list[str]) -> Card:
    return dataclasses.replace(
        card, machine=dataclasses.replace(card.machine, cpu=cpu, flags=flags)
    )


def test_ahead_and_behind_are_what_the_whole_interval_says() -> None:
    assert standing(Ratio(1.2, 1.01, 1.4)) == "ahead"
    assert standing(Ratio(1.2, 0.99, 1.4)) == "even"
    assert standing(Ratio(0.8, 0.7, 0.99)) == "behind"


def test_aims_are_reached_short_or_not_measured() -> None:
    rows = {(row[0], row[1]): row[2:] for row in aim_rows(shipped(1.2))}
    assert len(rows) == len(AIMS)
    machine = f"{DEFAULT}, one window of a machine's channels"
    assert rows[machine, "smd-micro"] == ("11x", "11 (11 to 11)", "reached")
    assert rows[machine, "the teacher in Gluon"] == ("600x", "not measured", "")
    alone = f"{DEFAULT}, the network alone, N = 1,024"
    assert rows[alone, "pytorch"] == ("1.3x", "1.2 (1.2 to 1.2)", "short of it")
    in_c = rows["nab-rds, one sample in C", "Stream.update"]
    assert in_c == ("100x", "90 (90 to 90)", "short of it")


def test_where_we_trail_is_red_on_the_page_and_said_in_the_summary(tmp_path: Path) -> None:
    card = shipped(0.5)
    text = "\n".join(summary(card))
    assert f"{DEFAULT}: a peer's time over the network alone's:" in text
    assert text.count("0.5 (0.5 to 0.5), behind") == 4  # at each number of windows
    assert text.count("0.25 (0.25 to 0.25), behind") == 4  # beside the whole capsule
    write_report(card, tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert page.count('class="red"') == 8
    write_report(shipped(3.0), tmp_path)
    assert 'class="red"' not in (tmp_path / "report.html").read_text()


def test_energy_is_a_table_or_a_line() -> None:
    card = shipped()
    assert "energy is not measured: no counters" in summary(card)
    taken = Energy(
        subject=DEFAULT, engine="c", scenario="MultiStream", windows=38, millijoules=[2.0, 1.0]
    )
    text = "\n".join(summary(dataclasses.replace(card, energy=[taken], no_energy="")))
    assert "1 to 2" in text
    assert "energy is not measured" not in text


def test_two_kinds_are_set_side_by_side_and_what_turns_is_marked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    amd = on(shipped(2.0), "AMD EPYC", ["avx2"])
    intel = on(shipped(0.5), "Intel(R) Xeon(R) Processor", OTHER)
    pairs = across(amd, intel)
    assert [pair.what for pair in turned(pairs)] == [
        f"{DEFAULT} / {scenario} of {count:,}: pytorch over the network alone"
        for scenario, count in WINDOWS.items()
    ] + [
        f"{DEFAULT}, the network alone, N = {count:,} ({scenario}): pytorch"
        for scenario, count in WINDOWS.items()
    ]
    for name, card in (("amd", amd), ("intel", intel)):
        write_card(tmp_path / f"{name}.json", card)
    words = ["bench", "compare", str(tmp_path / "amd.json"), str(tmp_path / "intel.json")]
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert "AMD with AVX2" in printed.splitlines()[0]
    assert printed.count("AHEAD ON THE FIRST, BEHIND ON THE SECOND") == 8
    assert printed.splitlines()[-1].startswith("8 of ")
    assert main(["bench", "cards", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "cards of 2 kinds of CPU: AMD with AVX2 (2026-01-02), Intel with AMX" in printed
    assert main(["bench", "cards", str(tmp_path / "none")]) == 2
    assert "no cards in" in capsys.readouterr().err


def test_claims_follow_the_figures_of_each_kind() -> None:
    kept = {
        "AMD with AVX2": (shipped(2.0), None),
        "Intel with AMX": (shipped(0.5), None),
    }
    said = claims(kept)
    all_sizes = "pytorch at N = 1, pytorch at N = 38, pytorch at N = 240 and pytorch at N = 1,024"
    assert f"On AMD with AVX2 the default network alone is ahead of {all_sizes}." in said
    assert f"On Intel with AMX the default network alone is behind {all_sizes}." in said
    assert any("90 times (AMD with AVX2) and 90 times (Intel with AMX)" in line for line in said)
    section = bench_section(kept)
    assert "1.2 (" not in section
    assert section.count("0.5 (0.5 to 0.5), behind") == 4
    assert claims_section(kept).count("\n") == len(said) - 1


def test_a_card_of_the_schema_before_is_read(tmp_path: Path) -> None:
    document = dataclasses.asdict(make_card())
    del document["energy"], document["no_energy"]
    document["schema"] = 2
    path = tmp_path / "old.json"
    path.write_text(json.dumps(document))
    card = read_card(path)
    assert card.energy == []
    assert card.timing("smd-micro", "onnxruntime", "SingleStream")  # then called micro 16
    assert not card.timing("micro 16", "onnxruntime", "SingleStream")


def test_the_committed_cards_are_of_two_kinds_and_named_by_them() -> None:
    kept = cards_in(ROOT / CARDS)
    assert len(kept) >= 2
    for name, (card, again) in kept.items():
        assert (ROOT / CARDS / f"{file_name(card)}.json").is_file()
        assert kind(card.machine) == name
        assert again is None or kind(again.machine) == name
        assert quoted_ratios(card)
