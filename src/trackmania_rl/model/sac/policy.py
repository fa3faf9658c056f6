"""A frozen policy in NumPy: what drives in races and answers predictions, in microseconds a car."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from trackmania_rl.model.sac.sac import LOG_STD_MAX, LOG_STD_MIN

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

    def __call__(self, x: Array) -> Array:
        """Rows (B, i) to rows (B, o)."""
        # For one car calls of NumPy are the cost: in place, and sums without np.mean's detour by Python.
        x = x @ self.weight
        x += self.bias
        if self.gain is not None and self.shift is not None:
            share = np.float32(1.0 / x.shape[-1])
            x -= np.add.reduce(x, axis=-1, keepdims=True) * share
            variance = np.einsum("bi,bi->b", x, x)[:, None] * share
            x *= self.gain / np.sqrt(variance + np.float32(NORM_EPSILON))
            x += self.shift
        return x


@dataclass(frozen=True)
class Convolution:
    """One convolution: its kernel (out, in, k, k), bias (out,) and stride."""

    kernel: Array
    bias: Array
    stride: int

    def __call__(self, x: Array) -> Array:
        """Places (B, h, w, out) of places (B, h, w, in), each at least 0."""
        size = self.kernel.shape[-2:]
        windows = sliding_window_view(x, size, axis=(1, 2))[:, :: self.stride, :: self.stride]
        seen: Array = np.tensordot(windows, self.kernel, axes=((3, 4, 5), (1, 2, 3)))
        seen += self.bias
        return np.maximum(seen, 0.0, out=seen)


@dataclass(frozen=True)
class Sight:
    """An encoder that does not learn any more: images of `shape` to features."""

    shape: tuple[int, ...]
    channels_first: bool
    convolutions: Sequence[Convolution]
    features: Layer

    def __call__(self, x: Array) -> Array:
        """Features (B, f) of flat images (B, pixels)."""
        x = x.reshape(-1, *self.shape)
        if len(self.shape) == 2:
            x = x[..., None]
        elif self.channels_first:
            x = np.moveaxis(x, 1, -1)
        for convolution in self.convolutions:
            x = convolution(x)
        return np.tanh(self.features(x.reshape(len(x), -1)))


@dataclass(frozen=True)
class Policy:
    """An actor that does not learn any more.

    Attributes:
        version: Which policy it is, for the record, e.g. "horizon-sprint:120000".
        mean: Of each observation, and `scale` its spread: what the network was trained to expect.
        low: Least action of the environment, and `high` the greatest; of discrete actions 0 and 1 for each.
        layers: The network, first to last; ReLU between them.
        first_choice: Number of the first of discrete actions; None: actions are continuous.
        sight: What it sees with, where observations are images.
    """

    version: str
    mean: Array
    scale: Array
    low: Array
    high: Array
    layers: Sequence[Layer]
    first_choice: int | None = None
    sight: Sight | None = None

    @property
    def observations(self) -> int:
        """Length of an observation."""
        return len(self.mean)

    def act(self, observation: Array, generator: np.random.Generator | None = None) -> NDArray[Any]:
        """Actions (B, a) in the environment's units for observations (B, o); (B,) numbers if discrete.

        Without `generator` the mode of the policy, with it a sample.
        """
        heads = self._forward((observation - self.mean) / self.scale)
        if self.first_choice is not None:
            if generator is not None:
                heads += generator.gumbel(size=heads.shape)  # whose argmax is a sample of the softmax
            choice: NDArray[np.int64] = self.first_choice + heads.argmax(axis=-1)
            return choice
        actions = heads.shape[-1] // 2
        mean, log_std = heads[:, :actions], heads[:, actions:]
        if generator is not None:
            noise = generator.standard_normal(mean.shape, np.float32)
            mean += np.exp(np.clip(log_std, LOG_STD_MIN, LOG_STD_MAX)) * noise
        action: Array = self.low + (np.tanh(mean) + 1.0) * 0.5 * (self.high - self.low)
        return action

    def _forward(self, x: Array) -> Array:
        if self.sight is not None:
            x = self.sight(x)
        for layer in self.layers[:-1]:
            x = layer(x)
            np.maximum(x, 0.0, out=x)
        return self.layers[-1](x)

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
