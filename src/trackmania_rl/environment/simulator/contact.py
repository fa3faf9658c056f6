"""Four suspended wheels on the ribbon."""

# mypy: ignore-errors
# Warp's own compiler checks the types of kernels.

from __future__ import annotations

import warp as wp

from trackmania_rl.environment.simulator.maths import either, flag, least, most
from trackmania_rl.environment.simulator.ribbon import Road
from trackmania_rl.environment.simulator.vehicle import (
    AXLE,
    CENTRE_HEIGHT,
    SAG,
    SINK_MAX,
    TREAD_FRONT,
    TREAD_REAR,
    Parameters,
)
from trackmania_rl.environment.tracks.track import Surface

NO_ROAD = wp.constant(int(Surface.NONE) - 0.5)
"""Surfaces beyond this are none: a gap that cars fly over."""
VERGE_WIDTH = wp.constant(10.0)
"""How far a grass verge reaches beyond the border [m] (guess)."""


@wp.struct
class Wheel:
    """One wheel's contact."""

    force: wp.vec3
    """Acceleration of the car [m/s2], world."""
    torque: wp.vec3
    """Moment about the centre of mass [m2/s2], world."""
    compression: float
    """Of the suspension [m]."""
    grounded: float
    """1 on the ground."""
    verge: float
    """1 on the grass beside the road."""


@wp.struct
class Stance:
    """All four wheels together."""

    force: wp.vec3
    torque: wp.vec3
    compression: wp.vec4
    grounded: float
    """Wheels on the ground."""
    verge: float
    """Wheels on the grass beside the road."""


@wp.func
def wheel(p: Parameters, road: Road, arm: wp.vec3, up: wp.vec3, velocity: wp.vec3, spin: wp.vec3) -> Wheel:
    """Spring, damper and bump stop of one wheel, pushing along the road's normal.

    Args:
        p: The car's numbers.
        road: Road under the centre of mass.
        arm: From the centre of mass to the lowest point of the drooping wheel [m], world.
        up: The body's up axis, along which the wheel travels.
        velocity: Of the centre of mass [m/s], world.
        spin: Angular velocity [rad/s], world.
    """
    point = road.offset + arm
    along = wp.dot(point, road.tangent)
    normal = road.up + road.up_bend * along
    lateral = wp.dot(point, road.left + road.left_bend * along) + road.curve_left * along * along
    height = wp.dot(point, normal) + road.curve_up * along * along
    upright = wp.dot(up, normal)
    compression = -height / most(upright, 0.2)

    beyond = most(lateral - road.width_left, -lateral - road.width_right)
    border = either(flag(lateral > 0.0), road.border_left, road.border_right)
    # A wall holds the body back, not the wheels: there the road goes on under the barrier.
    reach = wp.where(border > 1.5, VERGE_WIDTH, wp.where(border > 0.5, 0.0, 1.0))
    grounded = (
        flag(compression > 0.0) * flag(compression < SINK_MAX) * flag(upright > 0.2) * flag(beyond < reach)
    ) * flag(road.surface < NO_ROAD)

    arm_compressed = arm + up * compression
    sinking = -wp.dot(velocity + wp.cross(spin, arm_compressed), normal)
    over = most(compression - p.bump_travel, 0.0)
    push = p.stiffness * least(compression, p.bump_travel) + p.damping * sinking
    push += p.bump_stiffness * over + flag(over > 0.0) * p.bump_damping * most(sinking, 0.0)

    result = Wheel()
    result.force = normal * (most(push, 0.0) * grounded)
    result.torque = wp.cross(arm_compressed, result.force)
    result.compression = least(most(compression, 0.0), p.bump_travel) * grounded
    result.grounded = grounded
    result.verge = grounded * flag(beyond > 0.0) * flag(border > 1.5)
    return result


@wp.func
def stance(
    p: Parameters, road: Road, left: wp.vec3, up: wp.vec3, forward: wp.vec3, velocity: wp.vec3, spin: wp.vec3
) -> Stance:
    """Sum of the four wheels: front left, front right, rear left, rear right."""
    droop = up * (-(CENTRE_HEIGHT + SAG))
    front = droop + forward * AXLE
    rear = droop - forward * AXLE
    a = wheel(p, road, front + left * TREAD_FRONT, up, velocity, spin)
    b = wheel(p, road, front - left * TREAD_FRONT, up, velocity, spin)
    c = wheel(p, road, rear + left * TREAD_REAR, up, velocity, spin)
    d = wheel(p, road, rear - left * TREAD_REAR, up, velocity, spin)
    result = Stance()
    result.force = (a.force + b.force) + (c.force + d.force)
    result.torque = (a.torque + b.torque) + (c.torque + d.torque)
    result.compression = wp.vec4(a.compression, b.compression, c.compression, d.compression)
    result.grounded = (a.grounded + b.grounded) + (c.grounded + d.grounded)
    result.verge = (a.verge + b.verge) + (c.verge + d.verge)
    return result
