"""A race: heats, rules, who is late, who comes and goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from trackmania_rl.environment.race import solo
from trackmania_rl.environment.race.drivers import pursuit
from trackmania_rl.environment.race.entrant import GHOST_COLOUR, Ghost
from trackmania_rl.environment.race.race import Race, Rules
from trackmania_rl.environment.replay import reading, verification
from trackmania_rl.environment.simulator.environment import TrackVectorEnv
from trackmania_rl.environment.tracks import library
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import Action, ActionRequest, AgentAdd, Car
from trackmania_rl.protocol.poses import POSE_FIELDS, STATE_OUT, on_grid

GAS = np.array([1.0, -1.0, 0.0], np.float32)
STATE = POSE_FIELDS.index("state")


def a_race(*agents: str, folder: Path | None = None, **rules: float) -> Race:
    """A race on the sprint that these agents have joined."""
    race = Race(
        "main", library.load("sprint"), Rules(**{"countdown": 0.1, "pause": 0.1} | rules), folder=folder
    )
    for agent in agents:
        race.add(AgentAdd(agent_id=agent))
    return race


def drive(
    race: Race, until: Callable[[], bool], act: Callable[[Race], np.ndarray] | None = None
) -> list[str]:
    """Tick until something holds; everyone acts at every step. Returns the kinds of events."""
    kinds = []
    for _ in range(20_000):
        if until():
            return kinds
        race.tick()
        kinds += [event.kind for event in race.events]
        race.events.clear()
        if race.at_step and act is not None:
            actions = act(race)
            for entrant in race.grid:
                entrant.send(actions[entrant.slot])
    raise AssertionError("it never came to this")


def everyone(action: np.ndarray) -> Callable[[Race], np.ndarray]:
    return lambda race: np.tile(action, (race.simulator.cars, 1))


def test_a_heat_goes_from_countdown_to_finish_and_the_next_begins() -> None:
    race = a_race("a", "b")
    assert (race.state, race.clock) == ("countdown", -10)
    drive(race, lambda: race.state == "racing")
    assert race.clock == 0
    kinds = drive(race, lambda: race.state == "finished", lambda race: pursuit(race.simulator))
    assert kinds.count("finish") == 2
    assert [entrant.cause for entrant in race.grid] == ["finish", "finish"]
    drive(race, lambda: race.heat == 2)
    assert all(line.best_time is not None for line in race.standings())


def test_a_race_without_a_countdown_starts_at_once() -> None:
    race = a_race("a", countdown=0.0)
    drive(race, lambda: race.state == "racing")
    assert race.clock == 0


def test_the_start_waits_for_the_countdown() -> None:
    race = a_race("a")
    before = race.poses()
    for _ in range(10):
        race.entrants["a"].send(GAS)
        race.tick()
    np.testing.assert_array_equal(race.poses()[:, :3], before[:, :3])


def test_an_action_is_felt_one_step_after_it_was_sent() -> None:
    race = a_race("a")
    drive(race, lambda: race.state == "racing")
    race.entrants["a"].send(GAS)
    seen = []
    for _ in range(15):
        race.tick()
        seen.append(race.simulator.poses()[0, POSE_FIELDS.index("gas")])
    assert seen == [0.0] * 5 + [1.0] * 10


def test_the_flat_observation_is_that_of_the_environment() -> None:
    """A policy sees in a race what it saw in training: the same numbers after the same actions.

    Those that a race drives as they are: it rounds them (docs/replay.md).
    """
    envs = TrackVectorEnv(1, track="sprint", observation="lidar")
    learned, _ = envs.reset(seed=0)
    race = Race("main", library.load("sprint"), Rules(countdown=0.05, agents_max=1))
    entrant = race.add(AgentAdd(agent_id="a", observation="TrackMania/Lidar-v0"))
    drive(race, lambda: race.state == "racing")
    np.testing.assert_array_equal(race.sensed(entrant).observation.vector, learned[0])
    random = np.random.default_rng(1)
    for _ in range(60):
        action = on_grid(random.uniform([0.5, -1, -0.3], [1, 0, 0.3]).astype(np.float32))
        learned, *_ = envs.step(action[None])
        act = Action(gas=float(max(action[0], 0)), brake=0.0, steering=float(action[2]))
        race.act(ActionRequest(agent_id="a", action=act, timestamp="", raw=action.tolist()))
        for _ in range(5):
            race.tick()
        raced = race.sensed(entrant).observation.vector
        np.testing.assert_array_equal(np.array(raced, np.float32), learned[0])


def test_who_is_late_goes_on_as_before_and_is_counted() -> None:
    race = a_race("a")
    drive(race, lambda: race.state == "racing")
    race.entrants["a"].send(GAS)
    for _ in range(20):
        race.tick()
    assert race.late_actions == 3
    assert race.simulator.speed[0] > 1.0


def test_who_is_gone_coasts_and_is_not_late() -> None:
    race = a_race("a")
    drive(race, lambda: race.simulator.speed[0] > 10, everyone(GAS))
    race.entrants["a"].release()
    late, speed = race.late_actions, race.simulator.speed[0]
    for _ in range(50):
        race.tick()
    assert race.late_actions == late
    assert race.simulator.speed[0] < speed
    assert race.simulator.poses()[0, POSE_FIELDS.index("gas")] == 0.0


def test_a_car_that_stands_is_out() -> None:
    race = a_race("a", stuck_seconds=1.0)
    kinds = drive(race, lambda: race.state == "finished")
    assert kinds == ["start", "stuck", "heat_end"]
    assert race.clock == 100
    assert int(race.poses()[0, STATE]) & STATE_OUT


def test_a_car_that_is_done_stops_and_stays() -> None:
    race = a_race("a", time_limit=2.0, pause=60.0)
    drive(race, lambda: race.state == "finished", everyone(GAS))
    assert race.simulator.speed[0] > 5.0
    furthest = []
    for _ in range(600):
        race.tick()
        furthest.append(race.simulator.progress[0])
    assert abs(race.simulator.speed[0]) < 2.0
    assert furthest[-1] > max(furthest) - 1.0


def test_the_time_limit_ends_a_heat() -> None:
    race = a_race("a", time_limit=2.0)
    drive(race, lambda: race.state == "finished", everyone(GAS))
    assert race.clock == 200
    assert race.sensed(race.entrants["a"]).info.cause == "time_limit"
    assert race.sensed(race.entrants["a"]).done


def test_a_heat_ends_some_time_after_the_first_finish() -> None:
    race = a_race("fast", "slow", finish_seconds=1.0, stuck_seconds=60.0)

    def act(race: Race) -> np.ndarray:
        actions = pursuit(race.simulator)
        actions[race.entrants["slow"].slot] = 0.0
        return actions

    drive(race, lambda: race.state == "finished", act)
    finish = race.entrants["fast"].best_time
    assert finish is not None
    assert finish + 1.0 <= race.clock / 100 < finish + 1.06
    assert race.entrants["slow"].cause == "time_limit"


def test_rewards_are_the_metres_gained_since_the_last_answer() -> None:
    race = a_race("a")
    entrant = race.entrants["a"]
    drive(race, lambda: race.clock == 100, everyone(GAS))
    assert race.answer(entrant).reward == pytest.approx(0.1 * race.simulator.furthest[0], abs=1e-4)
    assert race.answer(entrant).reward == 0.0


def test_who_joins_a_running_heat_waits_for_the_next() -> None:
    race = a_race("a")
    drive(race, lambda: race.clock == 50, everyone(GAS))
    race.add(AgentAdd(agent_id="b", name="Bea", colour="#123456", policy="human"))
    assert [car.agent_id for car in race.cars] == ["a"]
    race.remove("a")
    drive(race, lambda: race.heat == 2)
    assert race.cars == [Car(agent_id="b", name="Bea", colour="#123456", policy="human")]


def test_who_joins_during_the_countdown_starts_with_the_others() -> None:
    race = a_race("a", "b", "c")
    assert [car.agent_id for car in race.cars] == ["a", "b", "c"]
    assert race.heat == 1
    lateral = race.poses()[:, :3]
    gaps = np.linalg.norm(lateral[1:] - lateral[:-1], axis=1)
    np.testing.assert_allclose(gaps, 3.0, atol=1e-3)


def test_a_race_without_agents_waits() -> None:
    race = a_race("a")
    race.remove("a")
    assert drive(race, lambda: race.state == "waiting") == ["heat_end"]
    race.add(AgentAdd(agent_id="b"))
    assert race.state == "countdown"


def test_unknown_and_too_many_agents_are_refused() -> None:
    race = a_race("a", "b", agents_max=2)
    with pytest.raises(InputError, match=r"no agent z.*known are a, b") as unknown:
        race.entrant("z")
    assert unknown.value.status == 404
    with pytest.raises(InputError, match="2 agents, the most it takes") as full:
        race.add(AgentAdd(agent_id="c"))
    assert full.value.status == 409
    with pytest.raises(InputError, match=r"TrackMania/Nothing-v0.*TrackMania/Lidar-v0"):
        race.add(AgentAdd(agent_id="a", observation="TrackMania/Nothing-v0"))


def test_a_repeated_request_is_answered_again_and_not_driven_twice() -> None:
    race = a_race("a")
    drive(race, lambda: race.clock == 40, everyone(GAS))
    request = ActionRequest(
        agent_id="a", action=Action(gas=1.0, brake=0.0, steering=0.0), timestamp="", seq=7
    )
    first = race.act(request)
    race.tick()
    again = ActionRequest(agent_id="a", action=Action(gas=0.0, brake=1.0, steering=0.0), timestamp="", seq=7)
    assert race.act(again) is first
    np.testing.assert_array_equal(race.entrants["a"].sent, [1.0, 0.0, 0.0])


def test_a_reset_lines_up_again_on_another_track() -> None:
    race = a_race("a")
    drive(race, lambda: race.clock == 100, everyone(GAS))
    race.reset(track=library.load("esses"))
    assert (race.state, race.describe().track) == ("countdown", "esses")
    drive(race, lambda: race.clock == 100, everyone(GAS))
    assert race.simulator.progress[0] > 1.0
    race.reset(agent_id="a")
    assert race.simulator.progress[0] == 0.0
    assert [event.kind for event in race.events] == ["respawn"]


def test_a_car_whose_heat_is_over_is_not_put_back() -> None:
    """Or it would lead with a time of nothing."""
    race = a_race("a", "b", pause=60.0)
    drive(race, lambda: race.entrants["a"].cause == "finish", lambda race: pursuit(race.simulator))
    before = race.standings()[0]
    race.reset(agent_id="a")
    race.reset(agent_id="a", checkpoint=True)
    assert race.standings()[0] == before


def test_the_last_to_leave_a_finished_heat_does_not_end_it_again() -> None:
    race = a_race("a", time_limit=0.5, pause=60.0)
    drive(race, lambda: race.state == "finished", everyone(GAS))
    race.remove("a")
    assert drive(race, lambda: race.state == "waiting") == []


def test_ghosts_race_along_but_nobody_waits_for_them() -> None:
    samples = np.zeros((41, len(POSE_FIELDS)), np.float32)
    samples[:, 0] = np.arange(41)
    samples[:, 6] = 1.0
    samples[:, POSE_FIELDS.index("gear")] = 1 + np.arange(41) // 7
    ghost = Ghost(Car(agent_id="ghost", name="Ghost", colour=GHOST_COLOUR, ghost=True), samples)
    race = Race("main", library.load("sprint"), Rules(countdown=0.1), ghosts=[ghost])
    drive(race, lambda: race.clock == 33)
    assert race.poses()[0, 0] == pytest.approx(6.6)
    assert race.poses()[0, POSE_FIELDS.index("gear")] == 1.0
    race.add(AgentAdd(agent_id="a"))
    assert (race.state, [car.agent_id for car in race.cars]) == ("countdown", ["a", "ghost"])
    assert race.poses().shape == (2, len(race.describe().pose_fields))


def jostle(race: Race) -> np.ndarray:
    """Everyone follows the road, and pulls to and fro."""
    actions = pursuit(race.simulator).copy()
    actions[:, 2] += 0.4 * np.sin(0.1 * race.clock + np.arange(len(actions)))
    return np.clip(actions, -1.0, 1.0)


def test_cars_hit_one_another_and_the_replay_verifies(tmp_path: Path) -> None:
    """Contact events, counted in the leaderboard; all cars are re-driven together, bit for bit."""
    race = a_race(*(f"a{k}" for k in range(6)), folder=tmp_path, contact=True, respawn=True)
    events = []
    while race.clock < 900 or race.state != "racing":
        race.tick()
        events += race.events
        race.events.clear()
        if race.at_step:
            actions = jostle(race)
            for entrant in race.grid:
                entrant.send(actions[entrant.slot])
        if race.clock == 303 and race.state == "racing":
            race.reset(agent_id="a2")
        if race.clock == 407:
            race.reset(agent_id="a1", checkpoint=True)
        if race.clock == 508 and "a4" in race.entrants:
            race.remove("a4")
    contacts = [event for event in events if event.kind == "contact"]
    assert contacts
    assert all(event.value > 3.0 and event.other != event.agent_id for event in contacts)
    assert all({event.agent_id, event.other} <= {f"a{k}" for k in range(6)} for event in contacts)
    known = {line.agent_id: line.contacts for line in race.standings()}
    for agent_id, count in known.items():
        assert count == sum(agent_id in (event.agent_id, event.other) for event in contacts)
    assert next(event.value for event in events if event.kind == "respawn") is None
    assert any(event.value is not None for event in events if event.kind == "respawn")
    assert race.describe().contact
    race.reset()
    race.close()
    recorded = reading.read(next(tmp_path.glob("*.mcap")))
    assert recorded.about.contact
    verdicts = verification.verify(recorded, race.track)
    assert [verdict.agent_id for verdict in verdicts] == [f"a{k}" for k in range(6)]
    assert all(verdict.equal for verdict in verdicts), verdicts


def test_a_car_that_gave_up_is_in_nobodys_way(tmp_path: Path) -> None:
    """Out is out: others drive through it, in the replay too."""
    race = a_race("a", "b", folder=tmp_path, contact=True, stuck_seconds=1.0)
    drive(race, lambda: race.state == "racing")
    race.simulator.spawn(race.entrants["b"].slot, arc=race.track.start + 60.0, lateral=0.0)
    one = race.entrants["a"]
    drive(
        race,
        lambda: bool(one.cause),
        lambda race: np.where(
            np.arange(race.simulator.cars)[:, None] == one.slot, pursuit(race.simulator), 0.0
        ),
    )
    assert (one.cause, race.entrants["b"].cause, one.contacts) == ("finish", "stuck", 0)


def test_ghosts_pass_through_unless_contact_is_asked_for() -> None:
    race = a_race("a", "b")
    assert not race.describe().contact and not race.simulator.contact


def test_64_agents_race_and_one_more_is_refused() -> None:
    """All on the road, with contact; the refusal says how many there may be."""
    race = a_race(*(f"a{k}" for k in range(64)), agents_max=64, contact=True)
    assert len({tuple(row) for row in race.poses()[:, :3].tolist()}) == 64
    with pytest.raises(InputError, match=r"64 agents, the most it takes: DELETE one of them$"):
        race.add(AgentAdd(agent_id="late"))
    kinds = drive(race, lambda: race.clock == 900, lambda race: pursuit(race.simulator))
    assert "contact" in kinds
    assert len(race.standings()) == len(race.describe().cars) == 64
    assert np.isfinite(race.poses()).all()


def test_a_respawn_goes_back_to_the_checkpoint_and_the_clock_goes_on() -> None:
    race = a_race("a")
    race.reset(track=library.load("esses"))
    one = race.entrants["a"]
    drive(race, lambda: one.checkpoint == 1, lambda race: pursuit(race.simulator))
    drive(race, lambda: race.clock % 100 == 0, lambda race: pursuit(race.simulator))
    clock = race.simulator.lap_time[0]
    request = ActionRequest(
        agent_id="a", action=Action(gas=0.0, brake=0.0, steering=0.0), timestamp="", respawn=True
    )
    answer = race.act(request)
    mark = race.track.checkpoints[0] - race.track.start
    assert race.simulator.progress[0] == pytest.approx(mark, abs=0.01)
    assert race.simulator.speed[0] == answer.observation.speed == 0.0
    assert race.simulator.lap_time[0] == clock
    assert [(event.kind, event.value) for event in race.events] == [("respawn", 1)]
    before = race.simulator.furthest[0]
    drive(race, lambda: one.cause == "finish", lambda race: pursuit(race.simulator))
    assert race.simulator.furthest[0] > before


@pytest.mark.parametrize("drives", [True, False])
def test_only_a_heat_in_which_somebody_drove_is_kept(tmp_path: Path, drives: bool) -> None:
    race = a_race("a", folder=tmp_path, stuck_seconds=0.5, time_limit=1.0)
    drive(race, lambda: race.state == "finished", everyone(GAS) if drives else None)
    race.close()
    assert len(list(tmp_path.iterdir())) == int(drives)


def test_a_heats_end_is_told_with_and_without_a_recording(tmp_path: Path) -> None:
    for folder in (None, tmp_path):
        race = a_race("a", folder=folder, time_limit=0.5, pause=60.0)
        told = []
        while not told:
            race.tick()
            race.entrants["a"].send(GAS)
            told = [event for event in race.events if event.kind == "heat_end"]
        assert (told[0].time, told[0].replay is None) == (0.5, folder is None)


def test_a_race_in_changing_weather_drives_again_bit_for_bit(tmp_path: Path) -> None:
    track = library.load("sprint")
    result = solo.run(track, "pursuit", cars=2, record=tmp_path / "wet.mcap", weather="dry, storm@3")
    dry = solo.run(track, "pursuit", cars=2)
    assert result.times != dry.times
    recorded = reading.read(tmp_path / "wet.mcap")
    assert all(verdict.equal for verdict in verification.verify(recorded, track))
    weather = recorded.replay().weather
    assert weather is not None and weather[0].rain == 0.0 and weather[-1].wetness > 0.3
