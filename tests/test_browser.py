"""End to end: a real race in a real browser, from the service to the pixels."""

from __future__ import annotations

import io
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import ActionAnswer, AgentAdd

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-angle=gl-egl",  # Mesa's llvmpipe where there is no GPU; the default falls back to a slower one
    "--ignore-gpu-blocklist",
]
PATIENCE_MS = 50_000
"""Longest wait for something on the page: software rendering shares its cores with the service."""
AXE = Path(__file__).parents[1] / "viewer/node_modules/axe-core/axe.min.js"


def follow_the_gap(answer: ActionAnswer) -> np.ndarray:
    """Drive at 15 m/s toward the side where the LIDAR sees further: gas, brake, steering."""
    beams = np.minimum(np.array(answer.observation.lidar), 30.0)
    right, left = beams[: len(beams) // 2], beams[-(len(beams) // 2) :]
    steering = (right.sum() - left.sum()) / beams.sum()
    return np.array([1.0 if answer.observation.speed < 15.0 else -1.0, -1.0, np.clip(3 * steering, -1, 1)])


def drive(url: str, agent: AgentAdd, stop: threading.Event) -> None:
    """Race until told to stop."""
    from trackmania_rl.protocol.driving import DriveClient

    client = DriveClient(url, agent)
    while not stop.is_set():
        for answer in client.answers(timeout=0.5):
            client.act(follow_the_gap(answer))
            if stop.is_set():
                break
    client.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page of a race in which one car drives, heats of 12 s, each recorded."""
    from trackmania_rl.environment.race.race import Race, Rules
    from trackmania_rl.environment.server import environment_app
    from trackmania_rl.environment.tracks import library
    from trackmania_rl.protocol.service import running
    from trackmania_rl.viewer.server import viewer_app

    patch = pytest.MonkeyPatch()
    data = tmp_path_factory.mktemp("data")
    patch.setenv("TRACKMANIA_RL_DATA", str(data))
    rules = Rules(countdown=1.0, pause=1.0, time_limit=12.0)
    race = Race("main", library.load("sprint"), rules, folder=data / "replays")
    stop = threading.Event()
    with ExitStack() as stack:
        stack.callback(patch.undo)
        environment = stack.enter_context(running(environment_app([race])))
        try:
            page = viewer_app(environment=environment, model="none")
        except InputError as error:
            pytest.skip(str(error))
        agent = AgentAdd(agent_id="gap-1", name="Gap Follower", colour="#2ee6a6")
        driver = threading.Thread(target=drive, args=(environment, agent, stop))
        driver.start()
        stack.callback(driver.join)
        stack.callback(stop.set)
        yield stack.enter_context(running(page))


class Screen:
    """A page of the viewer, and everything that it complained about."""

    def __init__(self, page: object) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", lambda said: said.type == "error" and self.complaints.append(said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def picture(self) -> np.ndarray:
        """The middle of the screen, where no panel lies: (height, width, 3) of 0..1."""
        import matplotlib.image

        clip = {"x": 320, "y": 180, "width": 600, "height": 300}
        png = self.page.screenshot(clip=clip, timeout=PATIENCE_MS)
        return matplotlib.image.imread(io.BytesIO(png))[..., :3]

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait; the page's own security policy forbids Playwright to do it inside the page."""
        end = time.monotonic() + PATIENCE_MS / 1000
        while not holds():
            assert time.monotonic() < end, "it never came true"
            self.page.wait_for_timeout(100)


@pytest.fixture(scope="module")
def screen(address: str) -> Iterator[Screen]:
    """The live page at 1280x720, in the lightest quality."""
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no Chromium: install the package chromium to test the page")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.set_default_timeout(PATIENCE_MS)
        shown = Screen(page)
        page.goto(f"{address}/?quality=light")
        yield shown
        browser.close()


def test_live_race_is_drawn(screen: Screen) -> None:
    page = screen.page
    page.wait_for_selector('[data-agent="gap-1"]')
    assert "Gap Follower" in page.inner_text(".leaderboard")
    assert page.inner_text(".racecard h1") == "First Sprint"
    screen.until(lambda: int(page.text_content(".telemetry .speed")) > 30)
    screen.until(lambda: screen.picture().std() > 0.05)  # an empty page's background has 0.02


@pytest.mark.parametrize("camera", ["overhead", "cockpit", "trackside", "chase"])
def test_cameras_show_other_pictures(screen: Screen, camera: str) -> None:
    before = screen.picture()
    screen.page.click(f'[data-camera="{camera}"]')
    assert screen.page.get_attribute(f'[data-camera="{camera}"]', "aria-pressed") == "true"
    screen.until(lambda: np.abs(screen.picture() - before).mean() > 0.02)
    screen.until(lambda: screen.picture().std() > 0.05)


def test_keys_switch_cameras_and_open_the_help(screen: Screen) -> None:
    screen.page.keyboard.press("2")
    screen.page.wait_for_selector('[data-camera="overhead"][aria-pressed="true"]')
    screen.page.keyboard.press("?")
    screen.page.wait_for_selector("text=Camera: chase, overhead, cockpit, trackside, orbit")
    screen.page.keyboard.press("Escape")


def test_a_recorded_heat_plays(screen: Screen) -> None:
    page = screen.page
    page.click("text=Replays")
    while page.query_selector("[data-replay]") is None:  # the first heat has to end
        page.wait_for_timeout(500)
        if button := page.query_selector("text=Look again"):
            button.click()
    page.click("[data-replay] >> text=Watch")
    page.wait_for_selector(".transport")
    screen.until(lambda: page.inner_text(".transport .time") > "0:01")
    page.keyboard.press(" ")
    page.wait_for_selector('[aria-label="Play"]')
    stopped = page.inner_text(".transport .time")
    page.wait_for_timeout(700)
    assert page.inner_text(".transport .time") == stopped
    page.keyboard.press(".")
    screen.until(lambda: page.inner_text(".transport .time") != stopped)
    screen.until(lambda: screen.picture().std() > 0.05)


def test_a_replay_that_is_not_there_is_said(screen: Screen, address: str) -> None:
    complaints = list(screen.complaints)
    screen.page.goto(f"{address}/?replay=nowhere&quality=light")
    screen.page.wait_for_selector("text=There is no such replay")
    screen.complaints[:] = complaints  # the browser itself reports the 404


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("environment=pit", "environment is «pit», expected the address of a service"),
        ("camera=drone", "camera is «drone», expected one of chase"),
    ],
)
def test_an_address_that_cannot_be_followed_is_said(
    screen: Screen, address: str, query: str, sentence: str
) -> None:
    screen.page.goto(f"{address}/?{query}")
    screen.page.wait_for_selector(f"text={sentence}")


def test_a_person_joins_from_the_page_and_drives(screen: Screen, address: str) -> None:
    page = screen.page
    page.goto(f"{address}/?quality=light&drive")
    form = page.get_by_role("dialog")
    form.get_by_label("Name").fill("Ada")
    form.get_by_role("button", name="Drive").click()
    ada = page.locator(".leaderboard >> text=Ada")
    ada.wait_for()  # in the heat: it may have to wait for the next one
    page.keyboard.down("ArrowUp")
    screen.until(lambda: "Ada" in page.inner_text(".timer"))
    screen.until(lambda: int(page.text_content(".telemetry .speed")) > 20)
    page.keyboard.up("ArrowUp")
    page.keyboard.press("Escape")
    ada.wait_for(state="detached")


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: run npm ci in viewer/")
@pytest.mark.parametrize("path", ["/", "/replays", "/training", "/presentation?slide=2"])
def test_nobody_is_shut_out(screen: Screen, address: str, path: str) -> None:
    """No page breaks a rule of WCAG 2.2 AA that a machine can check."""
    page = screen.page
    page.goto(f"{address}{path}{'&' if '?' in path else '?'}quality=light")
    page.wait_for_selector("h1, h2")
    if path == "/":
        page.click("text=Drive")
        page.wait_for_selector("role=dialog")
    page.wait_for_timeout(500)  # things fade in
    page.evaluate(AXE.read_text())
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    found = page.evaluate("tags => axe.run({ runOnly: tags })", tags)["violations"]
    broken = [(rule["id"], [node["html"][:120] for node in rule["nodes"][:3]]) for rule in found]
    assert broken == []


def test_page_never_complained(screen: Screen) -> None:
    assert screen.complaints == []


def test_a_lost_connection_is_said_and_comes_back(screen: Screen) -> None:
    from trackmania_rl.environment.race.race import Race
    from trackmania_rl.environment.server import environment_app
    from trackmania_rl.environment.tracks import library
    from trackmania_rl.protocol.service import running
    from trackmania_rl.viewer.server import viewer_app

    def service() -> Any:
        return environment_app([Race("main", library.load("oval"))])

    page = screen.page
    with ExitStack() as stack:
        first = stack.enter_context(ExitStack())
        environment = first.enter_context(running(service()))
        viewer = stack.enter_context(running(viewer_app(environment=environment, model="none")))
        page.goto(f"{viewer}/?quality=light")
        page.wait_for_selector(".racecard h1")
        first.close()
        page.wait_for_selector("text=The environment service is gone")
        stack.enter_context(running(service(), port=urlsplit(environment).port or 0))
        page.wait_for_selector("text=The environment service is gone", state="detached")
        page.wait_for_selector('[aria-label="Environment service connected"]')
        page.goto("about:blank")  # or the service would wait for it
