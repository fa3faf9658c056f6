"""Learners that update together: each has a part of the batch, all have the mean of their gradients."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import ray
import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed import TCPStore  # type: ignore[attr-defined]

PATIENCE = timedelta(seconds=60)
"""Longest wait for another learner's gradient, after which it counts as lost (guess)."""


class Seat(NamedTuple):
    """Where a learner runs: its machine and device; equal on a CPU, or where two share a GPU."""

    host: str
    device: str


def seat(device: torch.device) -> Seat:
    """Of this process."""
    host = str(ray.util.get_node_ip_address())  # type: ignore[no-untyped-call]
    cuda = device.type == "cuda"
    return Seat(host, str(torch.cuda.get_device_properties(device).uuid) if cuda else "cpu")


def backend(seats: list[Seat]) -> str:
    """NCCL where each learner has a GPU of its own, as it needs; gloo elsewhere."""
    own = len(set(seats)) == len(seats) and all(one.device != "cpu" for one in seats)
    return "nccl" if own else "gloo"


def meeting(host: str, port: int = 0) -> TCPStore:
    """Where the learners of a group find one another; the first one opens it, at a free port."""
    return TCPStore(host, port, is_master=not port, wait_for_workers=False, timeout=PATIENCE)


def join(store: TCPStore, rank: int, size: int, kind: str) -> None:
    """Enter a group of so many learners; returns when all are there.

    Raises:
        RuntimeError: Not all came in time.
    """
    leave()
    dist.init_process_group(kind, store=store, rank=rank, world_size=size, timeout=PATIENCE)
    dist.barrier()


def leave() -> None:
    """Leave the group, if there is one; whoever waits for this learner's gradient then gets an error."""
    if dist.is_initialized():
        dist.destroy_process_group()


@torch.compiler.disable  # type: ignore[untyped-decorator]
def average(gradient: Tensor) -> Tensor:
    """The mean of the group's gradients; the gradient itself without a group."""
    if dist.is_initialized():
        dist.all_reduce(gradient)
        gradient /= dist.get_world_size()
    return gradient
