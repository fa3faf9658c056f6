"""Small branch-free functions: selections instead of min and max, so that loops over cars vectorise."""

# mypy: ignore-errors
# Warp's own compiler checks the types of kernels.

from __future__ import annotations

import warp as wp


@wp.func
def least(a: float, b: float) -> float:
    """The smaller of two."""
    return wp.where(a < b, a, b)


@wp.func
def most(a: float, b: float) -> float:
    """The larger of two."""
    return wp.where(a > b, a, b)


@wp.func
def bound(x: float, low: float, high: float) -> float:
    """x, kept between two limits."""
    return most(low, least(x, high))


@wp.func
def size(x: float) -> float:
    """Absolute value."""
    return wp.where(x < 0.0, -x, x)


@wp.func
def side(x: float) -> float:
    """1 where x is not negative, else -1."""
    return wp.where(x < 0.0, -1.0, 1.0)


@wp.func
def flag(condition: bool) -> float:
    """1 where the condition holds, else 0."""
    return wp.where(condition, 1.0, 0.0)


@wp.func
def either(first: float, a: float, b: float) -> float:
    """a where `first` is 1, b where it is 0.

    For two numbers straight from memory: a selection between them becomes a load from a selected address,
    and that keeps a loop from being vectorised.
    """
    return first * a + (1.0 - first) * b


@wp.func
def towards(x: float, target: float, step: float) -> float:
    """x moved towards the target by at most a step."""
    return x + bound(target - x, -step, step)


@wp.func
def unit(v: wp.vec3) -> wp.vec3:
    """v at length 1."""
    return v * (1.0 / wp.sqrt(wp.dot(v, v) + 1.0e-12))


@wp.func
def left_axis(q: wp.quat) -> wp.vec3:
    """The body's +x axis in the world."""
    return wp.vec3(
        1.0 - 2.0 * (q[1] * q[1] + q[2] * q[2]),
        2.0 * (q[0] * q[1] + q[3] * q[2]),
        2.0 * (q[0] * q[2] - q[3] * q[1]),
    )


@wp.func
def up_axis(q: wp.quat) -> wp.vec3:
    """The body's +y axis in the world."""
    return wp.vec3(
        2.0 * (q[0] * q[1] - q[3] * q[2]),
        1.0 - 2.0 * (q[0] * q[0] + q[2] * q[2]),
        2.0 * (q[1] * q[2] + q[3] * q[0]),
    )


@wp.func
def forward_axis(q: wp.quat) -> wp.vec3:
    """The body's +z axis in the world."""
    return wp.vec3(
        2.0 * (q[0] * q[2] + q[3] * q[1]),
        2.0 * (q[1] * q[2] - q[3] * q[0]),
        1.0 - 2.0 * (q[0] * q[0] + q[1] * q[1]),
    )


@wp.func
def rotated(q: wp.quat, spin: wp.vec3, dt: float) -> wp.quat:
    """q after turning with the body rates `spin` [rad/s] for dt: first order, renormalised."""
    h = 0.5 * dt
    x = q[0] + h * (q[3] * spin[0] + q[1] * spin[2] - q[2] * spin[1])
    y = q[1] + h * (q[3] * spin[1] + q[2] * spin[0] - q[0] * spin[2])
    z = q[2] + h * (q[3] * spin[2] + q[0] * spin[1] - q[1] * spin[0])
    w = q[3] - h * (q[0] * spin[0] + q[1] * spin[1] + q[2] * spin[2])
    r = 1.0 / wp.sqrt(x * x + y * y + z * z + w * w)
    return wp.quat(x * r, y * r, z * r, w * r)
