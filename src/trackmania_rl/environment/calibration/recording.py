"""A recorded drive as the calibration reads it: states every 50 ms, and what the wheels did."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trackmania_rl.environment.replay.drive import read_recorded
from trackmania_rl.environment.tracks.track import Surface
from trackmania_rl.protocol.errors import InputError

Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]

PERIOD = 0.05
"""Between two samples [s]."""
TURBO_RATE = 1020.0
"""turbo_time_raw per second since the pad [measured: 20, 71, 122, ... every 50 ms]."""
SPECIAL_SPEED = 15.0
"""Reverse gear is not driven faster [m/s]; a gear of 0 beyond is a special block's doing."""
MODE_MAX = 3
"""Of ground_mode while no special block acts."""
MATERIALS = {
    16: "asphalt", 75: "synthetic", 22: "metal", 6: "dirt", 2: "grass", 76: "grass", 3: "ice", 74: "ice",
    77: "plastic",
}  # fmt: skip
"""Names of the game's materials; 0 is the air or a pad."""
SURFACES = {
    "dirt": Surface.DIRT, "grass": Surface.GRASS, "ice": Surface.ICE, "plastic": Surface.PLASTIC
}  # fmt: skip
"""Materials that drive otherwise than asphalt."""


@dataclass(frozen=True, eq=False)
class Recording:
    """States of a drive, n samples PERIOD apart.

    Attributes:
        name: Of the file.
        position: Of the car's origin [m], (n, 3).
        left: Body's left axis, (n, 3).
        up: Body's up axis, (n, 3).
        forward: Body's forward axis, (n, 3).
        attitude: Quaternions x, y, z, w, (n, 4).
        speed: [m/s], (n,).
        side: Sideways speed [m/s], positive to the left, (n,).
        controls: Gas, brake and steering as the driver gave them, (n, 3).
        gear: Gear, 0 where not recorded, (n,).
        grounded: Wheels on the ground, (n,).
        slipping: Wheels that slip, (n,).
        turbo: Time that a turbo still pushes after this sample [s], 0 without one, (n,).
        special: Whether a special block changes the car: no engine, cruise control and the like, (n,).
        material: Name of what all wheels stand on; "mixed" or "air", (n,).
    """

    name: str
    position: Doubles
    left: Doubles
    up: Doubles
    forward: Doubles
    attitude: Doubles
    speed: Doubles
    side: Doubles
    controls: Doubles
    gear: Doubles
    grounded: NDArray[np.int64]
    slipping: NDArray[np.int64]
    turbo: Doubles
    special: Flags
    material: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.speed)


def read(path: Path) -> Recording:
    """Read a drive: a table (.csv) or a ghost of the game (.Ghost.Gbx, .Replay.Gbx, .Map.Gbx).

    Raises:
        InputError: The file is unreadable, or does not tell what the wheels did.
    """
    columns = read_recorded(path)
    needed = (
        "mat_fl",
        "mat_fr",
        "mat_rr",
        "mat_rl",
        "slip1",
        "slip2",
        "turbo_byte",
        "ground_mode",
        "side_speed",
    )
    missing = [name for name in needed if name not in columns]
    if missing:
        raise InputError(f"{path.name}: no columns {', '.join(missing)}, which a calibration needs")
    even = np.abs(np.diff(columns["t_ms"]) - 1000 * PERIOD) < 0.5
    if not even.all():
        first = int(np.argmin(even))
        columns = {name: column[: first + 1] for name, column in columns.items()}
    x, y, z, w = (columns[name] for name in ("qx", "qy", "qz", "qw"))
    first_byte, second_byte = columns["slip1"].astype(int), columns["slip2"].astype(int)
    # Two bits a wheel: it slips, it touches; front left in the first byte, the others in the second.
    slips = np.stack([first_byte >> 6, second_byte, second_byte >> 2, second_byte >> 4]) & 1
    touches = np.stack([first_byte >> 7, second_byte >> 1, second_byte >> 3, second_byte >> 5]) & 1
    pushing = columns["turbo_byte"].astype(int) >= 128
    return Recording(
        name=path.name.split(".", 1)[0],
        position=np.stack([columns[name] for name in ("x", "y_up", "z")], axis=1),
        left=np.stack([1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)], axis=1),
        up=np.stack([2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)], axis=1),
        forward=np.stack([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)], axis=1),
        attitude=np.stack([x, y, z, w], axis=1),
        speed=columns["speed_ms"],
        side=columns["side_speed"],
        controls=np.stack([columns["gas"], columns["brake"], columns["steer"]], axis=1),
        gear=np.nan_to_num(columns.get("gear", np.zeros_like(x))),
        grounded=touches.sum(axis=0),
        slipping=slips.sum(axis=0),
        turbo=np.where(pushing, np.maximum(0.25 - columns["turbo_time_raw"] / TURBO_RATE, 0.01), 0.0),
        special=_special(columns),
        material=_materials(columns, pushing),
    )


def _special(columns: dict[str, Doubles]) -> Flags:
    """Samples on which the car is not itself: a gear of 0 while driving on, or further bits of the mode."""
    gear = columns.get("gear", np.full_like(columns["speed_ms"], np.nan))
    out_of_gear = (gear == 0) & (columns["speed_ms"] > SPECIAL_SPEED)
    return np.asarray(out_of_gear | (columns["ground_mode"] > MODE_MAX))


def _materials(columns: dict[str, Doubles], pushing: Flags) -> NDArray[np.str_]:
    """Name of what all four wheels stand on; turbo pads stand as 0, so they count as asphalt."""
    wheels = np.stack([columns[name].astype(int) for name in ("mat_fl", "mat_fr", "mat_rr", "mat_rl")])
    alike = (wheels == wheels[0]).all(axis=0)
    names = np.array([MATERIALS.get(int(code), "mixed" if code else "air") for code in wheels[0]])
    names = np.where(alike, names, "mixed")
    return np.where((names == "air") & pushing, "asphalt", names)
