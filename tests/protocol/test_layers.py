"""Who may import whom: the services share the protocol and nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import trackmania_rl

SOURCE = Path(trackmania_rl.__file__).parent
FORBIDDEN = {
    "protocol": ("environment", "model", "cluster", "bench", "viewer"),
    "environment": ("model", "cluster", "bench", "viewer"),
    "model": ("environment", "cluster", "bench", "viewer"),
    "cluster": ("environment", "bench", "viewer"),
}
COMMANDS = {"model/commands.py": ("trackmania_rl.cluster",)}
"""What the command line of a package may reach besides: `train --cluster` trains on a cluster."""


def imports(file: Path) -> set[str]:
    """Modules that a file imports, those inside functions included."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("package", FORBIDDEN)
def test_a_package_imports_only_what_it_may(package: str) -> None:
    files = list((SOURCE / package).rglob("*.py"))
    assert files
    strangers = tuple(f"trackmania_rl.{name}" for name in FORBIDDEN[package])
    for file in files:
        allowed = COMMANDS.get(str(file.relative_to(SOURCE)), ())
        wrong = [
            name for name in imports(file) if name.startswith(strangers) and not name.startswith(allowed)
        ]
        assert not wrong, f"{file.relative_to(SOURCE)} imports {wrong}"
