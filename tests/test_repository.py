"""What the repository must and must not contain."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import trackmania_rl

ROOT = Path(__file__).parents[1]


def tracked(*patterns: str) -> list[Path]:
    """Files that git tracks, or all files where this is no checkout."""
    listing = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True)
    if listing.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / line for line in listing.stdout.splitlines() if (ROOT / line).is_file()]


@pytest.mark.parametrize("lock", ["requirements/dev.txt", "viewer/package-lock.json"])
def test_lock_files_name_no_host_and_no_cuda_package(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "nvidia-" not in text
    assert not re.search(r"^torch==", text, re.MULTILINE)
    assert '"resolved": "http' not in text
    assert "index-url" not in text


def test_relative_links_in_the_documentation_lead_somewhere() -> None:
    broken = []
    for page in tracked("*.md"):
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
            if "://" not in target and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)} -> {target}")
    assert not broken


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == trackmania_rl.__version__
    assert f"\nversion: {trackmania_rl.__version__}\n" in (ROOT / "CITATION.cff").read_text()
