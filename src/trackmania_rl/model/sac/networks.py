"""Multi-layer perceptrons whose parameters live in one flat vector.

One vector per network makes the optimiser, the target average and the checkpoint single operations,
and lets several copies of a network (the twin critics) run as one batched product.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional


class Flat:
    """A network's shape, whose parameters are one flat vector."""

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Shapes of the tensors in the flat vector, in their order."""
        raise NotImplementedError

    @property
    def size(self) -> int:
        """Length of the flat vector."""
        return sum(math.prod(shape) for shape in self.shapes)

    def views(self, parameters: Tensor) -> list[Tensor]:
        """The flat vector as tensors of `shapes`, without a copy."""
        parts = torch.split(parameters, [math.prod(shape) for shape in self.shapes])
        return [part.view(shape) for part, shape in zip(parts, self.shapes, strict=True)]


@dataclass(frozen=True)
class Mlp(Flat):
    """The shape of `copies` equal perceptrons with ReLU between the layers; it holds no parameters.

    With `layer_norm` each hidden layer is normalised before its ReLU (Ba et al. 2016, arXiv 1607.06450),
    which keeps the critics from diverging when targets move fast (Hiraoka et al. 2021, arXiv 2110.02034).
    """

    inputs: int
    outputs: int
    hidden: tuple[int, ...] = (256, 256)
    copies: int = 1
    layer_norm: bool = True

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Shapes of the tensors in the flat vector, layer by layer: weight, bias, then gain and shift."""
        sizes = [self.inputs, *self.hidden, self.outputs]
        shapes: list[tuple[int, ...]] = []
        for layer, (fan_in, fan_out) in enumerate(pairwise(sizes)):
            shapes += [(self.copies, fan_in, fan_out), (self.copies, 1, fan_out)]
            if self.layer_norm and layer < len(self.hidden):
                shapes += [(self.copies, 1, fan_out)] * 2
        return shapes

    def initial(self, generator: torch.Generator) -> Tensor:
        """Fresh parameters: weights uniform in ±1/sqrt(fan in), biases zero, gains one."""
        parameters = torch.zeros(self.size)
        views = iter(self.views(parameters))
        for layer in range(len(self.hidden) + 1):
            weight, _bias = next(views), next(views)
            bound = 1.0 / math.sqrt(weight.shape[1])
            weight.uniform_(-bound, bound, generator=generator)
            if self.layer_norm and layer < len(self.hidden):
                gain, _shift = next(views), next(views)
                gain.fill_(1.0)
        return parameters

    def __call__(self, parameters: Tensor, x: Tensor, precision: torch.dtype = torch.float32) -> Tensor:
        """Run the network: (batch, inputs) -> (copies, batch, outputs).

        Matrix products run in `precision`; everything else, and the result, is as precise as `parameters`.
        """
        views = iter(self.views(parameters))
        x = x.expand(self.copies, *x.shape)
        for layer in range(len(self.hidden) + 1):
            weight, bias = next(views), next(views)
            x = torch.bmm(x.to(precision), weight.to(precision)).to(bias.dtype) + bias
            if layer < len(self.hidden):
                if self.layer_norm:
                    gain, shift = next(views), next(views)
                    x = functional.layer_norm(x, (x.shape[-1],)) * gain + shift
                x = torch.relu(x)
        return x
