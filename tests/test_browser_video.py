"""End to end: videos of a replay, made by the page and by the service, with the page's form."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from trackmania_rl.environment.race.drivers import pursuit
from trackmania_rl.environment.render import browser, encoder
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import AgentAdd

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATIENCE_MS = 60_000
"""Longest wait for something on the page: software rendering shares its cores with the service."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page of a replay of two seconds."""
    from trackmania_rl.environment.race.race import Race, Rules
    from trackmania_rl.environment.server import environment_app
    from trackmania_rl.environment.tracks import library
    from trackmania_rl.protocol.service import running
    from trackmania_rl.viewer.server import viewer_app

    data = tmp_path_factory.mktemp("data")
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("TRACKMANIA_RL_DATA", str(data))
        rules = Rules(countdown=0.1, heats=1, time_limit=2.0)
        race = Race("main", library.load("sprint"), rules, folder=data / "replays", seed=5)
        race.add(AgentAdd(agent_id="good", name="Good", policy="pursuit"))
        while not race.over:
            race.tick()
            if race.at_step:
                race.entrants["good"].send(pursuit(race.simulator)[race.entrants["good"].slot])
        race.close()
        idle = Race("main", library.load("sprint"))
        environment = stack.enter_context(running(environment_app([idle])))
        try:
            browser.chromium()
            encoder.ffmpeg()
            page = viewer_app(environment=environment, model="none")
        except InputError as error:
            pytest.skip(str(error))
        url = stack.enter_context(running(page))
        replay = next((data / "replays").glob("*.mcap")).stem
        yield f"{url}/?replay={replay}&quality=light"


def pictures(path: Path) -> dict[str, object]:
    """Size and number of pictures of a video."""
    command = ["ffprobe", "-v", "error", "-count_frames", "-show_entries"]
    command += ["stream=codec_name,width,height,nb_read_frames", "-of", "json", str(path)]
    stream: dict[str, object] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return stream["streams"][0]  # type: ignore[index]


def test_the_form_makes_videos(address: str, tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    complaints: list[str] = []
    with playwright.sync_playwright() as driver:
        shown = driver.chromium.launch(executable_path=browser.chromium(), args=list(browser.FLAGS))
        page = shown.new_page(viewport={"width": 480, "height": 860})
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        page.get_by_label("Make a video").click()

        def choose(label: str, option: str) -> None:
            page.get_by_role("combobox", name=label).click()
            page.get_by_role("option", name=option, exact=True).click()

        choose("Size", "640x360")
        page.get_by_label("Pictures per second").fill("5")
        page.get_by_label("To [s]").fill("1")
        for maker, format in (("The service makes it", "mp4"), ("This browser makes it", "webm")):
            page.get_by_text(maker).click()
            choose("Format", format)
            page.get_by_role("button", name="Make the video").click()
            line = page.get_by_role("listitem").filter(has_text=format)
            with page.expect_download() as download:
                line.get_by_label("Download").click()
            file = tmp_path / f"race.{format}"
            download.value.save_as(file)
            made = pictures(file)
            assert (made["width"], made["height"], made["nb_read_frames"]) == (640, 360, "5")
            page.screenshot(path=tmp_path / f"{format}.png")
            line.get_by_label("Remove").click()
            line.wait_for(state="detached")
        shown.close()
    assert not complaints
