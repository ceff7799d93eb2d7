"""A real server and a real Chromium; every page must end without console errors or strangers' hosts."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from demo_server import MILLISECONDS_TO_WAIT, serving
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[str]:
    """Start `demo_app.py` as the README starts it."""
    with serving(tmp_path_factory.mktemp("cache")) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the machine's own Chromium or, where it has none, the one that Playwright has installed."""
    with sync_playwright() as playwright:
        candidates = [os.environ.get("TRIMATTE_CHROMIUM"), *map(shutil.which, NAMES)]
        installed = playwright.chromium.executable_path
        found = next(filter(None, candidates), installed if Path(installed).exists() else None)
        if found is None:
            pytest.fail(
                "No Chromium was found: install one with your system's packages (apt-get install chromium), "
                "run `playwright install chromium`, or name its program in TRIMATTE_CHROMIUM."
            )
        chromium = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser, server: str) -> Iterator[Callable[..., Page]]:
    """Return a function that opens the demo for a new visitor, with the context options of Playwright."""
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(f"console: {message.text}")

    def watch(request: Request) -> None:
        if not request.url.startswith((server, "data:", "blob:")):
            complaints.append(f"request: {request.url}")

    contexts = []

    def open_new(**options) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(MILLISECONDS_TO_WAIT)
        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(f"page: {error}"))
        page.on("request", watch)
        page.goto(server)
        page.locator("#say-pick [role=status]").wait_for()
        return page

    yield open_new
    for context in contexts:
        context.close()
    assert not complaints
