"""Names of environments."""

import pytest

from trackmania_rl.protocol.environments import usual_worlds


@pytest.mark.parametrize(
    ("env", "worlds"),
    [
        ("TrackMania/Lidar-v0", 256),
        ("http://pit-wall:8080", 256),
        ("gymnasium:Pendulum-v1", 8),
        ("my_package:MyEnv", 8),
        ("pettingzoo:trackmania_rl.environment.parallel", 8),
        ("tmrl", 1),
        ("tmrl:http://127.0.0.1:8080", 1),
    ],
)
def test_where_nobody_says_how_many_worlds_ours_are_many_and_the_game_is_one(env: str, worlds: int) -> None:
    assert usual_worlds(env) == worlds


def test_all_agents_of_a_parallel_environment_are_worlds() -> None:
    assert usual_worlds("pettingzoo:trackmania_rl.environment.parallel", cars=3) == 9
