"""ONNX files: the same actions as the policy, from raw observations."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from trackmania_rl.model.export import onnx
from trackmania_rl.model.sac.policy import Layer, Policy

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")


def policy(*, layer_norm: bool, hidden: tuple[int, ...] = (24, 16)) -> Policy:
    """A random policy with raw units far from 1 and actions that are not -1..1."""
    generator = np.random.default_rng(3)

    def draw(*shape: int) -> np.ndarray:
        return generator.standard_normal(shape, np.float32)

    sizes = [7, *hidden, 6]
    layers = []
    for index, (wide, narrow) in enumerate(pairwise(sizes)):
        norm = (draw(1, narrow), draw(1, narrow)) if layer_norm and index < len(hidden) else ()
        layers.append(Layer(draw(wide, narrow) / np.sqrt(np.float32(wide)), draw(1, narrow), *norm))
    low, high = np.array([-1, 0, -3], np.float32), np.array([1, 1, 5], np.float32)
    return Policy("test:1", 100.0 * draw(7), 30.0 * np.abs(draw(7)) + 0.01, low, high, layers)


@pytest.mark.parametrize("layer_norm", [False, True])
def test_onnx_runtime_gives_the_policys_actions(tmp_path: Path, layer_norm: bool) -> None:
    """Any number of rows; the version and what else is known lie in the file."""
    source, out = policy(layer_norm=layer_norm), tmp_path / "policy.onnx"
    assert (
        onnx.export(source, out, {"env": "TrackMania/Lidar-v0", "env_options": {"lidar": "screen"}}) <= 1e-5
    )
    session = onnxruntime.InferenceSession(out)
    for rows in (1, 33):
        noise = np.random.default_rng(rows).standard_normal((rows, 7), np.float32)
        observation = source.mean + source.scale * noise
        (action,) = session.run(None, {"observation": observation})
        np.testing.assert_allclose(action, source.act(observation), atol=1e-5)
        assert action.dtype == np.float32
    properties = session.get_modelmeta().custom_metadata_map
    assert properties["version"] == "test:1"
    assert properties["env_options"] == '{"lidar": "screen"}'
