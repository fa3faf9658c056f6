"""Attitudes on the host: quaternions x, y, z, w that turn body vectors into the world's axes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def quaternions(left: NDArray[Any], up: NDArray[Any], forward: NDArray[Any]) -> NDArray[np.float64]:
    """Attitudes (n, 4) of bodies whose +x, +y, +z axes are left, up, forward, each (n, 3)."""
    m = np.stack([left, up, forward], axis=2)
    xx, yy, zz = m[:, 0, 0], m[:, 1, 1], m[:, 2, 2]
    w = np.sqrt(np.maximum(0, 1 + xx + yy + zz)) / 2
    x = np.copysign(np.sqrt(np.maximum(0, 1 + xx - yy - zz)) / 2, m[:, 2, 1] - m[:, 1, 2])
    y = np.copysign(np.sqrt(np.maximum(0, 1 - xx + yy - zz)) / 2, m[:, 0, 2] - m[:, 2, 0])
    z = np.copysign(np.sqrt(np.maximum(0, 1 - xx - yy + zz)) / 2, m[:, 1, 0] - m[:, 0, 1])
    q = np.stack([x, y, z, w], axis=1)
    return np.asarray(q / np.linalg.norm(q, axis=1, keepdims=True))


def rotate(quaternion: NDArray[Any], vector: NDArray[Any]) -> NDArray[Any]:
    """World components (3, n) of a body vector (3,), or of one for each (3, n), under attitudes (4, n)."""
    axis, w = quaternion[:3], quaternion[3]
    body = vector.reshape(3, -1)
    turned = 2 * _cross(axis, body)
    return np.asarray(body + w * turned + _cross(axis, turned))


def _cross(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """Cross products of columns, (3, n): np.cross spends five times as long on a single one."""
    return np.stack([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])
