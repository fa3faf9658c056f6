"""Files for TMRL: its actor class loads them and does what the policy does."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from trackmania_rl.cli import app
from trackmania_rl.model.export import tmod
from trackmania_rl.model.runs.checkpoint import Checkpoint
from trackmania_rl.model.sac.networks import Mlp
from trackmania_rl.protocol.environments import make_vector_env
from trackmania_rl.protocol.errors import InputError

OBSERVATIONS = 83


class Actor(nn.Module):
    """TMRL's SquashedGaussianMLPActor (0.7.1, custom_models.py) in test mode, for its Tuple observations."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(OBSERVATIONS, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU())
        self.mu_layer = nn.Linear(256, 3)
        self.log_std_layer = nn.Linear(256, 3)

    def forward(self, *observation: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.mu_layer(self.net(torch.cat(observation, -1))))


def checkpoint(*, layer_norm: bool = False, hidden: tuple[int, ...] = (256, 256), **more: Any) -> Checkpoint:
    """A random policy with TMRL's observation in its units: metres per second, pixels, -1..1."""
    generator = torch.Generator().manual_seed(5)
    mean = torch.cat([torch.tensor([40.0]), torch.full((76,), 250.0), torch.zeros(6)])
    scale = torch.cat([torch.tensor([12.0]), torch.full((76,), 90.0), torch.full((6,), 0.6)])
    mlp = Mlp(OBSERVATIONS, 6, hidden, 1, layer_norm)
    fields: dict[str, Any] = {
        "agent_id": "test",
        "env": "TrackMania/Lidar-v0",
        "env_options": {"lidar": "screen"},
        "track": "sprint",
        "track_hash": "",
        "low": -torch.ones(3),
        "high": torch.ones(3),
        "config": {"hidden": list(hidden), "layer_norm": layer_norm},
        "steps": 1,
        "updates": 1,
        "sac": {"actor": mlp.initial(generator) * 2.0},
        "normaliser": {"mean": mean, "scale": scale},
    }
    return Checkpoint(**{**fields, **more})


def export(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["export", "tmod", *arguments], catch_exceptions=True)


def test_tmrls_network_gives_the_policys_actions(tmp_path: Path) -> None:
    """The file is read as TMRL reads it; every part of the observation, in raw units, acts as before."""
    saved, source, out = checkpoint(), tmp_path / "policy.pt", tmp_path / "trackmania.tmod"
    saved.save(source)
    assert export(str(source), "--out", str(out)).exit_code == 0
    actor = Actor()
    actor.load_state_dict(torch.load(out, map_location="cpu", weights_only=True))
    noise = np.random.default_rng(1).standard_normal((100, OBSERVATIONS), np.float32)
    policy = saved.policy()
    observation = policy.mean + policy.scale * noise
    with torch.no_grad():
        parts = torch.split(torch.from_numpy(observation), [1, 76, 3, 3], dim=1)
        action = actor(*parts).numpy()
    assert action.std() > 0.1
    np.testing.assert_allclose(action, policy.act(observation), atol=1e-5)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"env": "TrackMania/Horizon-v0"}, "expected one of TrackMania/Lidar-v0"),
        ({"env": "TrackMania/Progress-v0"}, "TM20LIDARPROGRESS gives 84"),
        ({"env_options": {}}, "pixels on the screen"),
        ({"low": torch.zeros(3)}, "gas, brake and steering"),
    ],
)
def test_what_tmrl_cannot_drive_is_refused(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    """Another observation, a LIDAR in metres and other actions: refused, nothing is written."""
    source, out = tmp_path / "policy.pt", tmp_path / "trackmania.tmod"
    dataclasses.replace(checkpoint(), **change).save(source)
    result = export(str(source), "--out", str(out))
    assert isinstance(result.exception, InputError)
    assert words in str(result.exception)
    assert not out.exists()


def test_a_forced_file_says_nothing_of_the_units(tmp_path: Path) -> None:
    """--force writes a policy of the LIDAR in metres."""
    source, out = tmp_path / "policy.pt", tmp_path / "trackmania.tmod"
    dataclasses.replace(checkpoint(), env_options={}).save(source)
    assert export(str(source), "--out", str(out), "--force").exit_code == 0
    assert out.exists()


def test_another_network_teaches_one_of_tmrls_shape() -> None:
    """A pupil without layer norm comes close to its teacher on what it was not taught, and folds exactly."""
    teacher = checkpoint(layer_norm=True, hidden=(64,))
    assert not tmod.foldable(teacher)
    envs = make_vector_env(teacher.env, 16, track="sprint", lidar="screen")
    untaught, taught = (tmod.distil(teacher, envs, samples=1_000, updates=n) for n in (1, 200))
    envs.close()
    assert taught.error < 0.2 * untaught.error
    assert tmod.foldable(taught.checkpoint)
    assert tmod.difference(taught.checkpoint, tmod.fold(taught.checkpoint)) < 1e-5
