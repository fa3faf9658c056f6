"""The file that says whose page it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trackmania_rl.protocol.errors import InputError
from trackmania_rl.viewer.brand import read_brand


def test_brand_is_read(tmp_path: Path) -> None:
    brand = {"name": "Team", "logo": "/team.svg", "font": "Serif", "colours": {"accent": "#ff5a36"}}
    file = tmp_path / "brand.json"
    file.write_text(json.dumps(brand))
    assert read_brand(file) == brand


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not JSON"),
        ("[]", "no object"),
        ('{"logo": "https://elsewhere.example/logo.png"}', "logo is"),
        ('{"logo": "//elsewhere.example/logo.png"}', "logo is"),
        ('{"font": "Comic"}', "font is"),
        ('{"colours": {"accent": "red"}}', "colours.accent is"),
        ('{"nmae": "Team"}', "nmae is"),
    ],
)
def test_wrong_brand_is_refused(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "brand.json"
    file.write_text(content)
    with pytest.raises(InputError, match=said):
        read_brand(file)


def test_missing_brand_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_brand(tmp_path / "none.json")
