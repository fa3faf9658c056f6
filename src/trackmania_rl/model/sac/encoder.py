"""A convolutional encoder: from an image to a few features that actor and critics decide on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from trackmania_rl.model.sac.networks import Flat, Mlp

LAYERS = ((32, 8, 4), (64, 4, 2), (64, 3, 1))
"""Channels, kernel and stride of each convolution (Mnih et al. 2015, doi 10.1038/nature14236, methods)."""
SIDE_MIN = 36
"""Least height and width: there the last convolution leaves one place."""
FEATURES = 50
"""Features of an image (Yarats et al. 2021, "Improving Sample Efficiency in Model-Free Reinforcement Learning
from Images", arXiv 1910.01741, appendix B)."""
FEATURES_EPSILON = 1e-5
"""Of torch.nn.functional.layer_norm."""


def image_shape(space: gym.Space[Any]) -> tuple[int, ...] | None:
    """The shape of images of bytes, (h, w), (h, w, c) or (c, h, w); None: observations are something else."""
    if not isinstance(space, gym.spaces.Box) or space.dtype != np.uint8 or len(space.shape) not in (2, 3):
        return None
    return space.shape if min(Encoder(space.shape).sides) >= SIDE_MIN else None


@dataclass(frozen=True)
class Encoder(Flat):
    """The shape of an encoder for images of `shape`; it holds no parameters.

    Convolutions with ReLU, then a linear layer, normalised and squashed by tanh, as Yarats et al. have it. Of
    three lengths the least of the first and the last is that of the channels.
    """

    shape: tuple[int, ...]

    @property
    def channels_first(self) -> bool:
        """Are images (c, h, w)?"""
        return len(self.shape) == 3 and self.shape[0] < self.shape[-1]

    @property
    def channels(self) -> int:
        """Of an image."""
        return 1 if len(self.shape) == 2 else self.shape[0 if self.channels_first else -1]

    @property
    def sides(self) -> tuple[int, ...]:
        """Height and width [pixels]."""
        return self.shape[1:] if self.channels_first else self.shape[:2]

    @property
    def pixels(self) -> int:
        """Numbers of an image."""
        return math.prod(self.shape)

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Of the tensors in the flat vector: kernel and bias of each convolution, then those of the layer."""
        shapes: list[tuple[int, ...]] = []
        channels, sides = self.channels, self.sides
        for out, kernel, stride in LAYERS:
            shapes += [(out, channels, kernel, kernel), (out,)]
            channels, sides = out, tuple((side - kernel) // stride + 1 for side in sides)
        return [*shapes, (channels * math.prod(sides), FEATURES), (FEATURES,), (FEATURES,), (FEATURES,)]

    def initial(self, generator: torch.Generator) -> Tensor:
        """Fresh parameters: weights orthogonal (Yarats et al., appendix B), biases zero, gains one."""
        parameters = torch.zeros(self.size)
        *kernels, weight, _bias, gain, _shift = self.views(parameters)
        for kernel in kernels[::2]:
            torch.nn.init.orthogonal_(kernel, math.sqrt(2.0), generator)
        torch.nn.init.orthogonal_(weight, 1.0, generator)
        gain.fill_(1.0)
        return parameters

    def __call__(self, parameters: Tensor, x: Tensor, precision: torch.dtype = torch.float32) -> Tensor:
        """Features (B, 50) of flat images (B, pixels), scaled to -1..1; products run in `precision`."""
        *kernels, weight, bias, gain, shift = self.views(parameters)
        x = x.view(-1, *self.shape)
        if len(self.shape) == 2:
            x = x[:, None]
        elif not self.channels_first:
            x = x.permute(0, 3, 1, 2)
        for (_, _, stride), kernel, offset in zip(LAYERS, kernels[::2], kernels[1::2], strict=True):
            x = functional.conv2d(x.to(precision), kernel.to(precision), stride=stride)
            x = torch.relu(x.to(offset.dtype) + offset[:, None, None])
        x = x.permute(0, 2, 3, 1).flatten(1)
        x = (x.to(precision) @ weight.to(precision)).to(bias.dtype) + bias
        return torch.tanh(functional.layer_norm(x, (FEATURES,)) * gain + shift)


@dataclass(frozen=True)
class Seeing:
    """A perceptron whose first inputs are an image that it sees through an encoder.

    The flat vector holds the perceptron's parameters, then the encoder's. Only where it `learns` to see do
    gradients reach the encoder.
    """

    encoder: Encoder
    mlp: Mlp
    learns: bool = False

    @property
    def inputs(self) -> int:
        """Pixels, and what the perceptron takes besides."""
        return self.encoder.pixels + self.mlp.inputs - FEATURES

    @property
    def size(self) -> int:
        """Length of the flat vector."""
        return self.mlp.size + self.encoder.size

    def initial(self, generator: torch.Generator) -> Tensor:
        """Fresh parameters."""
        return torch.cat([self.mlp.initial(generator), self.encoder.initial(generator)])

    def __call__(self, parameters: Tensor, x: Tensor, precision: torch.dtype = torch.float32) -> Tensor:
        """Run the network: (batch, inputs) -> (copies, batch, outputs)."""
        deciding, seeing = torch.split(parameters, [self.mlp.size, self.encoder.size])
        image, rest = torch.split(x, [self.encoder.pixels, x.shape[-1] - self.encoder.pixels], dim=-1)
        features = self.encoder(seeing if self.learns else seeing.detach(), image, precision)
        return self.mlp(deciding, torch.cat([features, rest], dim=-1), precision)


Network = Mlp | Seeing
"""What decides: on numbers, or on an image."""
