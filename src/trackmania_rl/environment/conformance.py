"""Whether an environment keeps its promises: what a learner relies on, tried one by one.

Each check is a function of a `Subject` that returns what it saw, raises `AssertionError` with what was wrong,
or `Inapplicable` where the promise cannot be tried.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import gymnasium
import numpy as np
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from trackmania_rl.protocol import PROTOCOL_VERSION, messages, multiagent
from trackmania_rl.protocol.client import service_url
from trackmania_rl.protocol.environments import (
    PARALLEL,
    SERVICE,
    fewest_worlds,
    is_game,
    make_env,
    make_vector_env,
    served,
)
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.frames import Kind, pack_rows, unpack_header, unpack_rows
from trackmania_rl.protocol.streams import open_stream

STEPS = 300
"""Steps with random actions in which nothing must go wrong."""
END_STEPS, END_SECONDS = 3000, 20.0
"""An episode's end is waited for this long at most [steps, s]."""
SEED = 7
ROUND_TRIPS = 200
"""Steps of one world whose round trip is measured."""

Batch = VectorEnv[Any, Any, Any]


class Inapplicable(Exception):  # noqa: N818 (it is no error)
    """The promise cannot be tried with this environment; the text says why."""


@dataclass(frozen=True)
class Finding:
    """What came of one check.

    Attributes:
        check: What was promised.
        result: Whether it holds.
        detail: What was seen.
    """

    check: str
    result: Literal["passed", "failed", "skipped"]
    detail: str


@dataclass(frozen=True)
class Subject:
    """What is checked.

    Attributes:
        env: The environment's name, as `make_vector_env` takes it.
        worlds: Worlds in a batch.
        token: Token of a service that asks for one.
        options: Keyword arguments of the environment.
    """

    env: str
    worlds: int
    token: str | None
    options: dict[str, Any]

    def batch(self) -> contextlib.closing[Batch]:
        """A batch of worlds, closed after use."""
        return contextlib.closing(make_vector_env(self.env, self.worlds, token=self.token, **self.options))

    def actions(self, envs: Batch, random: np.random.Generator) -> NDArray[Any]:
        """Random actions; the learner's between -1 and 1 where the space is unbounded."""
        space = envs.action_space
        if isinstance(space, gymnasium.spaces.Box):
            low, high = (np.nan_to_num(bound, neginf=-1.0, posinf=1.0) for bound in (space.low, space.high))
            return random.uniform(low, high).astype(space.dtype)
        single = envs.single_action_space
        if not isinstance(single, gymnasium.spaces.Discrete):
            raise Inapplicable(f"the action space {single} is neither a Box nor a Discrete")
        numbers = random.integers(int(single.n), size=envs.num_envs)
        chosen: NDArray[Any] = (single.start + numbers).astype(single.dtype)
        return chosen


def check(
    env: str, *, worlds: int | None = None, token: str | None = None, options: dict[str, Any] | None = None
) -> Iterator[Finding]:
    """Try every promise, one after the other.

    Args:
        env: The environment's name, as `make_vector_env` takes it.
        worlds: Worlds in a batch; None: twice the smallest number, or one where there is only one.
        token: Token of a service that asks for one.
        options: Keyword arguments of the environment.

    Raises:
        InputError: There is no such environment, or nobody serves it.
    """
    options = options or {}
    usual = 1 if is_game(env) else 2 * fewest_worlds(env, **options)
    subject = Subject(env, worlds or usual, token, options)
    with subject.batch():
        pass  # what cannot be made at all is the caller's error, no finding
    for promise in (*PROMISES, *(WIRE if env.startswith(SERVICE) else ())):
        yield _finding(promise, subject)


def _finding(promise: Callable[[Subject], str], subject: Subject) -> Finding:
    """What came of a check; whatever an environment raises is its fault, and told as such."""
    name = promise.__name__.replace("_", " ")
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            return Finding(name, "passed", promise(subject))
    except Inapplicable as reason:
        return Finding(name, "skipped", str(reason))
    except AssertionError as error:
        return Finding(name, "failed", str(error) or "an assertion without words")
    except Exception as error:
        return Finding(name, "failed", f"{type(error).__name__}: {error}")


# --- what every environment promises ----------------------------------------------------------------


def spaces(subject: Subject) -> str:
    """The batch's spaces are those of one world, repeated; actions are bounded or discrete."""
    with subject.batch() as envs:
        assert envs.num_envs == subject.worlds, f"{envs.num_envs} worlds, expected {subject.worlds}"
        for kind in ("observation", "action"):
            single = getattr(envs, f"single_{kind}_space")
            batched = getattr(envs, f"{kind}_space")
            expected = gymnasium.vector.utils.batch_space(single, envs.num_envs)
            assert batched == expected, f"{kind}_space is {batched}, expected {expected}"
        action = envs.single_action_space
        if isinstance(action, gymnasium.spaces.Box):
            assert np.isfinite(action.low).all() and np.isfinite(action.high).all(), (
                f"the action space {action} has no bounds: a learner cannot scale its actions"
            )
        return f"observation {_short(envs.single_observation_space)}, action {_short(action)}"


def autoreset(subject: Subject) -> str:
    """An ended episode is followed by a new one in the same step."""
    with subject.batch() as envs:
        mode = envs.metadata.get("autoreset_mode")
        assert mode == AutoresetMode.SAME_STEP, f"metadata has autoreset_mode {mode}, expected SAME_STEP"
        return "same step"


def reset(subject: Subject) -> str:
    """A reset gives observations of the space, with a seed, without, and with options."""
    with subject.batch() as envs:
        ways: list[dict[str, Any]] = [{"seed": SEED}, {}, {"options": {}}]
        for arguments in ways:
            observations, info = envs.reset(**arguments)
            _check_observations(envs, observations, f"after reset({arguments})")
            assert isinstance(info, dict), f"info is a {type(info).__name__}, expected a dict"
        return "with a seed, without, with options"


def steps(subject: Subject) -> str:
    """Shapes, types and numbers hold for many steps of random actions."""
    random = np.random.default_rng(SEED)
    with subject.batch() as envs:
        envs.reset(seed=SEED)
        for step in range(STEPS):
            observations, rewards, terminated, truncated, info = envs.step(subject.actions(envs, random))
            _check_observations(envs, observations, f"in step {step}")
            shape = (envs.num_envs,)
            assert np.shape(rewards) == shape, f"rewards of shape {np.shape(rewards)}, expected {shape}"
            assert np.isfinite(rewards).all(), f"a reward in step {step} is not finite: {rewards}"
            for name, flags in (("terminated", terminated), ("truncated", truncated)):
                assert np.shape(flags) == shape, f"{name} of shape {np.shape(flags)}, expected {shape}"
                assert np.asarray(flags).dtype == bool, f"{name} is {np.asarray(flags).dtype}, expected bool"
            assert isinstance(info, dict), f"info is a {type(info).__name__}, expected a dict"
        return f"{STEPS} steps of {envs.num_envs} worlds"


def final_observations(subject: Subject) -> str:
    """The step that ends an episode brings its last observation beside the next one's first."""
    random = np.random.default_rng(SEED)
    deadline = time.monotonic() + END_SECONDS
    with subject.batch() as envs:
        envs.reset(seed=SEED)
        for step in range(END_STEPS):
            _, _, terminated, truncated, info = envs.step(subject.actions(envs, random))
            ended = terminated | truncated
            if not ended.any():
                if time.monotonic() > deadline:
                    break
                continue
            assert "final_obs" in info, f"no final_obs in the info of step {step}, which ended an episode"
            marked = np.asarray(info.get("_final_obs"))
            assert np.array_equal(marked, ended), f"_final_obs marks {marked}, the ended worlds are {ended}"
            shape = envs.single_observation_space.shape
            for world in np.flatnonzero(ended):
                final = np.asarray(info["final_obs"][world])
                assert final.shape == shape, f"a final observation of shape {final.shape}, expected {shape}"
            return f"first in step {step + 1}"
        raise Inapplicable(f"no episode ended in {step + 1} steps of random actions")


def determinism(subject: Subject) -> str:
    """The same seed and actions give the same numbers, bit for bit."""
    with subject.batch() as one:
        if one.metadata.get("real_time"):
            raise Inapplicable("it runs on the wall clock")
    with subject.batch() as one, subject.batch() as other:
        random = np.random.default_rng(SEED)
        _same(one.reset(seed=SEED)[0], other.reset(seed=SEED)[0], "observations after the reset")
        for step in range(STEPS):
            actions = subject.actions(one, random)
            here, there = one.step(actions.copy()), other.step(actions.copy())
            for name, a, b in zip(("observations", "rewards", "terminated"), here, there, strict=False):
                _same(a, b, f"{name} in step {step}")
        return f"{STEPS} steps of two batches"


def no_aliasing(subject: Subject) -> str:
    """Arrays that were handed out stay as they are, and actions are not written to."""
    random = np.random.default_rng(SEED)
    with subject.batch() as envs:
        held: list[tuple[str, NDArray[Any], NDArray[Any]]] = []
        kept = envs.reset(seed=SEED)[0]
        held.append(("observations", kept, np.copy(kept)))
        for _ in range(5):
            actions = subject.actions(envs, random)
            sent = actions.copy()
            result = envs.step(actions)
            assert np.array_equal(sent, actions), "the array of actions was written to"
            names = ("observations", "rewards", "terminated", "truncated")
            held += [(name, array, np.copy(array)) for name, array in zip(names, result, strict=False)]
        for name, array, copy in held:
            assert np.array_equal(array, copy, equal_nan=array.dtype.kind == "f"), (
                f"{name} changed after they were handed out: return copies"
            )
        return f"{len(held)} arrays"


def gymnasium_checker(subject: Subject) -> str:
    """Gymnasium's own checker finds nothing (PettingZoo's, for its environments)."""
    if subject.env.startswith(PARALLEL):
        from pettingzoo.test import parallel_api_test

        one = multiagent.find(subject.env.removeprefix(PARALLEL))(**subject.options)
        parallel_api_test(one, num_cycles=100)
        return "pettingzoo.test.parallel_api_test"
    env = make_env(subject.env, **subject.options)
    if env is None:
        raise Inapplicable("it is a batch by itself")
    with contextlib.closing(env):
        check_env(env.unwrapped, skip_render_check=True)
    return "gymnasium.utils.env_checker.check_env"


PROMISES: tuple[Callable[[Subject], str], ...] = (
    spaces,
    autoreset,
    reset,
    steps,
    final_observations,
    determinism,
    no_aliasing,
    gymnasium_checker,
)
"""What every environment promises."""


# --- what a service promises besides ----------------------------------------------------------------


def handshake(subject: Subject) -> str:
    """Another version of the protocol is refused with a sentence."""
    url, env = served(subject.env, subject.token)
    hello = messages.BatchHello(
        protocol=PROTOCOL_VERSION + 1, env=env, worlds=1, options=subject.options, token=subject.token
    )
    try:
        stream, _ = open_stream(url, hello)
    except InputError as error:
        return str(error)
    stream.close()
    raise AssertionError(f"a client of protocol {PROTOCOL_VERSION + 1} was welcomed")


def sequence_numbers(subject: Subject) -> str:
    """A step frame carries the number of its action frame, and a reset comes before the first."""
    with _wire(subject) as (stream, actions):
        _refused(stream, pack_rows(Kind.ACTIONS, actions, 1))
        stream.send('{"type": "reset", "seed": 1}')
        unpack_rows(_bytes(stream), Kind.OBSERVATIONS)
        for seq in (5, 6, 0x7FFFFFFF, 0):
            stream.send(pack_rows(Kind.ACTIONS, actions, seq))
            header = unpack_header(_bytes(stream))
            assert header.kind is Kind.STEP, f"an action was answered with {header.kind.name}"
            assert header.seq == seq, f"step {header.seq} answers action {seq}"
        return "5, 6, 2147483647, 0"


def bad_frames(subject: Subject) -> str:
    """What is no action is refused with words, and the stream goes on."""
    with _wire(subject) as (stream, actions):
        stream.send('{"type": "reset"}')
        _bytes(stream)
        frame = pack_rows(Kind.ACTIONS, actions, 1)
        not_finite = pack_rows(Kind.ACTIONS, np.full_like(actions, np.nan), 1)
        too_wide = pack_rows(Kind.ACTIONS, np.hstack([actions, actions]), 1)
        for bad in (frame[:-1], frame[:7], b"", b"\xff" * 64, not_finite, too_wide, "{", '{"type": "step"}'):
            _refused(stream, bad)
        stream.send(frame)
        unpack_header(_bytes(stream))
        return "8 refused, then a step"


def bad_requests(subject: Subject) -> str:
    """Bad requests are answered with a problem of 400 to 499, never with a fault of the service."""
    url, _ = served(subject.env, subject.token)
    seen = []
    for method, path, body in (
        ("POST", "/api/action", b"{"),
        ("POST", "/api/action", b'{"agent_id": 7}'),
        ("POST", "/api/agents/add", b"[]"),
        ("GET", "/api/spec?env=TrackMania/Nothing-v0", None),
        ("GET", "/api/nothing", None),
        ("DELETE", "/api/agents/%00", None),
    ):
        status, answer = _request(url, method, path, body, subject.token)
        assert 400 <= status < 500, f"{method} {path} was answered with {status}, expected 400 to 499"
        assert json.loads(answer).get("detail"), f"{method} {path} was refused without words: {answer[:80]!r}"
        seen.append(str(status))
    return ", ".join(seen)


def health(subject: Subject) -> str:
    """It says how it is, what it offers and what it measures."""
    url, _ = served(subject.env, subject.token)
    for path in ("/healthz", "/readyz", "/metrics", "/api/version", "/api/openapi.json"):
        status, _ = _request(url, "GET", path, None, subject.token)
        assert status == 200, f"GET {path} was answered with {status}"
    return "/healthz /readyz /metrics /api/version /api/openapi.json"


def latency(subject: Subject) -> str:
    """How long one step takes there and back; a figure, no promise."""
    with _wire(subject) as (stream, actions):
        stream.send('{"type": "reset"}')
        _bytes(stream)
        times = []
        for seq in range(ROUND_TRIPS):
            began = time.perf_counter()
            stream.send(pack_rows(Kind.ACTIONS, actions, seq))
            _bytes(stream)
            times.append(1e3 * (time.perf_counter() - began))
        p50, p99 = np.percentile(times, (50, 99))
        return f"one world: p50 {p50:.2f} ms, p99 {p99:.2f} ms of {ROUND_TRIPS} steps"


WIRE: tuple[Callable[[Subject], str], ...] = (
    handshake,
    sequence_numbers,
    bad_frames,
    bad_requests,
    health,
    latency,
)
"""What a service promises besides."""


# --- helpers ------------------------------------------------------------------------------------------


def _check_observations(envs: Batch, observations: Any, when: str) -> None:
    space = envs.observation_space
    if not isinstance(space, gymnasium.spaces.Box):
        assert space.contains(observations), f"the observations {when} are outside of {space}"
        return
    assert isinstance(observations, np.ndarray), f"observations are a {type(observations).__name__}"
    assert observations.shape == space.shape, f"shape {observations.shape} {when}, expected {space.shape}"
    assert observations.dtype == space.dtype, f"type {observations.dtype} {when}, expected {space.dtype}"
    assert np.isfinite(observations).all(), f"an observation {when} has NaN or infinity"
    outside = (observations < space.low) | (observations > space.high)
    if outside.any():
        where = tuple(int(index) for index in np.argwhere(outside)[0])
        raise AssertionError(
            f"observation {observations[where]} {when} at {where} is outside of "
            f"{space.low[where]} to {space.high[where]}"
        )


def _same(a: Any, b: Any, what: str) -> None:
    assert np.array_equal(a, b), f"{what} differ by up to {np.abs(np.subtract(a, b, dtype=float)).max():.3g}"


def _short(space: gymnasium.Space[Any]) -> str:
    if isinstance(space, gymnasium.spaces.Box):
        return f"Box{space.shape} {space.dtype}"
    return str(space)


@contextlib.contextmanager
def _wire(subject: Subject) -> Iterator[tuple[ClientConnection, NDArray[np.float32]]]:
    """A stream of one round of worlds without a client around it, and actions that it takes."""
    with subject.batch() as envs:
        drawn = subject.actions(envs, np.random.default_rng(SEED))
    url, env = served(subject.env, subject.token)
    stream, _ = open_stream(
        url,
        messages.BatchHello(
            protocol=PROTOCOL_VERSION,
            env=env,
            worlds=subject.worlds,
            options=subject.options,
            token=subject.token,
        ),
    )
    with contextlib.closing(stream):
        yield stream, np.asarray(drawn, np.float32).reshape(subject.worlds, -1)


def _bytes(stream: ClientConnection) -> bytes:
    data = stream.recv(60.0)
    assert isinstance(data, bytes), f"expected a binary frame, got {data[:200]}"
    return data


def _refused(stream: ClientConnection, frame: str | bytes) -> None:
    stream.send(frame)
    try:
        answer = stream.recv(60.0)
    except ConnectionClosed as error:
        raise AssertionError(f"the frame {frame[:20]!r} closed the stream") from error
    assert isinstance(answer, str), f"the frame {frame[:20]!r} was taken"
    assert json.loads(answer).get("type") == "error", f"{frame[:20]!r} was answered with {answer[:200]}"


def _request(url: str, method: str, path: str, body: bytes | None, token: str | None) -> tuple[int, bytes]:
    parts = urlsplit(service_url(url))
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    with contextlib.closing(kind(parts.hostname or "", parts.port, timeout=30.0)) as connection:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
