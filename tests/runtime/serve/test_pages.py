"""The files of the live page, and the pulse that it asks for."""

import re
from pathlib import Path

import numpy as np
from support.serving import client, service


def test_the_page_and_all_that_it_names_are_served(tmp_path: Path) -> None:
    with client(service(tmp_path)) as asker:
        page = asker.get("/")
        assert page.headers["content-type"].startswith("text/html")
        assert "unsafe" not in page.headers["content-security-policy"]
        named = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page.text)
        assert len(named) >= 5
        for path in named:
            found = asker.get(path)
            assert found.status_code == 200
            for module in re.findall(r'from "\./([^"]+)"', found.text):
                assert asker.get(f"/assets/{module}").status_code == 200
        assert asker.get("/assets/..%2Froutes.py").status_code == 404
        assert asker.get("/assets/none.js").status_code == 404
        assert "http" not in re.sub(r"<[^>]*>", "", page.text)


def test_the_pulse_says_silence_budget_and_drift(tmp_path: Path) -> None:
    values = 20 + np.random.default_rng(5).normal(size=4500)
    values[2200:] += 40  # far from where it began
    with client(service(tmp_path)) as asker:
        assert asker.get("/v1/pulse").json() == {"streams": {}}
        for first in range(0, 4500, 500):
            body = {"seq": first, "samples": values[first : first + 500].tolist()}
            assert asker.post("/v1/streams/a/samples", json=body).status_code == 200
        (told,) = asker.get("/v1/pulse").json()["streams"].values()
        assert 0 <= told["silent"] < 60
        assert told["credit"] is not None
        assert told["no_data"] == 0
        assert told["frozen"] == 0
        assert told["drift"] > 0.25
    with client(service(tmp_path)) as asker:  # begun anew, it has heard of nobody
        assert asker.get("/v1/pulse").json() == {"streams": {}}
        assert asker.get("/v1/streams").json()["streams"][0]["rows"] == 4500
