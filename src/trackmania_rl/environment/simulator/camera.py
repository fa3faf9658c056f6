"""A small grey picture from each car: road, markings, walls, sky and the other cars, in its weather.

The road's segments are painted from the furthest to the nearest. Each is a quadrilateral: where its edges
cross a line of pixels tells the columns that it covers, and the ray through a pixel meets its plane where
the pixel's place on the road is. Nothing needs clipping, since an edge is a plane through the eye.
"""

# ruff: noqa: RUF046, UP018
# In a kernel int(0) declares a variable and 0 a constant.
# mypy: ignore-errors
# Warp's own compiler checks the types of kernels.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import warp as wp

from trackmania_rl.environment.simulator import weather as weathers
from trackmania_rl.environment.simulator.lens import NEAR, Lens, View, seen, view_of
from trackmania_rl.environment.simulator.maths import bound, most
from trackmania_rl.environment.simulator.ribbon import COLUMNS, Node, node_vector
from trackmania_rl.environment.simulator.state import Field, frame_of
from trackmania_rl.environment.simulator.vehicle import CENTRE_FORWARD, CENTRE_HEIGHT, HALF_WIDTH, NOSE, TAIL
from trackmania_rl.environment.tracks.track import Border, Surface

if TYPE_CHECKING:
    from trackmania_rl.environment.simulator.simulator import Simulator

wp.set_module_options({"enable_backward": False, "cpu_compiler_flags": "-march=native -ffp-contract=off"})

SIZE = 64
"""Rows and columns of a picture, as TMRL's."""
LENS = Lens(height=4.0, forward=-1.0, pitch=0.3, fov=1.15)
"""Where the camera sits: so high above the car that bends spread over several rows (guess)."""
SIGHT = wp.constant(250.0)
"""Road further along is not drawn [m] (guess)."""
WALL_HEIGHT = wp.constant(0.9)
"""[m] (guess)"""
CAR_HEIGHT = wp.constant(1.1)
"""[m] (guess)"""

# Greys 0..1, chosen so that road, line, wall, ground and sky are told apart at a glance.
SKY, ZENITH, GROUND, LINE, WALL, CAR = (wp.constant(grey) for grey in (0.86, 0.62, 0.27, 1.0, 0.08, 0.02))
ROAD = wp.constant(wp.types.vector(8, float)(0.45, 0.38, 0.3, 0.78, 0.55, 0.0, 0.0, 0.0))
"""By surface: asphalt, dirt, grass, ice, plastic."""
LINE_WIDTH = wp.constant(0.35)
"""[m]"""
DASH, GAP = wp.constant(6.0), wp.constant(6.0)
"""Of the middle line [m]."""
RAIN, WETNESS, FOG, NIGHT = (
    wp.constant(weathers.COLUMNS.index(name)) for name in ("rain", "wetness", "fog", "night")
)
VISIBILITY, VISIBILITY_DENSE = (
    wp.constant(weathers.VISIBILITY),
    wp.constant(weathers.VISIBILITY_DENSE),
)
AMBIENT = wp.constant(0.12)
"""Light that is left at night, of the day's (guess)."""
BEAM = wp.constant(30.0)
"""Headlights fade to 1/e over this distance [m] (guess)."""
STREAKS = wp.constant(0.06)
"""Share of the pixels with a streak of rain in a downpour (guess)."""
STREAK = wp.constant(0.8)
"""Grey of a streak, 0..1; headlights light it too (guess)."""

NO_ROAD = wp.constant(int(Surface.NONE))
WALLED = wp.constant(int(Border.WALL))


@wp.struct
class Air:
    """What lies between the camera and a thing."""

    visibility: float
    """[m]"""
    night: float
    wetness: float
    rain: float


@wp.struct
class Face:
    """A quadrilateral in the camera's axes, and what is painted on it."""

    a: wp.vec3
    b: wp.vec3
    c: wp.vec3
    d: wp.vec3
    grey: float
    marked: int
    """1 for road with its lines; what follows says where they are."""
    origin: wp.vec3
    """Where the road's places are counted from."""
    along: wp.vec3
    across: wp.vec3
    arc: float
    """Of the origin [m]."""
    room_left: float
    """From the origin to the left border [m]."""
    room_right: float
    boost_begin: float
    boost_end: float
    finish: float
    """Arc length of the finish [m]."""


@wp.func
def through_air(grey: float, distance: float, air: Air) -> float:
    """A thing's grey as the camera sees it."""
    light = 1.0 - air.night * (1.0 - AMBIENT - (1.0 - AMBIENT) * wp.exp(-distance / BEAM))
    haze = SKY * (1.0 - air.night * (1.0 - AMBIENT))
    return haze + (grey * light - haze) * wp.exp(-3.0 * distance / air.visibility)


@wp.func
def line(offset: float, width: float, footprint: float) -> float:
    """Share of a pixel of that footprint [m] that a line covers, whose middle is that far away."""
    return bound((0.5 * (width + footprint) - wp.abs(offset)) / footprint, 0.0, 1.0) * bound(
        width / footprint, 0.0, 1.0
    )


@wp.func
def painted(face: Face, point: wp.vec3, footprint: float, air: Air) -> float:
    """Grey of a place on a face."""
    grey = face.grey
    if face.marked == 1:
        at = point - face.origin
        arc = face.arc + wp.dot(at, face.along)
        across = wp.dot(at, face.across)
        grey = grey * (1.0 - 0.35 * air.wetness)
        if arc >= face.boost_begin and arc < face.boost_end:
            grey = 0.5 * grey + 0.5
        stroke = line(face.room_left - 0.6 - across, LINE_WIDTH, footprint)
        stroke = most(stroke, line(face.room_right - 0.6 + across, LINE_WIDTH, footprint))
        if arc - wp.floor(arc / (DASH + GAP)) * (DASH + GAP) < DASH:
            stroke = most(stroke, line(across, LINE_WIDTH, footprint))
        grey = grey + (LINE - grey) * stroke
        if wp.abs(arc - face.finish) < 2.0:
            squares = int(wp.floor(arc)) + int(wp.floor(0.5 * across))
            grey = wp.where(squares % 2 == 0, 1.0, 0.05)
    return grey


@wp.func
def paint(face: Face, half: float, air: Air, i: int, pictures: wp.array3d(dtype=wp.uint8)):
    """Paint a face over what is in the picture of car i already."""
    normal = wp.cross(face.b - face.a, face.d - face.a)
    offset = wp.dot(normal, face.a)
    way = wp.where(offset < 0.0, -1.0, 1.0)
    pixel = 2.0 * half / float(SIZE)
    top = int(0)
    bottom = int(SIZE - 1)
    if wp.min(wp.min(face.a[2], face.b[2]), wp.min(face.c[2], face.d[2])) > NEAR:
        ya = face.a[1] / face.a[2]
        yb = face.b[1] / face.b[2]
        yc = face.c[1] / face.c[2]
        yd = face.d[1] / face.d[2]
        least = wp.min(wp.min(ya, yb), wp.min(yc, yd))
        largest = wp.max(wp.max(ya, yb), wp.max(yc, yd))
        top = wp.max(int(bound((least + half) / pixel - 1.0, 0.0, 64.0)), 0)
        bottom = wp.min(int(bound((largest + half) / pixel + 1.0, -1.0, 63.0)), SIZE - 1)
    elif wp.max(wp.max(face.a[2], face.b[2]), wp.max(face.c[2], face.d[2])) <= NEAR:
        bottom = -1
    ab = wp.cross(face.a, face.b) * way
    bc = wp.cross(face.b, face.c) * way
    cd = wp.cross(face.c, face.d) * way
    da = wp.cross(face.d, face.a) * way
    for row in range(top, bottom + 1):
        y = (float(row) + 0.5) * pixel - half
        begin = float(-half)
        end = float(half)
        for k in range(4):
            edge = ab
            if k == 1:
                edge = bc
            if k == 2:
                edge = cd
            if k == 3:
                edge = da
            level = edge[1] * y + edge[2]
            if edge[0] > 0.0:
                begin = wp.max(begin, -level / edge[0])
            elif edge[0] < 0.0:
                end = wp.min(end, -level / edge[0])
            elif level < 0.0:
                end = -2.0 * half
        if end > begin:
            first = int(wp.ceil((begin + half) / pixel - 0.5))
            last = int(wp.floor((end + half) / pixel - 0.5))
            for column in range(wp.max(first, 0), wp.min(last, SIZE - 1) + 1):
                ray = wp.vec3((float(column) + 0.5) * pixel - half, y, 1.0)
                distance = offset / wp.dot(normal, ray)
                if distance > NEAR:
                    grey = through_air(painted(face, ray * distance, pixel * distance, air), distance, air)
                    pictures[i, row, column] = wp.uint8(bound(grey * 255.0, 0.0, 255.0))


@wp.func
def paint_sky(view: View, half: float, air: Air, i: int, pictures: wp.array3d(dtype=wp.uint8)):
    """Sky and ground."""
    pixel = 2.0 * half / float(SIZE)
    light = 1.0 - air.night * (1.0 - AMBIENT)
    thick = 1.0 - wp.exp(-150.0 / air.visibility)
    zenith = ZENITH + (SKY - ZENITH) * thick
    for row in range(SIZE):
        y = (float(row) + 0.5) * pixel - half
        for column in range(SIZE):
            x = (float(column) + 0.5) * pixel - half
            rise = x * view.right[1] + y * view.down[1] + view.ahead[1]
            grey = light * (SKY + (zenith - SKY) * bound(1.5 * rise, 0.0, 1.0))
            if rise < 0.0:
                grey = through_air(GROUND, 2.5 / wp.max(-rise, 0.005), air)
            pictures[i, row, column] = wp.uint8(bound(grey * 255.0, 0.0, 255.0))


@wp.func
def paint_rain(air: Air, seed: int, i: int, pictures: wp.array3d(dtype=wp.uint8)):
    """Streaks, two pixels long, elsewhere in each step."""
    if air.rain > 0.0:
        random = wp.rand_init(seed)
        count = int(air.rain * STREAKS * 0.5 * float(SIZE * SIZE))
        for _ in range(count):
            row = wp.randi(random, 0, SIZE - 1)
            column = wp.randi(random, 0, SIZE)
            for k in range(2):
                grey = float(pictures[i, row + k, column])
                pictures[i, row + k, column] = wp.uint8(0.6 * grey + 0.4 * 255.0 * STREAK)


@wp.func
def paint_car(
    view: View,
    half: float,
    air: Air,
    i: int,
    j: int,
    state: wp.array2d(dtype=float),
    pictures: wp.array3d(dtype=wp.uint8),
):
    """The box of car j in the picture of car i: the faces that look at the camera."""
    car = frame_of(state, j)
    left = car.left * HALF_WIDTH
    up = car.up * (0.5 * CAR_HEIGHT)
    forward = car.forward * (0.5 * (NOSE + TAIL))
    middle = (
        car.origin
        + car.up * (0.5 * CAR_HEIGHT - CENTRE_HEIGHT)
        + car.forward * (0.5 * (NOSE - TAIL) - CENTRE_FORWARD)
    )
    for k in range(6):
        out = left
        u = up
        v = forward
        shade = float(CAR)
        if k // 2 == 1:
            out = up
            u = forward
            v = left
            shade = CAR + 0.15
        if k // 2 == 2:
            out = forward
            u = left
            v = up
            shade = CAR + 0.05
        if k % 2 == 1:
            out = -out
        face = Face()
        face.a = seen(view, middle + out + u + v)
        face.b = seen(view, middle + out - u + v)
        face.c = seen(view, middle + out - u - v)
        face.d = seen(view, middle + out + u - v)
        face.grey = shade
        if wp.dot(view.eye - middle - out, out) > 0.0:
            paint(face, half, air, i, pictures)


@wp.kernel
def draw(
    # Model:
    nodes: wp.array(dtype=float),
    left_border: wp.array(dtype=wp.vec3),  # (nodes,) [m]
    right_border: wp.array(dtype=wp.vec3),  # (nodes,) [m]
    segments: int,
    closed: int,
    finish: float,  # arc length [m]
    company: int,  # cars of a world that see one another
    lens: wp.array2d(dtype=float),  # (cars, 4)
    weather: wp.array2d(dtype=float),  # (cars, columns of Weather)
    first: int,  # of `cars`
    # In:
    cars: wp.array(dtype=int),
    state: wp.array2d(dtype=float),
    # Out:
    pictures: wp.array3d(dtype=wp.uint8),  # (cars, SIZE, SIZE)
):
    """The picture of one car."""
    i = cars[first + wp.tid()]
    view = view_of(state, lens, i)
    half = lens[i, 3]
    air = Air()
    air.visibility = VISIBILITY * wp.pow(VISIBILITY_DENSE, weather[i, FOG])
    air.night = weather[i, NIGHT]
    air.wetness = weather[i, WETNESS]
    air.rain = weather[i, RAIN]
    paint_sky(view, half, air, i, pictures)

    # To the furthest segment in sight, and back to the one behind the car.
    here = int(state[Field.SEGMENT, i])
    behind = wp.where(here > 0, here - 1, wp.where(closed > 0, segments - 1, 0))
    segment = int(behind)
    covered = float(0.0)
    count = int(1)
    going = int(1)
    while going == 1:
        covered += nodes[segment * COLUMNS + Node.LENGTH]
        further = wp.where(segment + 1 < segments, segment + 1, wp.where(closed > 0, 0, -1))
        if further < 0 or covered > SIGHT or count >= segments:
            going = 0
        else:
            segment = further
            count += 1
    for _ in range(count):
        paint_segment(nodes, left_border, right_border, segment, finish, view, half, air, i, pictures)
        segment = wp.where(segment > 0, segment - 1, segments - 1)

    if company > 1:
        world = i // company * company
        bar = float(1.0e9)
        more = int(1)
        while more == 1:  # from the furthest to the nearest
            furthest = float(0.0)
            chosen = int(-1)
            for j in range(world, world + company):
                apart = wp.length(wp.vec3(state[Field.X, j], state[Field.Y, j], state[Field.Z, j]) - view.eye)
                if j != i and apart < bar and apart > furthest:
                    furthest = apart
                    chosen = j
            bar = float(furthest)
            if chosen < 0:
                more = 0
            elif furthest < SIGHT:
                paint_car(view, half, air, i, chosen, state, pictures)
    paint_rain(air, i * 7919 + int(state[Field.CLOCK, i]), i, pictures)


@wp.func
def paint_segment(
    nodes: wp.array(dtype=float),
    left_border: wp.array(dtype=wp.vec3),
    right_border: wp.array(dtype=wp.vec3),
    segment: int,
    finish: float,
    view: View,
    half: float,
    air: Air,
    i: int,
    pictures: wp.array3d(dtype=wp.uint8),
):
    """A segment of the road and the walls beside it."""
    row = segment * COLUMNS
    surface = int(nodes[row + Node.SURFACE])
    near_left = seen(view, left_border[segment])
    near_right = seen(view, right_border[segment])
    far_left = seen(view, left_border[segment + 1])
    far_right = seen(view, right_border[segment + 1])
    up = node_vector(nodes, segment, int(Node.UX)) * WALL_HEIGHT
    rise = wp.vec3(wp.dot(up, view.right), wp.dot(up, view.down), wp.dot(up, view.ahead))
    left = wp.normalize(near_left - near_right)
    face = Face()
    face.a = near_left
    face.b = far_left
    face.c = far_right
    face.d = near_right
    face.marked = 1
    face.grey = ROAD[surface]
    face.origin = seen(view, node_vector(nodes, segment, int(Node.PX)))
    face.along = wp.normalize(far_left + far_right - near_left - near_right)
    face.across = left
    face.arc = nodes[row + Node.ARC]
    face.room_left = nodes[row + Node.WIDTH_LEFT]
    face.room_right = nodes[row + Node.WIDTH_RIGHT]
    face.boost_begin = nodes[row + Node.BOOST_BEGIN]
    face.boost_end = nodes[row + Node.BOOST_END]
    face.finish = finish
    if surface != NO_ROAD:
        paint(face, half, air, i, pictures)
    face.marked = 0
    face.grey = WALL
    if int(nodes[row + Node.BORDER_LEFT]) == WALLED:
        face.c = far_left + rise
        face.d = near_left + rise
        paint(face, half, air, i, pictures)
    if int(nodes[row + Node.BORDER_RIGHT]) == WALLED:
        face.a = near_right
        face.b = far_right
        face.c = far_right + rise
        face.d = near_right + rise
        paint(face, half, air, i, pictures)


class Camera:
    """Pictures from all cars of a simulator.

    Args:
        simulator: Whose cars see.

    Attributes:
        lens: The camera of each car, rows as of `Lens.row`, (cars, 4), on the simulator's device.
        weather: Of each car, (cars, columns of Weather), on the simulator's device.
        pictures: Takes the pictures of some cars or all, (cars, SIZE, SIZE) uint8.
    """

    def __init__(self, simulator: Simulator) -> None:
        on_device: dict[str, Any] = {"device": simulator.device}
        ribbon, cars = simulator.ribbon, simulator.cars
        self.lens: Any = wp.array(np.tile(np.float32(LENS.row()), (cars, 1)), **on_device)
        self.weather: Any = wp.zeros((cars, len(weathers.COLUMNS)), dtype=float, **on_device)
        self.pictures = simulator.sensor(
            draw,
            [
                simulator.node_array,
                wp.array(ribbon.left, dtype=wp.vec3, **on_device),
                wp.array(ribbon.right, dtype=wp.vec3, **on_device),
                ribbon.segments,
                int(ribbon.closed),
                simulator.track.finish,
                simulator.cars_per_world if simulator.contact else 1,
                self.lens,
                self.weather,
            ],
            wp.zeros((cars, SIZE, SIZE), dtype=wp.uint8, **on_device),
        )
