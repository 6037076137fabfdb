"""The live page in a real Chromium: it follows, takes feedback, and asks for a key."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from support.browser import WIDTHS, chromium
from support.live_page import Served, browser_page, served

expect = pytest.importorskip("playwright.sync_api", reason="no playwright").expect
pytestmark = [
    pytest.mark.peers,
    pytest.mark.skipif(chromium() is None, reason="no chromium (Debian: apt-get install chromium)"),
]

ROWS = 340  # beyond the history of 288
SPIKE = 320


def samples() -> list[float]:
    values = 20 + np.random.default_rng(5).normal(size=ROWS)
    values[SPIKE] = 90
    return list(values.tolist())


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    words = ("nab-rds-online", "--budget", "5/week", "--period", "300s")
    with served(tmp_path_factory.mktemp("state"), *words) as running:
        running.ask("/v1/streams/boiler/samples", {"seq": 0, "samples": samples()})
        running.ask("/v1/streams/pump-7/samples", {"seq": 0, "samples": samples()[:50]})
        yield running


@pytest.mark.parametrize("width", WIDTHS)
def test_streams_chart_and_events_are_shown(service: Served, width: int) -> None:
    with browser_page(width) as (page, said):
        answer = page.goto(service.base + "/#boiler")
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        page.wait_for_selector("#events tr")
        expect(page.locator("#streams button")).to_have_count(2)
        assert page.inner_text("#connection") == "live"
        assert f"{ROWS} rows" in page.inner_text("#facts")
        told = page.inner_text("#events tr")
        assert f"row {SPIKE}" in told
        assert "value 100 %" in told
        assert page.locator(".chart canvas").count() == 2
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert said == []


def test_it_follows_and_takes_feedback_by_keyboard_alone(service: Served) -> None:
    with browser_page(1280) as (page, said):
        page.goto(service.base + "/#boiler")
        page.wait_for_selector("#events tr")
        service.ask("/v1/streams/pump-7/samples", {"seq": 50, "samples": samples()[50:60]})
        page.focus("#filter")
        page.keyboard.type("pump")
        expect(page.locator("#streams button")).to_have_count(1)
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator("#facts")).to_contain_text("60 rows")
        service.ask("/v1/streams/pump-7/samples", {"seq": 60, "samples": samples()[60:70]})
        expect(page.locator("#facts")).to_contain_text("70 rows")
        page.focus("#all-events")
        page.keyboard.press("Space")
        page.wait_for_selector("#events button")
        page.keyboard.press("Tab")  # to "real"
        page.keyboard.press("Tab")  # to "false"
        page.keyboard.press("Enter")
        page.wait_for_selector("#events button[aria-pressed=true]")
        (event,) = service.ask("/v1/events")["events"]
        assert event["feedback"] == "false"
        assert said == []


def test_a_key_is_asked_for_and_kept_out_of_the_address(tmp_path: Path) -> None:
    with (
        served(tmp_path, "nab-rds-online", with_key=True) as running,
        browser_page(1280) as (page, _),
    ):
        running.ask("/v1/streams/boiler/samples", {"seq": 0, "samples": samples()[:30]})
        page.goto(running.base + "/")
        page.wait_for_selector("#key-form", state="visible")
        assert page.locator("#streams button").count() == 0
        page.fill("#key", str(running.key))
        page.keyboard.press("Enter")
        page.wait_for_selector("#streams button")
        assert str(running.key) not in page.url
        page.wait_for_selector("#key-form", state="hidden")
