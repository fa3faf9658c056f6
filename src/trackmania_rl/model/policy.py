"""A frozen policy in NumPy: what drives in races and answers predictions, in microseconds a car."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from trackmania_rl.model.sac import LOG_STD_MAX, LOG_STD_MIN

Array = NDArray[np.float32]

NORM_EPSILON = 1e-5
"""Of torch.nn.functional.layer_norm."""


@dataclass(frozen=True)
class Layer:
    """One layer: a product, and the gain and shift of its normalisation if it has one."""

    weight: Array
    bias: Array
    gain: Array | None = None
    shift: Array | None = None


@dataclass(frozen=True)
class Policy:
    """An actor that does not learn any more.

    Attributes:
        version: Which policy it is, for the record, e.g. "horizon-sprint:120000".
        mean: Of each observation, and `scale` its spread: what the network was trained to expect.
        low: Least action of the environment, and `high` the greatest.
        layers: The network, first to last; ReLU between them.
    """

    version: str
    mean: Array
    scale: Array
    low: Array
    high: Array
    layers: Sequence[Layer]

    @property
    def observations(self) -> int:
        """Length of an observation."""
        return len(self.mean)

    def act(self, observation: Array, generator: np.random.Generator | None = None) -> Array:
        """Actions (B, a) in the environment's units for observations (B, o).

        Without `generator` the mode of the policy, with it a sample.
        """
        heads = self._forward((observation - self.mean) / self.scale)
        actions = heads.shape[-1] // 2
        mean, log_std = heads[:, :actions], heads[:, actions:]
        if generator is not None:
            noise = generator.standard_normal(mean.shape, np.float32)
            mean += np.exp(np.clip(log_std, LOG_STD_MIN, LOG_STD_MAX)) * noise
        action: Array = self.low + (np.tanh(mean) + 1.0) * 0.5 * (self.high - self.low)
        return action

    def _forward(self, x: Array) -> Array:
        # For one car calls of NumPy are the cost: in place, and sums without np.mean's detour by Python.
        for layer in self.layers[:-1]:
            x = x @ layer.weight
            x += layer.bias
            if layer.gain is not None and layer.shift is not None:
                share = np.float32(1.0 / x.shape[-1])
                x -= np.add.reduce(x, axis=-1, keepdims=True) * share
                variance = np.einsum("bi,bi->b", x, x)[:, None] * share
                x *= layer.gain / np.sqrt(variance + np.float32(NORM_EPSILON))
                x += layer.shift
            np.maximum(x, 0.0, out=x)
        return x @ self.layers[-1].weight + self.layers[-1].bias

    def pack(self) -> bytes:
        """As bytes, to hand from the learner's process to the service's."""
        return msgspec.msgpack.encode(self, enc_hook=_encode)

    @staticmethod
    def unpack(data: bytes) -> Policy:
        """The policy that `pack` wrote."""
        return msgspec.msgpack.decode(data, type=Policy, dec_hook=_decode)


def _encode(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.shape, np.ascontiguousarray(value, np.float32).tobytes()
    raise NotImplementedError(type(value))


def _decode(_: type, value: Any) -> Any:
    shape, data = value
    return np.frombuffer(data, np.float32).reshape(shape)
