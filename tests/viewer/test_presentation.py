"""End to end: the demo deck in a real browser, with nothing to show but its words."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.service import running
from trackmania_rl.viewer.server import viewer_app

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no Chromium: install the package chromium to test the page")
    flags = ["--no-sandbox", "--use-angle=gl-egl", "--ignore-gpu-blocklist"]
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


def test_slides_turn_on_keys(browser: Any) -> None:
    # Nothing listens on the discard port: the deck must do without the services.
    try:
        app = viewer_app(environment="http://127.0.0.1:9", model="none", brand={"name": "Team Blue"})
    except InputError as error:
        pytest.skip(str(error))
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: said.type == "error" and complaints.append(said.text))

    def shown(number: int) -> None:
        page.wait_for_selector(f'[data-slide="{number}"]')

    with running(app) as address:
        page.goto(f"{address}/presentation?quality=light")
        shown(1)
        assert page.inner_text(".slide h1") == "Machines that learn to race"
        assert page.inner_text(".slide footer") == "Team Blue"
        page.keyboard.press("PageDown")
        shown(2)
        assert page.locator(".slide .number").count() == 4
        page.keyboard.press("Space")
        shown(3)
        assert "trackmania-rl demo" in page.inner_text(".slide")
        page.keyboard.press("PageUp")
        shown(2)
        page.keyboard.press("End")
        shown(8)
        assert "slide=8" in page.url
        page.keyboard.press("e")
        page.fill('.editor label:has-text("Title") + * input', "Goodbye")
        assert page.inner_text(".slide h1") == "Goodbye"
        page.reload()
        shown(8)
        assert page.inner_text(".slide h1") == "Goodbye", "a change is kept in the browser"
        unanswered = [said for said in complaints if "127.0.0.1:9" not in said and "ERR_" not in said]
        assert unanswered == []
    page.close()
