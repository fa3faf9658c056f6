"""Barriers at the borders: an impulse with friction at each corner of the body, and no way through."""

# mypy: ignore-errors
# Warp's own compiler checks the types of kernels.

from __future__ import annotations

import warp as wp

from trackmania_rl.environment.simulator.maths import either, flag, least, most, side, size
from trackmania_rl.environment.simulator.ribbon import Road
from trackmania_rl.environment.simulator.vehicle import TICK, YAW_MOBILITY

WALL_HEIGHT = wp.constant(1.5)
"""A corner higher than this passes over the barrier [m] (guess)."""
WALL_DEPTH = wp.constant(1.0)
"""A corner that was further outside than this before the tick is not pulled back [m] (guess)."""
RESTITUTION = wp.constant(0.1)
"""Share of the impact's speed with which a body bounces off (guess)."""
WALL_FRICTION = wp.constant(0.15)
"""Of a body along a barrier (guess; one long touch in a recorded drive fits 0.14)."""
TOUCH_SPEED = wp.constant(5.0)
"""Touching a wall more slowly than this does not cut the engine, so that a car can leave it [m/s] (guess)."""


@wp.struct
class Body:
    """A body that walls act on."""

    velocity: wp.vec3
    yaw: float
    """Angular velocity about `up` [rad/s]."""
    shift: wp.vec3
    """How far walls have pushed the body back [m]."""
    impact: float
    """Hardest impact [m/s]."""
    touch: float
    """1 once a wall is touched at speed."""


@wp.func
def collide(body: Body, road: Road, arm: wp.vec3, up: wp.vec3) -> Body:
    """Hit the wall with one corner if it would be beyond after the coming tick.

    The impulse acts along the road's left axis at the corner and turns the body about its up axis only;
    friction acts on the centre of mass against the motion along the road, so neither can add energy.

    Args:
        body: The body before.
        road: Road under the centre of mass.
        arm: From the centre of mass to the corner [m], world.
        up: The body's up axis.
    """
    corner_velocity = body.velocity + wp.cross(up, arm) * body.yaw
    before = road.offset + arm + body.shift
    point = before + corner_velocity * TICK
    along = wp.dot(point, road.tangent)
    across = road.left + road.left_bend * along
    lateral = wp.dot(point, across) + road.curve_left * along * along
    height = wp.dot(point, road.up + road.up_bend * along) + road.curve_up * along * along
    sign = side(lateral)
    right = flag(lateral < 0.0)
    width = either(right, road.width_right, road.width_left)
    border = either(right, road.border_right, road.border_left)
    depth = sign * lateral - width
    depth_before = sign * wp.dot(before, road.left) - width
    hit = (
        flag(depth > 0.0)
        * flag(border < 0.5)
        * flag(size(height) < WALL_HEIGHT)
        * flag(depth_before < WALL_DEPTH)
    )

    speed = most(sign * wp.dot(corner_velocity, across), 0.0)
    lever = sign * wp.dot(wp.cross(arm, across), up)
    impulse = hit * (1.0 + RESTITUTION) * speed / (1.0 + YAW_MOBILITY * lever * lever)
    along_speed = wp.dot(body.velocity, road.tangent)
    friction = side(along_speed) * least(WALL_FRICTION * impulse, size(along_speed))

    result = Body()
    result.velocity = body.velocity - across * (sign * impulse) - road.tangent * friction
    result.yaw = body.yaw - YAW_MOBILITY * lever * impulse
    depth_after = depth - impulse * TICK
    result.shift = body.shift - across * (sign * hit * most(depth_after, 0.0))
    result.impact = most(body.impact, hit * speed)
    result.touch = most(body.touch, hit * flag(speed > 0.0) * flag(size(along_speed) > TOUCH_SPEED))
    return result
