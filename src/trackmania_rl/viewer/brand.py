"""Whose page it is: name, logo, colours and font, from a JSON file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from trackmania_rl.protocol.errors import InputError

FONTS = ("Barlow", "Barlow Condensed", "System", "Serif", "Mono")
"""Fonts that the page knows."""
COLOURS = ("background", "ink", "accent")
"""What has a colour of its own."""
LOGO = re.compile(r"/(?!/)[^\\]*|data:image/(png|jpeg|webp|gif|svg\+xml)[;,].*", re.DOTALL)
"""A path on the page's server, or the picture itself: nothing that another host would see."""
COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")


def read_brand(path: Path) -> dict[str, Any]:
    """The brand in a file, as a deck has it under `branding`; everything may be left out.

    The page itself refuses one whose words could not be read.

    Raises:
        InputError: The file is not there, is no JSON, or has a field that is unknown or wrong.
    """
    try:
        brand = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"--brand {path} cannot be read: {error.strerror}", field="brand") from None
    except ValueError as error:
        raise InputError(f"--brand {path} is not JSON: {error}", field="brand") from None
    if not isinstance(brand, dict):
        raise InputError(f'--brand {path} holds no object, expected {{"name": …}}', field="brand")
    colours = brand.get("colours", {})
    if not isinstance(colours, dict):
        raise InputError(f"--brand {path}: colours is no object", field="brand")
    for name, value in brand.items():
        if name != "colours":
            _check(path, name, value, name in CHECKS and CHECKS[name](value))
    for name, value in colours.items():
        good = name in COLOURS and isinstance(value, str) and COLOUR.fullmatch(value) is not None
        _check(path, f"colours.{name}", value, good)
    return brand


CHECKS = {
    "name": lambda value: isinstance(value, str),
    "logo": lambda value: isinstance(value, str) and LOGO.fullmatch(value) is not None,
    "font": lambda value: value in FONTS,
}
"""Is a field's value right?"""


def _check(path: Path, name: str, value: object, good: bool) -> None:
    if not good:
        raise InputError(
            f"--brand {path}: {name} is «{str(value)[:60]}», expected name (text), logo (a path on this "
            f"server or data:image/…), font ({', '.join(FONTS)}) and colours ({', '.join(COLOURS)}; "
            "each #rrggbb)",
            field="brand",
        )
