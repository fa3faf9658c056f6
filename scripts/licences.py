"""Write docs/licences.md: every package that a user installs with ours, and its licence."""

import json
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]


def python_packages() -> dict[str, str]:
    """Licence of each Python package that `pip install trackmania-rl[all]` brings here."""
    found: dict[str, str] = {}
    waiting = [("trackmania-rl", {"all"})]
    while waiting:
        name, extras = waiting.pop()
        for need in map(Requirement, distribution(name).requires or []):
            wanted = need.marker is None or any(
                need.marker.evaluate({"extra": extra}) for extra in extras | {""}
            )
            key = canonicalize_name(need.name)
            if wanted and key not in found:
                try:
                    found[key] = licence(need.name)
                except PackageNotFoundError:  # for another system or Python
                    continue
                waiting.append((need.name, set(need.extras)))
    found.pop("trackmania-rl", None)
    return found


def licence(name: str) -> str:
    """A package's licence: its expression, else its classifiers, else the first line of its text."""
    metadata = distribution(name).metadata
    if expression := metadata.get("License-Expression"):
        return expression
    classes = [
        each.split(" :: ")[-1] for each in metadata.get_all("Classifier", []) if each.startswith("License")
    ]
    return ", ".join(classes) or (metadata.get("License") or "not stated").splitlines()[0]


def page_packages() -> Iterator[tuple[str, str]]:
    """Licence of each npm package that is in the page."""
    lock = json.loads((ROOT / "viewer/package-lock.json").read_text())
    for place, package in lock["packages"].items():
        if place and not package.get("dev") and not package.get("optional"):
            yield place.removeprefix("node_modules/"), package.get("license", "not stated")


def table(packages: list[tuple[str, str]]) -> str:
    """Packages and licences as rows."""
    rows = [f"| {name} | {re.sub(r'[|]', '/', licence)} |" for name, licence in sorted(packages)]
    return "\n".join(["| package | licence |", "|---|---|", *rows])


def main() -> None:
    """Write the page."""
    page = [
        "# Licences of what we build on",
        "Written by `make licences` from the packages' own metadata. Why each direct one was chosen: "
        "[decisions](decisions.md).",
        "## Python",
        table(list(python_packages().items())),
        "## In the page",
        table(list(page_packages())),
    ]
    (ROOT / "docs/licences.md").write_text("\n\n".join(page) + "\n")


if __name__ == "__main__":
    main()
