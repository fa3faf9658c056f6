"""Any environment by its name, near or far: what trains never sees the difference."""

from __future__ import annotations

import contextlib
import difflib
import importlib
import importlib.metadata
import inspect
import re
from collections.abc import Callable, Iterator
from functools import partial, wraps
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv

from trackmania_rl.protocol import game, multiagent
from trackmania_rl.protocol.client import ServiceClient, check_services
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import EnvironmentSpec
from trackmania_rl.protocol.mixture import MixedVectorEnv
from trackmania_rl.protocol.worlds import RemoteVectorEnv

FOREIGN = "gymnasium:"
"""Prefix of environments that are not ours, e.g. "gymnasium:Pendulum-v1"."""
PARALLEL = "pettingzoo:"
"""Prefix of modules with a parallel environment of PettingZoo, e.g. "pettingzoo:sisl.multiwalker_v9"."""
RACE = "trackmania_rl.environment.parallel"
"""Module of our own parallel environment, named as any other one is."""
SERVICE = ("http://", "https://")
"""What the address of an environment service begins with."""
KINDS = f"{FOREIGN}ID, {PARALLEL}MODULE, package.module:factory, tmrl or the address of a service"
"""Environments that are not ours, for people."""
SEEDS = re.compile(r"(generated:)(\d{1,18})\.\.(\d{1,18})((?::.*)?)")
"""A range of generated tracks: generated:FIRST..LAST, and what else a generated track's name says."""
SEEDS_MAX = 10_000
"""Most tracks that a range may stand for."""
OWN_WORLDS, FOREIGN_WORLDS = 256, 8
"""Worlds of a training that names no number: ours advance together, others one by one in Python (guess)."""


def make_vector_env(
    env: str,
    worlds: int,
    *,
    track: str | None = None,
    url: str | None = None,
    seed: int | None = None,
    token: str | None = None,
    patience: float = 0.0,
    **options: Any,
) -> VectorEnv[Any, Any, Any]:
    """A batch of worlds that begin a new episode in the step that ends one (SAME_STEP).

    Args:
        env: "TrackMania/Horizon-v0" or another of ours, "gymnasium:Pendulum-v1" or another of
            Gymnasium's registry, "pettingzoo:sisl.multiwalker_v9" or another module of parallel
            environments, "package.module:factory" for a callable that makes one (or, if it takes
            num_envs, a batch), "tmrl" for the real game through TMRL, "tmrl:http://host:8080" for a race
            of ours in its place, "http://host:8080" for the environment that a service was started with,
            "http://host:8080#TrackMania/Lidar-v0" for another one that it hosts; several services, with
            commas between, share the worlds.
        worlds: Number of parallel worlds.
        track: Track's id or file, for environments that take one; several, with commas between,
            share the worlds. generated:1..64 stands for the generated tracks of these seeds.
        url: Address of an environment service that hosts the worlds; None: this process does. Several,
            with commas between, share the worlds.
        seed: Seed of the first reset, which is then done here; None: the caller resets.
        token: Token of a service that asks for one.
        patience: Longest wait for a service that is not there [s].
        options: Keyword arguments of the environment.

    Raises:
        InputError: Unknown environment or track, wrong option, or no service.
    """
    if env.startswith(SERVICE):
        url, env = served(env, token)
    shares = _shares(worlds, track, url)
    batches = [
        _batch(env, share, one_track, one_url, token, patience, dict(options))
        for one_url, one_track, share in shares
    ]
    batch = batches[0] if len(batches) == 1 else MixedVectorEnv(batches)
    if seed is not None:
        batch.reset(seed=seed)
    return batch


def fewest_worlds(env: str, **options: Any) -> int:
    """The smallest batch that `make_vector_env` makes: the agents of a parallel environment, else 1.

    Raises:
        InputError: Unknown environment, or wrong option.
    """
    if not env.startswith(PARALLEL):
        return 1
    with _options_explained(env):
        return len(multiagent.find(env.removeprefix(PARALLEL))(**options).possible_agents)


def usual_worlds(env: str, **options: Any) -> int:
    """How many worlds a training has where nobody says."""
    if is_game(env):
        return 1
    if env.startswith(PARALLEL):
        agents = fewest_worlds(env, **options)
        return agents * -(-FOREIGN_WORLDS // agents)
    return FOREIGN_WORLDS if ":" in env and not env.startswith(SERVICE) else OWN_WORLDS


def make_env(env: str, **options: Any) -> gymnasium.Env[Any, Any] | None:
    """One environment as such, for tools that want one; None if the name stands for batches only.

    Raises:
        InputError: Unknown environment, or wrong option.
    """
    if env.startswith((PARALLEL, *SERVICE)):
        return None
    if is_game(env):
        return None
    if ":" in env and not env.startswith(FOREIGN):
        with _options_explained(env):
            one = _factory(env)(**options)
        return one if isinstance(one, gymnasium.Env) else None
    if not env.startswith(FOREIGN):
        _register_ours()
        if env not in known():
            raise _unknown(env)
    return _make(env.removeprefix(FOREIGN), options)


def make_race(env: str, cars: int, **options: Any) -> Any:
    """One race of ours as a parallel environment of PettingZoo, an agent for each car.

    Args:
        env: Id of the environment whose observation all cars have, e.g. "TrackMania/Horizon-v0".
        cars: How many, 1 to 64.
        options: Of the environment: track, contact and so on.

    Raises:
        InputError: It is none of ours, or takes no such option.
    """
    _register_ours()
    if env not in known():
        raise InputError(f"{env} is no race, expected one of {', '.join(known())}", field="env")
    with _options_explained(env):
        return multiagent.find(RACE)(cars=cars, **{**gymnasium.registry[env].kwargs, **options})


def served(address: str, token: str | None = None) -> tuple[str, str]:
    """A service's address and the environment meant there: what follows the #, else the service's own.

    Of several addresses, with commas between, the environment must be the same; they come back as they are.

    Raises:
        InputError: No service answers, or they differ.
    """
    urls, envs = [], []
    for one in address.split(","):
        url, _, env = one.strip().partition("#")
        if not env:
            check_services(url, token)
            with ServiceClient(url, token=token) as client:
                env = client.get("/api/spec", EnvironmentSpec).env
        urls.append(url)
        envs.append(env)
    if len(set(envs)) > 1:
        hosted = ", ".join(f"{url} has {env}" for url, env in zip(urls, envs, strict=True))
        raise InputError(f"the services differ: {hosted}; expected the same environment", field="env")
    return ",".join(urls), envs[0]


def tracks_of(worlds: int, track: str | None, url: str | None = None) -> list[str]:
    """The track of each world that make_vector_env makes of these arguments; empty for its own choice."""
    return [one_track or "" for _, one_track, share in _shares(worlds, track, url) for _ in range(share)]


def version_of(envs: VectorEnv[Any, Any, Any]) -> str:
    """What an environment says of its version, as `metadata["version"]`; empty if it says nothing."""
    return str(envs.metadata.get("version", ""))


def _shares(worlds: int, track: str | None, url: str | None) -> list[tuple[str | None, str | None, int]]:
    """Service, track and number of worlds of each batch that the worlds are shared among."""
    places = [(one_url, one_track) for one_track in _tracks(track) for one_url in _listed(url)]
    if worlds < len(places):
        raise InputError(f"worlds is {worlds}, expected at least {len(places)}", field="worlds")
    split = np.array_split(range(worlds), len(places))
    return [(*place, len(share)) for place, share in zip(places, split, strict=True)]


def _listed(names: str | None) -> list[str | None]:
    """Names with commas between them; one None if there is none."""
    if names is None:
        return [None]
    if not (found := [name.strip() for name in names.split(",") if name.strip()]):
        raise InputError("a track or a service without a name, expected one, or several with commas between")
    return list(found)


def _tracks(names: str | None) -> list[str | None]:
    """Names with commas between them, and each of a range of generated tracks."""
    tracks: list[str | None] = []
    for name in _listed(names):
        seeds = SEEDS.fullmatch(name or "")
        if seeds is None:
            tracks.append(name)
            continue
        first, last = int(seeds[2]), int(seeds[3])
        if not first <= last < first + SEEDS_MAX:
            raise InputError(
                f"track {name}: expected up to {SEEDS_MAX} seeds, the lowest first, such as generated:1..64",
                field="track",
            )
        tracks += [f"{seeds[1]}{seed}{seeds[4]}" for seed in range(first, last + 1)]
    return tracks


def _batch(
    env: str,
    worlds: int,
    track: str | None,
    url: str | None,
    token: str | None,
    patience: float,
    options: dict[str, Any],
) -> VectorEnv[Any, Any, Any]:
    """Worlds on one track in one place."""
    if url is not None:
        return RemoteVectorEnv(url, env, worlds, track=track, options=options, token=token, patience=patience)
    if track is not None:
        options["track"] = track
    return _local(env, worlds, options)


def _local(env: str, worlds: int, options: dict[str, Any]) -> VectorEnv[Any, Any, Any]:
    """A batch of worlds in this process."""
    if env.startswith(FOREIGN):
        return _side_by_side(partial(_make, env.removeprefix(FOREIGN), options), worlds)
    if env.startswith(PARALLEL):
        with _options_explained(env):
            return multiagent.ParallelVectorEnv(
                partial(multiagent.find(env.removeprefix(PARALLEL)), **options), worlds
            )
    if is_game(env):
        if worlds != 1:
            raise InputError(f"worlds is {worlds}, expected 1: {env} is one car in real time", field="worlds")
        return SyncVectorEnv([partial(_game, env, options)], autoreset_mode=AutoresetMode.SAME_STEP)
    if ":" in env:
        with _options_explained(env):
            return _side_by_side(_checked(env, partial(_factory(env), **options)), worlds)
    _register_ours()
    spec = gymnasium.registry.get(env)
    if spec is None or spec.vector_entry_point is None:
        raise _unknown(env)
    with _options_explained(env):
        batch: VectorEnv[Any, Any, Any] = gymnasium.make_vec(
            env, num_envs=worlds, vectorization_mode="vector_entry_point", **options
        )
    return batch


def is_game(env: str) -> bool:
    """Is it the one car of the game, or of what stands in for it?"""
    return env == game.NAME or env.startswith(f"{game.NAME}:")


def _game(env: str, options: dict[str, Any]) -> gymnasium.Env[Any, Any]:
    """The game, or what stands in for it at an address after the colon."""
    with _options_explained(env):
        return game.make(env.partition(":")[2] or None, **options)


def _register_ours() -> None:
    """Register our ids through the package's entry point; Gymnasium does it itself only before 1.4."""
    for entry in importlib.metadata.entry_points(group="gymnasium.envs"):
        if entry.value.startswith("trackmania_rl."):
            entry.load()()


def _side_by_side(make: Any, worlds: int) -> VectorEnv[Any, Any, Any]:
    """Single environments stepped one after the other; a factory may also make a batch by itself."""
    if "num_envs" in inspect.signature(make).parameters:
        batch: VectorEnv[Any, Any, Any] = make(num_envs=worlds)
        return batch
    return SyncVectorEnv([make] * worlds, autoreset_mode=AutoresetMode.SAME_STEP)


def _make(env: str, options: dict[str, Any]) -> gymnasium.Env[Any, Any]:
    """One environment of Gymnasium's registry."""
    with _options_explained(env):
        try:
            return gymnasium.make(env, **options)
        except (gymnasium.error.DependencyNotInstalled, ModuleNotFoundError) as error:
            raise InputError(f"{env} needs another package: {error}", field="env") from error
        except gymnasium.error.Error as error:
            raise InputError(f"no environment {FOREIGN}{env}: {error}", status=404, field="env") from error


def _factory(env: str) -> Any:
    """The callable named "package.module:attribute"."""
    module, _, attribute = env.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(
            f"no environment {env}: {error}; expected an importable package.module:factory", field="env"
        ) from error
    if not callable(found):
        raise InputError(f"{env} is a {type(found).__name__}, expected a callable", field="env")
    return found


def _checked(env: str, make: Callable[..., Any]) -> Callable[..., Any]:
    """A factory whose product is looked at; of the same signature."""

    @wraps(make)
    def checked(**more: Any) -> Any:
        made = make(**more)
        if not isinstance(made, gymnasium.Env | VectorEnv):
            raise InputError(f"{env} makes a {type(made).__name__}, expected a gymnasium.Env", field="env")
        return made

    return checked


@contextlib.contextmanager
def _options_explained(env: str) -> Iterator[None]:
    """Say which option an environment does not take."""
    try:
        yield
    except TypeError as error:
        if re.search(r"missing \d+ required", str(error)):
            raise InputError(f"no environment {env}: {error}", field="env") from error
        option = re.search(r"unexpected keyword argument '(\w+)'", str(error))
        if option is None:
            raise
        raise InputError(f"{env} takes no option {option[1]}", field=option[1]) from error


def known() -> list[str]:
    """Ids of our environments."""
    return sorted(
        id
        for id, spec in gymnasium.registry.items()
        if spec.vector_entry_point and spec.namespace == "TrackMania"
    )


def _unknown(env: str) -> InputError:
    ours = known()
    near = difflib.get_close_matches(env, ours, 1, 0.8)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return InputError(
        f"no environment {env}{hint}; known are {', '.join(ours) or 'none: install trackmania-rl'}; "
        f"others as {KINDS}",
        status=404,
        field="env",
    )
