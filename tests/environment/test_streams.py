"""The environment service's streams: driving, learning, watching, and what happens when they break."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from trackmania_rl.environment.race.race import Race, Rules
from trackmania_rl.environment.server import environment_app
from trackmania_rl.environment.streams import Limits
from trackmania_rl.environment.tracks import library
from trackmania_rl.protocol import PROTOCOL_VERSION
from trackmania_rl.protocol.access import Access
from trackmania_rl.protocol.client import ServiceAbsentError, ServiceClient
from trackmania_rl.protocol.driving import AsyncDriveClient, DriveClient
from trackmania_rl.protocol.environments import make_vector_env
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.frames import Kind, pack_rows, unpack_header, unpack_rows
from trackmania_rl.protocol.messages import AgentAdd, BatchHello, DriveHello, EnvironmentState
from trackmania_rl.protocol.messages import Race as RaceInfo
from trackmania_rl.protocol.service import listen, running
from trackmania_rl.protocol.spaces import describe, space
from trackmania_rl.protocol.streams import open_stream
from trackmania_rl.protocol.worlds import RemoteVectorEnv

GAS = np.array([1.0, -1.0, 0.0], np.float32)


def a_service(port: int = 0, **options: Any) -> Any:
    race = Race("main", library.load("sprint"), Rules(countdown=0.1, stuck_seconds=60.0))
    return running(environment_app([race], **options), port=port)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with a_service(limits=Limits(worlds=64)) as url:
        yield url


@pytest.fixture
def requests(url: str) -> Iterator[ServiceClient]:
    with ServiceClient(url) as client:
        yield client


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "it never came to this"
        time.sleep(0.01)


def raw(url: str, path: str = "/api/stream", **options: Any) -> ClientConnection:
    stream = connect(url.replace("http", "ws") + path, compression=None, proxy=None, **options)
    return ExitStack().enter_context(stream)


def hello(**changes: Any) -> str:
    return json.dumps(
        {"type": "batch", "protocol": PROTOCOL_VERSION, "env": "TrackMania/Lidar-v0", "worlds": 2} | changes
    )


# --- a batch of worlds ----------------------------------------------------------------------------


@pytest.mark.parametrize("env", ["TrackMania/Lidar-v0", "TrackMania/Horizon-v0"])
def test_far_worlds_are_the_near_ones_bit_for_bit(url: str, env: str) -> None:
    options = {"time_limit": 1.0, "start": "anywhere"}
    near = make_vector_env(env, 8, track="sprint", **options)
    far = make_vector_env(env, 8, track="sprint", url=url, **options)
    assert isinstance(far, RemoteVectorEnv)
    assert far.single_observation_space == near.single_observation_space
    assert far.single_action_space == near.single_action_space
    assert far.metadata["autoreset_mode"] == near.metadata["autoreset_mode"]
    np.testing.assert_array_equal(far.reset(seed=3)[0], near.reset(seed=3)[0])
    random = np.random.default_rng(0)
    endings = 0
    for _ in range(50):
        actions = random.uniform(-1, 1, (8, 3)).astype(np.float32)
        there, here = far.step(actions), near.step(actions)
        for sent, kept in zip(there[:4], here[:4], strict=True):
            np.testing.assert_array_equal(sent, kept)
            assert sent.dtype == kept.dtype
        ended = here[2] | here[3]
        endings += int(ended.sum())
        if ended.any():
            np.testing.assert_array_equal(there[4]["_final_obs"], ended)
            np.testing.assert_array_equal(there[4]["final_obs"][ended], here[4]["final_obs"][ended])
            for name, values in here[4]["final_info"].items():
                np.testing.assert_array_equal(there[4]["final_info"][name][ended], values[ended])
                assert there[4]["final_info"][name].dtype == values.dtype
    assert endings >= 8
    far.close()


def test_an_episode_is_kept_as_a_replay_by_the_service(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A learner sends a tape; what cannot be one is refused, and the worlds go on."""
    monkeypatch.setenv("TRACKMANIA_RL_DATA", str(tmp_path))
    far = make_vector_env("TrackMania/Horizon-v0", 2, track="sprint", url=url)
    assert isinstance(far, RemoteVectorEnv)
    far.reset(seed=0)
    replay = far.record(1, np.tile(GAS, (40, 1)), "someone", "some-best_lap")
    assert replay == "episode-some-best_lap" and (tmp_path / "replays" / f"{replay}.mcap").exists()
    with pytest.raises(InputError, match="world is 2"):
        far.record(2, np.tile(GAS, (40, 1)), "someone", "some")
    with pytest.raises(InputError, match="actions"):
        far.record(0, np.zeros((0, 3), np.float32), "someone", "some")
    with pytest.raises(InputError, match="replay"):
        far.record(0, np.tile(GAS, (40, 1)), "someone", "../some")
    assert far.step(np.tile(GAS, (2, 1)))[0].shape[0] == 2
    far.close()


def test_foreign_environments_are_hosted_too(url: str) -> None:
    near = make_vector_env("gymnasium:Pendulum-v1", 3)
    far = make_vector_env("gymnasium:Pendulum-v1", 3, url=url)
    np.testing.assert_array_equal(far.reset(seed=1)[0], near.reset(seed=1)[0])
    for _ in range(210):  # an episode has 200 steps
        actions = np.ones((3, 1), np.float32)
        there, here = far.step(actions), near.step(actions)
        np.testing.assert_allclose(there[1], here[1], rtol=1e-6)
        np.testing.assert_array_equal(there[3], here[3])
        if here[3].any():
            np.testing.assert_array_equal(there[4]["final_obs"], np.stack(here[4]["final_obs"]))
            assert "finished" not in there[4]["final_info"]
    far.close()


def test_infinite_bounds_travel(url: str) -> None:
    near = make_vector_env("gymnasium:MountainCarContinuous-v0", 1)
    for kind in (near.single_observation_space, near.single_action_space):
        assert space(describe(kind)) == kind
    infinite = make_vector_env("gymnasium:CartPole-v1", 1).single_observation_space
    assert space(describe(infinite)) == infinite


def test_the_first_of_discrete_choices_travels() -> None:
    choices = gymnasium.spaces.Discrete(3, start=-1)
    assert space(describe(choices)) == choices


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"env": "TrackMania/Nothing-v0"}, "TrackMania/Lidar-v0"),
        ({"env": "os:system"}, "not hosted for others"),
        ({"env": "gymnasium:os:system"}, "not hosted for others"),
        ({"track": "/etc/passwd"}, "no track «/etc/passwd»"),
        ({"options": {"track": "/etc/passwd"}}, "options.track"),
        ({"options": {"wheels": 5}}, "wheels"),
        ({"worlds": 0}, "worlds is 0, expected int >= 1"),
        ({"worlds": 65}, "worlds is 65, expected at most 64"),
        ({"protocol": 99}, "protocol 99, this service speaks 1: update the service"),
        ({"protocol": 0}, "update the client"),
        ({"type": "party"}, "type"),
        ({"extra": 1}, "extra is unknown"),
    ],
)
def test_a_bad_hello_is_refused_in_a_sentence(url: str, changes: dict[str, Any], words: str) -> None:
    with raw(url) as stream:
        stream.send(hello(**changes))
        answer = json.loads(stream.recv(20))
        assert answer["type"] == "error"
        assert words in answer["detail"]
        with pytest.raises(ConnectionClosed):
            stream.recv(5)


def test_bad_frames_are_refused_and_the_worlds_stay(url: str) -> None:
    with raw(url) as stream:
        stream.send(hello())
        assert json.loads(stream.recv(20))["spec"]["worlds"] == 2
        good = np.zeros((2, 3), np.float32)
        stream.send(pack_rows(Kind.ACTIONS, good, 0))
        assert "before the first reset" in json.loads(stream.recv(5))["detail"]
        stream.send('{"type":"reset","seed":1}')
        assert unpack_header(stream.recv(5)).kind is Kind.OBSERVATIONS
        bad = good.copy()
        bad[1, 2] = np.nan
        for frame, words in [
            (pack_rows(Kind.ACTIONS, bad, 1), "world 1 has nan in column 2"),
            (pack_rows(Kind.ACTIONS, good[:1], 1), "(1, 3), expected (2, 3)"),
            (pack_rows(Kind.POSES, good, 1), "holds poses, expected actions"),
            (b"TM", "shorter than its header"),
            ('{"type":"reset","seed":"x"}', 'seed is "x"'),
            ("{", "no JSON"),
        ]:
            stream.send(frame)
            assert words in json.loads(stream.recv(5))["detail"]
        stream.send(pack_rows(Kind.ACTIONS, good, 2))
        assert unpack_header(stream.recv(5)) == (Kind.STEP, 2, 83, 2)


def test_an_absent_service_is_named_with_the_cure() -> None:
    with listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with pytest.raises(InputError, match=f"no environment service answers at {address}"):
        make_vector_env("TrackMania/Lidar-v0", 2, url=address)
    with ServiceClient(address) as client, pytest.raises(ServiceAbsentError):
        client.request("GET", "/healthz")
    with pytest.raises(InputError, match="no address of a service"):
        make_vector_env("TrackMania/Lidar-v0", 2, url="localhost:8080")


def test_a_learner_waits_for_a_service_that_comes_later_and_goes_on_when_it_returns() -> None:
    with listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    with ExitStack() as stack:
        late = threading.Timer(0.3, lambda: stack.enter_context(a_service(port)))
        late.start()
        far = make_vector_env(
            "TrackMania/Lidar-v0", 4, track="sprint", url=f"http://127.0.0.1:{port}", patience=20.0
        )
        late.join()
        first, _ = far.reset(seed=0)
        actions = np.tile(GAS, (4, 1))
        seen = far.step(actions)[0]
        stack.close()  # the service goes away ...
        late = threading.Timer(0.3, lambda: stack.enter_context(a_service(port)))
        late.start()  # ... and comes back
        observation, reward, terminated, truncated, info = far.step(actions)
        late.join()
        assert truncated.all() and not terminated.any() and not reward.any()
        assert info["interrupted"].all()
        np.testing.assert_array_equal(info["final_obs"], seen)
        np.testing.assert_array_equal(observation, first)
        assert not far.step(actions)[3].any()
        far.close()


def test_an_impatient_learner_gets_one_sentence_when_the_service_dies() -> None:
    with a_service() as url:
        far = make_vector_env("TrackMania/Lidar-v0", 4, url=url)
        far.reset(seed=0)
    with pytest.raises(InputError, match="no environment service answers"):
        far.step(np.zeros((4, 3), np.float32))


# --- one car of a race ----------------------------------------------------------------------------


def test_a_car_is_driven_over_a_stream(url: str, requests: ServiceClient) -> None:
    client = DriveClient(url, AgentAdd(agent_id="streamer", observation="TrackMania/Horizon-v0"))
    answers = []
    for answer in client.answers(timeout=10):
        answers.append(answer)
        client.act(GAS)
        if answer.observation.speed > 5.0:
            break
    assert len(answers[-1].observation.vector or ()) == 83
    assert answers[-1].reward > 0
    client.close()
    requests.delete("/api/agents/streamer")


def test_a_broken_stream_lets_the_car_coast_and_can_be_taken_up_again(
    url: str, requests: ServiceClient
) -> None:
    requests.post("/api/agents/add", AgentAdd(agent_id="torn"), RaceInfo)
    driving = DriveHello(protocol=PROTOCOL_VERSION, agent_id="torn", push=True)
    stream, _ = open_stream(url, driving)
    with pytest.raises(InputError, match="driven by another stream"):
        open_stream(url, driving)
    stream.send(
        '{"agent_id":"torn","action":{"gas":1,"brake":0,"steering":0},"timestamp":"","seq":1}', text=True
    )
    until(lambda: requests.get("/api/state", EnvironmentState).agents[0].observation.speed > 1.0)
    stream.socket.close()  # torn, without a goodbye
    taken: list[ClientConnection] = []

    def free_again() -> bool:
        try:
            taken.append(open_stream(url, driving)[0])
        except InputError:
            return False
        return True

    until(free_again)
    assert json.loads(taken[0].recv(5))["agent_id"] == "torn"
    taken[0].send('{"agent_id":"other","action":{"gas":1,"brake":0,"steering":0},"timestamp":""}')
    refused = (json.loads(taken[0].recv(5)) for _ in range(50))
    assert "this stream drives torn" in next(m["detail"] for m in refused if m.get("type") == "error")
    taken[0].close()
    requests.delete("/api/agents/torn")


def test_a_broken_stream_lets_the_car_of_an_agent_that_left_and_came_again_coast() -> None:
    race = Race("main", library.load("sprint"), Rules(stuck_seconds=60.0))
    agent = AgentAdd(agent_id="fickle")
    with running(environment_app([race])) as url, ServiceClient(url) as requests:
        requests.post("/api/agents/add", agent, RaceInfo)
        stream, _ = open_stream(url, DriveHello(protocol=PROTOCOL_VERSION, agent_id="fickle"))
        requests.delete("/api/agents/fickle")
        requests.post("/api/agents/add", agent, RaceInfo)
        stream.send(
            '{"agent_id":"fickle","action":{"gas":1,"brake":0,"steering":0},"timestamp":""}', text=True
        )
        assert json.loads(stream.recv(5))["agent_id"] == "fickle"
        assert race.entrants["fickle"].driving
        stream.close()
        until(lambda: not race.entrants["fickle"].driving)


def test_a_driver_comes_back_after_the_service_was_away() -> None:
    with listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    client = DriveClient(f"http://127.0.0.1:{port}", AgentAdd(agent_id="faithful"), patience=20.0)
    with ExitStack() as stack:
        stack.enter_context(a_service(port))
        answers = client.answers(timeout=10)
        assert next(answers).agent_id == "faithful"
        stack.close()
        back = threading.Timer(0.3, lambda: stack.enter_context(a_service(port)))
        back.start()
        times = [next(answers).info.lap_time for _ in range(10)]
        back.join()
        assert len(times) == 10
        client.close()


def test_an_async_driver_drives_and_comes_back_too() -> None:
    with listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]

    async def drive(stack: ExitStack) -> list[float]:
        client = AsyncDriveClient(f"http://127.0.0.1:{port}", AgentAdd(agent_id="nimble"), patience=20.0)
        speeds = []
        async for answer in client.answers(timeout=15):
            speeds.append(answer.observation.speed)
            await client.act(GAS)
            if len(speeds) == 20:
                stack.close()
                threading.Timer(0.3, lambda: stack.enter_context(a_service(port))).start()
            if len(speeds) > 20 and speeds[-1] < speeds[19] / 2:
                break
        await client.close()
        return speeds

    with ExitStack() as stack:
        stack.enter_context(a_service(port))
        speeds = asyncio.run(drive(stack))
    assert max(speeds[:20]) > 3.0  # it drove
    assert speeds[-1] < max(speeds[:20]) / 2  # and came back to another race


def test_an_async_driver_that_is_closed_while_it_connects_drives_no_more(
    url: str, requests: ServiceClient
) -> None:
    async def drive() -> list[float]:
        client = AsyncDriveClient(url, AgentAdd(agent_id="gone"))
        asyncio.get_running_loop().call_soon(asyncio.create_task, client.close())
        return [answer.reward async for answer in client.answers(timeout=5)]

    assert asyncio.run(drive()) == []
    requests.delete("/api/agents/gone")


def test_an_async_driver_without_patience_gives_up() -> None:
    async def drive() -> None:
        client = AsyncDriveClient("http://127.0.0.1:9", AgentAdd(agent_id="hasty"), patience=0.0)
        async for _ in client.answers():
            pass

    with pytest.raises(ServiceAbsentError):
        asyncio.run(drive())


def test_a_driver_must_be_in_a_race_first(url: str) -> None:
    with pytest.raises(InputError, match="no agent stranger"):
        open_stream(url, DriveHello(protocol=PROTOCOL_VERSION, agent_id="stranger"))


# --- watching -------------------------------------------------------------------------------------


def test_a_viewer_sees_the_race(url: str, requests: ServiceClient) -> None:
    requests.post("/api/agents/add", AgentAdd(agent_id="shown"), RaceInfo)
    texts: list[dict[str, Any]] = []
    frames: list[bytes] = []
    with raw(url, "/api/watch") as viewer:
        first = json.loads(viewer.recv(5))
        assert first["type"] == "race" and first["protocol"] == PROTOCOL_VERSION
        while len(frames) < 60:
            data = viewer.recv(5)
            if isinstance(data, bytes):
                frames.append(data)
            else:
                texts.append(json.loads(data))
    rows, _ = unpack_rows(frames[-1], Kind.POSES)
    assert rows.shape == (1, len(first["race"]["pose_fields"])) and np.isfinite(rows).all()
    assert first["race"]["pose_fields"][-1] == "lidar_18"
    ticks = [unpack_header(frame).seq for frame in frames]
    steps = np.diff(ticks)
    assert set(steps) <= {1, 2} or steps.min() < 0  # 60 of 100 ticks, or a new heat
    assert "standings" in [text["type"] for text in texts]
    requests.delete("/api/agents/shown")


def test_many_slow_viewers_cost_the_race_nothing(url: str, requests: ServiceClient) -> None:
    requests.post("/api/agents/add", AgentAdd(agent_id="racer"), RaceInfo)
    with ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(raw(url, "/api/watch", max_queue=1, close_timeout=0.1))
        before = requests.get("/api/state", EnvironmentState).race
        begin = time.monotonic()
        time.sleep(1.5)
        after = requests.get("/api/state", EnvironmentState).race
        elapsed = time.monotonic() - begin
        if before.heat == after.heat:
            assert after.time - before.time == pytest.approx(elapsed, abs=0.3)
    requests.delete("/api/agents/racer")


def test_an_unknown_race_cannot_be_watched(url: str) -> None:
    with raw(url, "/api/watch?race=atlantis") as viewer:
        assert "known are main" in json.loads(viewer.recv(5))["detail"]


# --- who may --------------------------------------------------------------------------------------


def test_a_token_guards_streams_and_strange_pages_get_none() -> None:
    with a_service(access=Access(token="secret"), limits=Limits(streams=1)) as url:
        batch = BatchHello(protocol=PROTOCOL_VERSION, env="TrackMania/Lidar-v0", worlds=1)
        with pytest.raises(InputError, match="a token is missing"):
            open_stream(url, batch)
        with pytest.raises(InputError, match="the token is wrong"):
            make_vector_env("TrackMania/Lidar-v0", 1, url=url, token="guess")
        with ServiceClient(url) as requests:
            until(lambda: b"trackmania_streams 0\n" in requests.request("GET", "/metrics"))
        far = make_vector_env("TrackMania/Lidar-v0", 1, url=url, token="secret")
        with pytest.raises(InputError, match="1 streams are open"):
            make_vector_env("TrackMania/Lidar-v0", 1, url=url, token="secret")
        far.close()
        with pytest.raises(Exception, match=r"403|500"):
            raw(url, "/api/watch", origin="http://evil.example")
        raw(url, "/api/watch", origin="http://localhost:3000").close()


def test_a_stopping_service_says_goodbye(tmp_path: Path) -> None:
    with a_service() as url:
        viewer = raw(url, "/api/watch")
        assert json.loads(viewer.recv(5))["type"] == "race"
    texts = []
    with pytest.raises(ConnectionClosed):
        while True:
            texts.append(json.loads(viewer.recv(5)))
    assert texts[-1]["type"] == "goodbye"
