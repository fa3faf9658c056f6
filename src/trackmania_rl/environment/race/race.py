"""A race: several agents' cars on one track, heat after heat, tick by tick.

A race knows nothing of clocks on the wall or of connections: whoever runs it calls `tick` a hundred times
a second, or as fast as it can, and takes what happened from `events`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.environment.clock import CONTROL_HZ, FRAME_HZ, STEP, TICK, TICKS_PER_STEP
from trackmania_rl.environment.race.entrant import COLOURS, Entrant, Ghost
from trackmania_rl.environment.race.incidents import Incidents
from trackmania_rl.environment.race.senses import Senses
from trackmania_rl.environment.race.standings import Drive, standings
from trackmania_rl.environment.registration import LAYOUTS
from trackmania_rl.environment.replay.recording import Recording, new_id
from trackmania_rl.environment.replay.script import About
from trackmania_rl.environment.simulator import weather as weathers
from trackmania_rl.environment.simulator.environment import FLOOR, SPEED_SLOWEST
from trackmania_rl.environment.simulator.grid import start_grid
from trackmania_rl.environment.simulator.observation import Layout
from trackmania_rl.environment.simulator.reward import Reward
from trackmania_rl.environment.simulator.simulator import CARS_MAX, PHYSICS_VERSION, Simulator
from trackmania_rl.environment.tracks.track import Track
from trackmania_rl.protocol import messages
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.poses import POSE_FIELDS, STATE_OUT, lidar_fields, on_grid

Floats = NDArray[np.float32]

GAIN_MIN = 0.5
"""A car that gets ahead by less than this in `stuck_seconds` is stuck [m] (guess)."""
BRAKE, ROLL = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]], np.float32)
"""What a car does that has finished or is out: it brakes; at a standstill the brake would be reverse."""
BRAKE_MIN = 2.0
"""It lets go of the brake below this speed [m/s] (guess)."""
STATE_COLUMN = POSE_FIELDS.index("state")


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How a race is run.

    Attributes:
        countdown: Time from line-up to start [s], at least a step.
        pause: Time from a heat's end to the next line-up [s].
        stuck_seconds: A car that gains nothing for this long is out [s].
        finish_seconds: A heat ends this long after the first finish [s].
        time_limit: Longest heat [s]; None: 10 s and the time at 10 m/s, as in the environments.
        heats: Number of heats; None: for ever.
        agents_max: Most agents in the race, up to 64.
        weather: Forecast of every heat, such as "dry, rain@30"; None for none.
        contact: Whether cars hit and see one another; otherwise they pass through (ghosts).
        respawn: Whether a car that falls off goes on from its last checkpoint; otherwise it is out.
    """

    countdown: float = 3.0
    pause: float = 3.0
    stuck_seconds: float = 5.0
    finish_seconds: float = 15.0
    time_limit: float | None = None
    heats: int | None = None
    agents_max: int = 16
    weather: str | None = None
    contact: bool = False
    respawn: bool = False


@dataclass(eq=False)
class Race:
    """Several cars on one track.

    Each step of 50 ms goes like this: what every agent sent since the last step is taken, and driven in
    the step after it. So an agent has 50 ms to answer, and feels its action one step later, as in the game
    and as in the environments that it learned in. Who is late goes on as before (and is counted); who is
    gone coasts.

    Attributes:
        id: Name of the race.
        track: Where it is driven.
        rules: How it is run.
        ghosts: Recorded drives that are shown in every heat.
        folder: Where its heats are recorded; None: nowhere.
        record_sensors: LIDAR scans and rewards are recorded too.
        seed: Of the noise that weather makes.
        state: "waiting" for agents, "countdown", "racing" or "finished".
        clock: Ticks since the start of the heat, negative while the countdown runs.
        heat: Counts the starts.
        entrants: The agents by id.
        grid: Those who are in the present heat; the others wait for the next one.
        events: What happened; whoever runs the race takes them out.
        changed: Something in `describe` other than the clock changed.
        late_actions: Steps in which an action was missing and the previous one was held.
        recording: That of the present heat, until the next one lines up; None without a folder.
    """

    id: str
    track: Track
    rules: Rules = field(default_factory=Rules)
    ghosts: Sequence[Ghost] = ()
    folder: Path | None = None
    record_sensors: bool = False
    seed: int = 0
    state: messages.RaceState = field(default="waiting", init=False)
    clock: int = field(default=0, init=False)
    heat: int = field(default=0, init=False)
    entrants: dict[str, Entrant] = field(default_factory=dict, init=False)
    grid: list[Entrant] = field(default_factory=list, init=False)
    events: list[messages.EventMessage] = field(default_factory=list, init=False)
    changed: bool = field(default=True, init=False)
    late_actions: int = field(default=0, init=False)
    recording: Recording | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.reward = Reward()
        self.forecast = None if self.rules.weather is None else weathers.forecast(self.rules.weather)
        self._sensed: dict[int, tuple[messages.Observation, messages.Info]] = {}
        self._unfinished: list[tuple[Recording, int]] = []  # and the tick at which their heat ended
        self._place_on(self.track)

    # --- who takes part ---------------------------------------------------------------------------

    def add(self, request: messages.AgentAdd) -> Entrant:
        """Bring an agent in, for the next heat, or at once when nobody races. Adding it again updates it.

        Raises:
            InputError: The race is full, or the observation is unknown.
        """
        layout = None if request.observation is None else _layout(request.observation)
        entrant = self.entrants.get(request.agent_id)
        if entrant is None:
            entrant = self._enter(request.agent_id)
        car = entrant.car
        car.name = request.name or car.name
        car.colour = request.colour or car.colour
        car.policy = request.policy or car.policy
        entrant.layout = layout
        if layout is not None:
            self._senses.provide(layout)
        self._sensed.pop(entrant.slot, None)
        self.changed = True
        if self.state == "countdown" and self.grid:
            self._join(entrant)
        elif not any(one.racing for one in self.grid):
            self._line_up()
        return entrant

    def remove(self, agent_id: str) -> None:
        """Take an agent and its car out at once.

        Raises:
            InputError: Status 404; names the agents that there are.
        """
        entrant = self.entrant(agent_id)
        del self.entrants[agent_id]
        if entrant in self.grid:
            self.grid.remove(entrant)
        self.changed = True
        if not self.entrants and self.state in ("countdown", "racing"):
            self._end_heat()

    def entrant(self, agent_id: str) -> Entrant:
        """The agent of this id.

        Raises:
            InputError: Status 404; names the agents that there are.
        """
        if agent_id not in self.entrants:
            known = ", ".join(self.entrants) or "none"
            raise InputError(
                f"no agent {agent_id} in race {self.id}; known are {known}: add it with POST /api/agents/add",
                status=404,
                field="agent_id",
            )
        return self.entrants[agent_id]

    def reset(
        self,
        *,
        track: Track | None = None,
        agent_id: str | None = None,
        checkpoint: bool = False,
        seed: int | None = None,
    ) -> None:
        """Line up anew, on another track if one is given; with an agent only its car returns to the start.

        With `checkpoint` it returns to its last checkpoint instead, and its clock goes on. A car that has
        finished or is out stays so until the next heat.
        """
        if agent_id is not None:
            entrant = self.entrant(agent_id)
            if checkpoint:
                self.respawn(entrant)
                return
            if not entrant.racing:
                return  # its heat is over, or has not begun
            self._spawn([entrant])
            entrant.gained = self.clock
            if self.state == "racing":
                self._happened("respawn", entrant)
            return
        self._close_recording(complete=False)
        if seed is not None:
            self.seed = seed
            self._senses.seed(seed)
        if track is not None:
            self.track = track
            self._place_on(track)
        if self.entrants or self.ghosts:
            self._line_up()

    def respawn(self, entrant: Entrant) -> None:
        """Put a car that races back to its last checkpoint, standing, while its clock goes on."""
        if self.state != "racing" or not entrant.racing:
            return
        passed = int(self.simulator.checkpoint[entrant.slot])
        self.simulator.respawn(entrant.slot, arc=entrant.arc, lateral=entrant.lateral)
        entrant.gained = self.clock
        self._restart_senses(np.array([entrant.slot]))
        self._happened("respawn", entrant, passed)

    # --- acting and sensing -----------------------------------------------------------------------

    def act(self, request: messages.ActionRequest) -> messages.ActionAnswer:
        """Take an agent's action for the coming step; answer with what it senses now.

        Raises:
            InputError: Unknown agent.
        """
        entrant = self.entrant(request.agent_id)
        if entrant.answer is not None and request.seq is not None and request.seq == entrant.seq:
            return entrant.answer
        if request.respawn:
            self.respawn(entrant)
        action = request.action
        entrant.send(np.array(request.raw or (action.gas, action.brake, action.steering), np.float32))
        entrant.seq = request.seq
        entrant.answer = self.answer(entrant, seq=request.seq)
        return entrant.answer

    def answer(self, entrant: Entrant, seq: int | None = None) -> messages.ActionAnswer:
        """What an agent senses now, and the reward since it was last told."""
        answer = self.sensed(entrant, seq)
        entrant.reward = 0.0
        return answer

    def sensed(self, entrant: Entrant, seq: int | None = None) -> messages.ActionAnswer:
        """What an agent senses now, for others to see."""
        slot = entrant.slot
        if slot not in self._sensed:
            self._sensed[slot] = self._senses.of(slot, entrant.layout), self._info(entrant)
        observation, info = self._sensed[slot]
        return messages.ActionAnswer(
            agent_id=entrant.car.agent_id,
            observation=observation,
            reward=round(entrant.reward, 6),
            done=bool(entrant.cause),
            info=info,
            timestamp=messages.timestamp(),
            seq=seq,
        )

    def _info(self, entrant: Entrant) -> messages.Info:
        finished = entrant.cause == "finish"
        driven = float(self.simulator.furthest[entrant.slot]) / self.track.length
        return messages.Info(
            track_completion=1.0 if finished else round(min(max(driven, 0.0), 1.0), 5),
            lap_time=round(float(self.simulator.lap_time[entrant.slot]), 4),
            finished=finished or None,
            cause=entrant.cause or None,
        )

    # --- the clock --------------------------------------------------------------------------------

    @property
    def at_step(self) -> bool:
        """Whether the present tick begins a step, so that agents sense and act."""
        return self.clock % TICKS_PER_STEP == 0

    def tick(self) -> None:
        """Go on by 10 ms."""
        self._tell_recorded()
        if self.state == "waiting":
            if self.ghosts:
                self._line_up()
            return
        if self.state != "countdown":
            self.simulator.step(self._actions, 1)
            if self.state == "racing":
                self._watch()
        self.clock += 1
        if self.at_step:
            self._step()

    def _step(self) -> None:
        """What happens between two steps of control."""
        if self.state == "countdown" and self.clock == 0:
            self._start()
        elif self.state == "racing":
            self._judge()
        if self.forecast is not None:
            weathers.feel(self.simulator, self._conditions())
        self._latch()
        self._sensed.clear()
        self._senses.observe(self._sent)
        if self.state == "racing":
            self._record()
            for entrant in self._fallen:
                self.respawn(entrant)
            self._fallen.clear()
            if self._over():
                self._end_heat()
        elif self.state == "finished":
            self._after_heat()

    @property
    def over(self) -> bool:
        """Whether the last heat has been driven."""
        heats = self.rules.heats
        return heats is not None and self.heat >= heats and self.state in ("finished", "waiting")

    def poses(self) -> Floats:
        """Cars as viewers draw them, LIDAR included: (cars, len(pose_fields)), in the order of `cars`."""
        slots = [entrant.slot for entrant in self.grid]
        live = np.concatenate(
            [self._marked(self.simulator.poses()[slots]), self.simulator.lidar()[slots]], axis=1
        )
        if not self.ghosts:
            return live
        ghosts = np.zeros((len(self.ghosts), live.shape[1]), np.float32)
        ghosts[:, : len(POSE_FIELDS)] = [ghost.pose(self.clock) for ghost in self.ghosts]
        return np.concatenate([live, ghosts])

    # --- as others see it -------------------------------------------------------------------------

    @property
    def cars(self) -> list[messages.Car]:
        """The cars of the present heat, in the order of the rows of `poses`."""
        return [one.car for one in self.grid] + [ghost.car for ghost in self.ghosts]

    @property
    def weather(self) -> messages.Weather | None:
        """The weather now."""
        return None if self.forecast is None else self.forecast.weather(max(self.clock, 0) * TICK)

    @property
    def time_limit(self) -> float:
        """Longest heat [s]."""
        return self.rules.time_limit or 10.0 + self.track.length / SPEED_SLOWEST

    def describe(self) -> messages.Race:
        """The race as it stands."""
        return messages.Race(
            id=self.id,
            track=self.track.id,
            track_name=self.track.name,
            track_hash=self.track.hash,
            state=self.state,
            heat=self.heat,
            time=round(self.clock * TICK, 2),
            cars=self.cars,
            pose_fields=[*POSE_FIELDS, *lidar_fields(self.simulator.beams)],
            rate_hz=FRAME_HZ,
            control_hz=CONTROL_HZ,
            time_limit=self.time_limit,
            contact=self.rules.contact,
            late_actions=self.late_actions,
            weather=self.weather,
        )

    def standings(self) -> list[messages.Standing]:
        """The leaderboard of the present heat, ghosts included."""
        lap_time = self.simulator.lap_time
        drives = [
            Drive(
                agent_id=one.car.agent_id,
                progress=one.progress,
                lap_time=float(lap_time[one.slot]),
                finished=one.cause == "finish",
                running=one.racing,
                best_time=one.best_time,
                contacts=one.contacts,
            )
            for one in self.grid
        ]
        steps = max(self.clock, 0) // TICKS_PER_STEP + 1
        drives += [
            Drive(
                agent_id=ghost.car.agent_id,
                progress=ghost.progress[:steps],
                lap_time=ghost.lap_time(self.clock),
                finished=ghost.finished(self.clock),
                running=steps < len(ghost.samples),
            )
            for ghost in self.ghosts
        ]
        return standings(drives)

    def close(self) -> None:
        """Finish the recording."""
        self._close_recording(complete=False)
        for recording, _ in self._unfinished:
            recording.wait()

    # --- inside -----------------------------------------------------------------------------------

    def _place_on(self, track: Track) -> None:
        """A new simulator; its cars are slots for the agents."""
        self.simulator = Simulator(
            track, 1, cars_per_world=self.rules.agents_max, contact=self.rules.contact, threads=1
        )
        self._actions = np.zeros((self.simulator.cars, 3), np.float32)
        self.simulator.step(self._actions, 1)  # the first step compiles the kernels: not while people watch
        self.simulator.spawn()
        self._sent = np.zeros((self.simulator.cars, 3), np.float32)
        self._rewards = np.zeros(self.simulator.cars, np.float32)
        self._incidents = Incidents(self.simulator.cars)
        self._fallen: list[Entrant] = []
        self._senses = Senses(
            self.simulator, self._conditions if self.forecast is not None else None, self.seed
        )
        for entrant in self.entrants.values():
            if entrant.layout is not None:
                self._senses.provide(entrant.layout)
        self._sensed.clear()
        self._furthest = self.simulator.furthest
        self.changed = True

    def _enter(self, agent_id: str) -> Entrant:
        taken = {entrant.slot for entrant in self.entrants.values()}
        free = [slot for slot in range(self.simulator.cars) if slot not in taken]
        if not free:
            more = ", or start the service with a larger --agents" if len(taken) < CARS_MAX else ""
            raise InputError(
                f"the race has {len(taken)} agents, the most it takes: DELETE one of them{more}",
                status=409,
                field="agent_id",
            )
        colour = COLOURS[free[0] % len(COLOURS)]
        entrant = Entrant(
            messages.Car(agent_id=agent_id, name=agent_id, colour=colour), free[0], arc=self.track.start
        )
        self.entrants[agent_id] = entrant
        self._spawn([entrant])
        return entrant

    def _line_up(self) -> None:
        """Everybody to the start; the countdown begins."""
        self._close_recording(complete=False)
        self.recording = None
        self.state, self.clock = "countdown", -max(TICKS_PER_STEP, round(self.rules.countdown / TICK))
        self.heat += 1
        self.grid = list(self.entrants.values())
        for entrant in self.grid:
            entrant.line_up()
        self._incidents.forget()
        self._form_grid()
        self.changed = True

    def _join(self, entrant: Entrant) -> None:
        """Another one to the start while the countdown runs: the grid closes up."""
        if entrant not in self.grid:
            self.grid.append(entrant)
            entrant.line_up()
            self._form_grid()

    def _form_grid(self) -> None:
        """The cars of the heat to the start grid."""
        if self.grid:
            arc, lateral = start_grid(self.track, len(self.grid))
            for number, entrant in enumerate(self.grid):
                entrant.arc, entrant.lateral = float(arc[number]), float(lateral[number])
            self._spawn(self.grid)

    def _spawn(self, entrants: Sequence[Entrant]) -> None:
        """Put cars to their places at the start."""
        slots = np.array([entrant.slot for entrant in entrants])
        self.simulator.spawn(
            slots,
            arc=np.array([entrant.arc for entrant in entrants]),
            lateral=np.array([entrant.lateral for entrant in entrants]),
        )
        self._furthest[slots] = self.simulator.furthest[slots]
        self._restart_senses(slots)

    def _restart_senses(self, slots: NDArray[np.intp]) -> None:
        """Cars were put somewhere else."""
        self._sensed.clear()
        self._senses.restart(slots)

    def _conditions(self) -> Floats:
        """The weather now, (1, 6)."""
        assert self.forecast is not None
        return self.forecast.at(max(self.clock, 0) * TICK)

    def _start(self) -> None:
        """The lights go out."""
        self.state = "racing"
        self.changed = True
        if self.folder is not None and self.grid:
            about = About(
                id=new_id(self.track.id, self.heat),
                track=self.track.id,
                track_name=self.track.name,
                track_hash=self.track.hash,
                recorded=messages.timestamp(),
                physics=PHYSICS_VERSION,
                seed=self.seed,
                cars=self.cars,
                lateral=[entrant.lateral for entrant in self.grid],
                weather=self.rules.weather,
                arc=[entrant.arc for entrant in self.grid],
                contact=self.rules.contact,
            )
            self.recording = Recording(self.folder, about, self.track)
        self._happened("start")

    def _latch(self) -> None:
        """What the agents sent last is driven in the coming step; who is out is in nobody's way."""
        speed = self.simulator.speed
        solid = np.zeros(self.simulator.cars, np.bool_)
        solid[[entrant.slot for entrant in self.grid if entrant.racing]] = True
        self.simulator.solid = solid
        for entrant in self.grid:
            slot = entrant.slot
            racing = entrant.racing and self.state == "racing"
            if racing and entrant.driving and not entrant.fresh:
                self.late_actions += 1
            entrant.fresh = False
            self._sent[slot] = entrant.sent
            stopping = BRAKE if speed[slot] > BRAKE_MIN else ROLL
            self._actions[slot] = on_grid(np.maximum(entrant.sent, FLOOR)) if entrant.racing else stopping

    def _judge(self) -> None:
        """Rewards, checkpoints, finishes; who is out; whether the heat is over."""
        simulator = self.simulator
        furthest, finished, fallen = simulator.furthest, simulator.finished, simulator.fallen
        checkpoint, progress, lap_time = simulator.checkpoint, simulator.progress, simulator.lap_time
        gain = furthest - self._furthest
        self._furthest = furthest
        rewards = self._rewards = self.reward(gain, finished, simulator.wall_impact, fallen)
        for entrant in self.grid:
            slot = entrant.slot
            entrant.progress.append(float(progress[slot]))
            if not entrant.racing:
                continue
            entrant.reward += float(rewards[slot])
            if gain[slot] > GAIN_MIN * STEP / self.rules.stuck_seconds:
                entrant.gained = self.clock
            for number in range(entrant.checkpoint, int(checkpoint[slot])):
                self._happened("checkpoint", entrant, number + 1)
            entrant.checkpoint = int(checkpoint[slot])
            if finished[slot]:
                time = float(lap_time[slot])
                entrant.best_time = min(time, entrant.best_time or math.inf)
                self._out(entrant, "finish", time)
            elif fallen[slot] and self.rules.respawn:
                self._fallen.append(entrant)
            elif fallen[slot]:
                self._out(entrant, "off_road")
            elif (self.clock - entrant.gained) * TICK >= self.rules.stuck_seconds:
                self._out(entrant, "stuck")

    def _out(self, entrant: Entrant, cause: str, value: float | None = None) -> None:
        entrant.racing, entrant.cause = False, cause
        self._happened(cause, entrant, value)

    def _over(self) -> bool:
        if self.grid:
            racing = any(entrant.racing for entrant in self.grid)
        else:
            racing = any(self.clock < TICKS_PER_STEP * len(ghost.samples) for ghost in self.ghosts)
        lap_time = self.simulator.lap_time
        finishes = [float(lap_time[one.slot]) for one in self.grid if one.cause == "finish"]
        grace = min(finishes, default=math.inf) + self.rules.finish_seconds
        return not racing or self.clock * TICK >= min(self.time_limit, grace)

    def _end_heat(self) -> None:
        """The heat is over; its recording is closed."""
        for entrant in self.grid:
            if entrant.racing:
                entrant.racing, entrant.cause = False, "time_limit"
        self._sensed.clear()
        self.state = "finished"
        self._finished_at = self.clock
        self.changed = True
        if self.recording is None:
            self._tell_end(self.clock, None)
        self._close_recording(complete=True)

    def _tell_recorded(self) -> None:
        """Tell the end of heats whose file has become whole."""
        for ended in [one for one in self._unfinished if one[0].closed.is_set()]:
            self._unfinished.remove(ended)
            self._tell_end(ended[1], ended[0].replay)

    def _tell_end(self, clock: int, replay: str | None) -> None:
        time = round(clock * TICK, 2)
        self.events.append(messages.EventMessage(kind="heat_end", time=time, replay=replay))

    def _after_heat(self) -> None:
        """After a pause line up again."""
        if not self.entrants and not self.ghosts:
            self.state, self.changed = "waiting", True
        elif (self.clock - self._finished_at) * TICK >= self.rules.pause and not self.over:
            self._line_up()

    def _watch(self) -> None:
        """Impacts and contacts that begin in this tick."""
        simulator, at = self.simulator, {entrant.slot: entrant for entrant in self.grid}
        for slot, speed in self._incidents.walls(simulator.wall_impact, self.clock):
            if slot in at:
                self._happened("wall", at[slot], speed)
        if not self.rules.contact:
            return
        for slot, other, impulse in self._incidents.contacts(simulator.bump, simulator.bumped, self.clock):
            if slot in at and other in at:
                at[slot].contacts += 1
                at[other].contacts += 1
                self._happened("contact", at[slot], impulse, other=at[other].car.agent_id)

    def _happened(
        self,
        kind: str,
        entrant: Entrant | None = None,
        value: float | None = None,
        other: str | None = None,
    ) -> None:
        event = messages.EventMessage(
            kind=kind,  # type: ignore[arg-type]
            time=round(value if kind == "finish" and value else self.clock * TICK, 3),
            agent_id=None if entrant is None else entrant.car.agent_id,
            value=None if value is None else round(value, 3),
            other=other,
        )
        self.events.append(event)
        if self.recording is not None:
            self.recording.event(event)

    def _record(self) -> None:
        """One sample of every car, and the action that it begins to drive."""
        if self.recording is None or self.recording.closing or self.recording.failure:
            return
        names = [one.car.agent_id for one in self.grid]
        slots = [one.slot for one in self.grid]
        rows = dict(zip(names, self._marked(self._senses.poses[slots]), strict=True))
        inputs = dict(zip(names, self._actions[slots], strict=True))
        rows |= {ghost.car.agent_id: ghost.pose(self.clock) for ghost in self.ghosts}
        lidar, rewards = {}, {}
        if self.record_sensors:
            lidar = dict(zip(names, self._senses.lidar[slots], strict=True))
            rewards = dict(zip(names, self._rewards[slots].tolist(), strict=True))
        self.recording.sample(self.clock, rows, inputs, lidar=lidar, rewards=rewards)

    def _marked(self, poses: Floats) -> Floats:
        """Poses of the grid's cars with the bit that says who is out."""
        for row, entrant in zip(poses, self.grid, strict=True):
            if entrant.cause and entrant.cause != "finish":
                row[STATE_COLUMN] = int(row[STATE_COLUMN]) | STATE_OUT
        return poses

    def _close_recording(self, *, complete: bool) -> None:
        if self.recording is not None and not self.recording.closing:
            self.recording.close(complete=complete, keep=any(entrant.acted for entrant in self.grid))
            self._unfinished.append((self.recording, self.clock))


def _layout(observation: str) -> Layout:
    """Layout of the flat observation of an environment's id."""
    if observation not in LAYOUTS:
        raise InputError(
            f"observation is {observation!r}, expected one of {', '.join(LAYOUTS)}", field="observation"
        )
    return LAYOUTS[observation]
