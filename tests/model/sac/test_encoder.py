"""Images: the encoder against torch's modules, who learns to see, the frozen policy, and learning."""

import dataclasses
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from torch import nn

from trackmania_rl.model.experience.buffer import ReplayBuffer
from trackmania_rl.model.runs import checkpoint as checkpoints
from trackmania_rl.model.sac.encoder import LAYERS, Encoder, Seeing, image_shape
from trackmania_rl.model.sac.networks import Mlp
from trackmania_rl.model.sac.policy import Policy
from trackmania_rl.model.sac.sac import Batch, Sac, SacConfig
from trackmania_rl.model.training.config import LearnerConfig
from trackmania_rl.model.training.learner import Learner
from trackmania_rl.model.training.loop import train

SHAPES = [(44, 40, 3), (4, 44, 40), (40, 44)]
ROWS = 6


def parameters(network: Encoder | Seeing) -> torch.Tensor:
    generator = torch.Generator().manual_seed(2)
    fresh = network.initial(generator)
    return fresh + 0.02 * torch.randn(fresh.shape, generator=generator)


def images(shape: tuple[int, ...]) -> torch.Tensor:
    """Flat ones, -1..1."""
    generator = torch.Generator().manual_seed(3)
    return torch.rand(ROWS, int(np.prod(shape)), generator=generator) * 2.0 - 1.0


@pytest.mark.parametrize("shape", SHAPES)
def test_it_computes_what_torchs_modules_do(shape: tuple[int, ...]) -> None:
    encoder = Encoder(shape)
    flat, seen = parameters(encoder), images(shape)
    *kernels, weight, bias, gain, shift = encoder.views(flat)
    parts: list[nn.Module] = []
    channels = {44: 3, 4: 4, 40: 1}[shape[0]]
    for (out, size, stride), kernel, offset in zip(LAYERS, kernels[::2], kernels[1::2], strict=True):
        convolution = nn.Conv2d(channels, out, size, stride)
        convolution.weight.data, convolution.bias = kernel.clone(), nn.Parameter(offset.clone())
        parts += [convolution, nn.ReLU()]
        channels = out
    picture = seen.view(ROWS, *shape)
    if shape == (44, 40, 3):
        picture = picture.permute(0, 3, 1, 2)
    elif len(shape) == 2:
        picture = picture[:, None]
    last = nn.Sequential(*parts)(picture).permute(0, 2, 3, 1).flatten(1)
    expected = torch.tanh(nn.functional.layer_norm(last @ weight + bias, (50,), gain, shift))
    torch.testing.assert_close(encoder(flat, seen), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_frozen_policy_sees_the_same(shape: tuple[int, ...]) -> None:
    network = Seeing(Encoder(shape), Mlp(50, 4, (16,), 1))
    flat, seen = parameters(network), images(shape)
    bounds = {"low": -torch.ones(2), "high": torch.ones(2)}
    scaling = {name: torch.full((network.inputs,), 127.5) for name in ("mean", "scale")}
    policy = checkpoints.frozen(network, flat, version="test", **scaling, **bounds)
    expected = torch.tanh(network(flat, seen)[0][:, :2])
    given = (seen * 127.5 + 127.5).numpy()
    np.testing.assert_allclose(Policy.unpack(policy.pack()).act(given), expected, atol=1e-5)


def test_critics_learn_to_see_and_the_actor_sees_with_them() -> None:
    """The actor's loss leaves the encoder alone; after an update both have the critics' one."""
    shape = (36, 36, 1)
    config = SacConfig(hidden=(16,), batch=ROWS, compile=False, precision="float32", average=1.0)
    sac = Sac(36 * 36, 2, config, image=shape)
    assert sac.encoder is not None
    size = sac.encoder.size
    before = sac.state.critic[-size:].clone()
    actions = torch.rand(ROWS, 2) * 2.0 - 1.0
    batch = Batch(images(shape), actions, torch.ones(ROWS), images(shape), torch.full((ROWS,), 0.9))
    loss = sac.actor_loss
    gradient = torch.func.grad(lambda p: loss(
        p, sac.actor, sac.critic, sac.state, batch, torch.zeros(ROWS, 2), torch.float32
    )[0])(sac.state.actor)  # fmt: skip
    assert not gradient[-size:].any() and gradient[:-size].any()
    sac.update(batch)
    assert not torch.equal(sac.state.critic[-size:], before)
    assert torch.equal(sac.state.actor[-size:], sac.state.critic[-size:])
    assert torch.equal(sac.state.average[-size:], sac.state.critic[-size:])


def test_the_buffer_keeps_bytes(tmp_path: Any) -> None:
    """Images as they are and actions to the bit, also after a save; a quarter of the memory."""

    def make() -> ReplayBuffer:
        return ReplayBuffer(40, 2, 12, 3, n_step=1, gamma=0.9, folder=tmp_path, numbers=torch.uint8)

    buffer, random = make(), torch.Generator().manual_seed(1)
    known = {}
    for step in range(10):
        seen = torch.randint(0, 256, (2, 12), dtype=torch.uint8, generator=random)
        action = torch.rand(2, 3, generator=random)
        after = torch.randint(0, 256, (2, 12), dtype=torch.uint8, generator=random)
        for world in range(2):
            known[tuple(seen[world].tolist())] = (action[world], after[world])
        none = torch.zeros(2, dtype=torch.bool)
        buffer.add((seen, action, after), torch.full((2,), float(step)), none, none)
    other = make()
    other.load(buffer.save())
    for one in (buffer, other):
        batch = one.sample(64, torch.zeros(12), torch.ones(12))
        for seen, action, after in zip(batch.observation, batch.action, batch.next_observation, strict=True):
            expected = known[tuple(int(x) for x in seen)]
            assert torch.equal(action, expected[0])
            assert torch.equal(after, expected[1].float())
    assert buffer.ring.rows.element_size() == 1


def config(**changes: Any) -> LearnerConfig:
    small: dict[str, Any] = {
        "env": "points:make_seen", "run": "seen", "worlds": 8, "hidden": [32, 32], "batch": 64, "n_step": 3,
        "warmup_steps": 200, "buffer": 20_000, "compile": False, "evaluate_every": 1e9,
        "checkpoint_every": 1e9, "learning_rate": 1e-3, "entropy_start": 0.1, "average": 0.01,
    }  # fmt: skip
    return LearnerConfig.of({**small, **changes})


@pytest.mark.slow
def test_it_learns_from_pictures() -> None:
    """A point whose place is only to be seen is moved to zero; a random policy returns below -10."""
    progress = train(config(steps=4_000))
    assert progress.best is not None
    assert progress.best.return_mean > -8.0


def test_a_run_on_pictures_goes_on(data: Any) -> None:
    first = Learner(config())
    for _ in range(40):
        first.advance()
    first.save()
    second = Learner(config(), resume=True)
    assert torch.equal(second.sac.state.critic, first.sac.state.critic)
    assert len(second.buffer) == len(first.buffer)
    assert second.buffer.ring.rows.dtype == torch.uint8
    second.advance()
    first.close()
    second.close()


def test_a_buffer_of_images_stays_within_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trackmania_rl.model.training.learner.IMAGES_MAX", 2 * 36 * 40 * 1_000)
    learner = Learner(config())
    assert learner.buffer.length * 8 == 1_000
    assert "1,000 transitions, not 20,000" in learner.notes[0]
    learner.close()


@pytest.mark.parametrize(
    ("space", "expected"),
    [
        (gym.spaces.Box(0, 255, (96, 96, 3), np.uint8), (96, 96, 3)),
        (gym.spaces.Box(0, 255, (4, 84, 84), np.uint8), (4, 84, 84)),
        (gym.spaces.Box(0, 255, (8, 8, 3), np.uint8), None),
        (gym.spaces.Box(0.0, 1.0, (96, 96, 3), np.float32), None),
        (gym.spaces.Box(0, 255, (128,), np.uint8), None),
        (gym.spaces.Discrete(3), None),
    ],
)
def test_what_is_an_image(space: gym.Space[Any], expected: tuple[int, ...] | None) -> None:
    assert image_shape(space) == expected


def test_settings_of_the_policy_survive_the_file() -> None:
    """The checkpoint says what it sees; the policy from it acts as the learner's."""
    learner = Learner(config())
    for _ in range(30):
        learner.advance()
    saved = checkpoints.load(learner.save())
    seen = np.random.default_rng(0).integers(0, 256, (4, 36 * 40)).astype(np.float32)
    np.testing.assert_array_equal(saved.policy().act(seen), learner.policy().act(seen))
    assert dataclasses.asdict(saved)["image"] == (36, 40, 1)
    learner.close()
