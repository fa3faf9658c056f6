"""Generated files are those that the code gives now."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_generated_files_are_fresh() -> None:
    command = [sys.executable, str(ROOT / "scripts/generate.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 0, result.stderr
