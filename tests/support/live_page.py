"""The live page in a real browser, over a real service in a process of its own."""

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.browser import chromium

__all__ = ["Served", "browser_page", "served"]


class Served:
    """A service that runs. key: what it wants, if it does."""

    def __init__(self, base: str, key: str | None) -> None:
        self.base, self.key = base, key

    def ask(self, path: str, body: Any = None) -> Any:
        """Returns the JSON at a path; posts where there is a body."""
        headers = {"Content-Type": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, headers)  # noqa: S310  (loopback)
        with urllib.request.urlopen(request, timeout=300) as answer:  # noqa: S310
            return json.load(answer)


@contextmanager
def served(state: Path, *words: str, with_key: bool = False) -> Iterator[Served]:
    """Serves with these words behind `stillwatch serve` for as long as the context lasts."""
    program = [str(Path(sys.executable).parent / "stillwatch")]
    key = None
    if with_key:
        made = [*program, "keys", "add", "page", "--state", str(state)]
        key = subprocess.run(made, check=True, capture_output=True, text=True).stdout.split()[-1]
    command = [*program, "serve", *words, "--port", "0", "--state", str(state)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found
        yield Served(found[0], key)
    finally:
        process.terminate()
        process.communicate(timeout=300)


@contextmanager
def browser_page(width: int) -> Iterator[tuple[Any, list[str]]]:
    """Yields a page of Chromium, and what its console says as it goes on."""
    from playwright.sync_api import sync_playwright

    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        yield page, said
        browser.close()
