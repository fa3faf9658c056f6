import re

import matplotlib.image
import numpy as np
import pytest

from trackmania_rl.environment.tracks import library, picture
from trackmania_rl.protocol.errors import InputError


@pytest.mark.parametrize("id", ["sprint", "mountain-lap"])
def test_a_picture_shows_the_road(id, tmp_path):
    path = tmp_path / "p.png"
    picture.draw(library.load(id), path)
    pixels = matplotlib.image.imread(path)[:, :, :3]
    paper = np.array([int(picture.PAPER[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    drawn = np.abs(pixels - paper).max(axis=2) > 0.1
    assert 0.03 < drawn.mean() < 0.6


def test_a_picture_as_svg_names_the_track(tmp_path):
    path = tmp_path / "p.svg"
    picture.draw(library.load("oval"), path)
    text = path.read_text()
    assert text.startswith("<?xml")
    assert len(re.findall("<path", text)) > 100


def test_other_formats_and_missing_folders_are_refused(tmp_path):
    track = library.load("sprint")
    with pytest.raises(InputError, match=r"expected a file ending in \.png or \.svg"):
        picture.draw(track, tmp_path / "p.gif")
    with pytest.raises(InputError, match="no folder"):
        picture.draw(track, tmp_path / "none" / "p.png")
