"""Who may import whom: the services share the protocol and nothing else."""

from __future__ import annotations

import ast
import graphlib
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
MODEL = ("sac", "runs", "experience", "training", "agents", "export")
"""Folders of the model; each imports only those before it."""
FORBIDDEN |= {
    f"model/{folder}": tuple(f"model.{later}" for later in MODEL[place + 1 :])
    for place, folder in enumerate(MODEL)
}
COMMANDS = {"model/commands.py": ("trackmania_rl.cluster",)}
"""What the command line of a package may reach besides: `train --cluster` trains on a cluster."""


def imports(file: Path, *, for_types: bool = True) -> set[str]:
    """Modules that a file imports, those inside functions included."""
    found, tree = set(), ast.parse(file.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and not for_types:
            node.body = []
    for node in ast.walk(tree):
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


def test_no_module_imports_itself_over_others() -> None:
    names = {module_name(file): file for file in SOURCE.rglob("*.py")}
    graph = {
        name: {
            found
            for imported in imports(file, for_types=False)
            for found in (imported, imported.rpartition(".")[0])
            if found in names and found != name
        }
        for name, file in names.items()
    }
    assert sum(map(len, graph.values())) > len(graph)
    list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError


def module_name(file: Path) -> str:
    """The dotted name of a file of the package."""
    return ".".join(file.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__")
