"""Write what is generated: the viewer's TypeScript, OpenAPI files, the pages of commands and of benchmarks.

With --check nothing is written; exit status 1 names the files that are stale.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from trackmania_rl.bench import report as reports
from trackmania_rl.bench.commands import BENCHMARKS
from trackmania_rl.cli import app as commands
from trackmania_rl.environment.race.race import Race
from trackmania_rl.environment.server import environment_app
from trackmania_rl.environment.tracks import library
from trackmania_rl.model.agents.agents import Agents
from trackmania_rl.model.server import model_app
from trackmania_rl.protocol.typescript import TARGET, typescript

ROOT = Path(__file__).parents[1]


def generated() -> dict[Path, str]:
    """Every generated file's content."""
    apps = {
        "environment": environment_app([Race("main", library.load("sprint"))]),
        "model": model_app(Agents()),
    }
    schemas = {
        ROOT / f"docs/openapi/{name}.json": json.dumps(app.openapi_schema.to_schema(), indent=1) + "\n"
        for name, app in apps.items()
    }
    report = reports.load(ROOT / "docs/benchmarks.json")
    return {
        TARGET: typescript(),
        ROOT / "docs/commands.md": command_page(),
        ROOT / "docs/benchmarks.md": reports.page(report, BENCHMARKS),
        ROOT / "README.md": readme(reports.summary(report, BENCHMARKS, page="docs/benchmarks.md")),
        **schemas,
    }


def readme(summary: str) -> str:
    """The README with the benchmarks' summary in its place, between two comments."""
    text = (ROOT / "README.md").read_text()
    pattern = r"(<!-- written by make bench -->\n).*?(<!-- end -->)"
    return re.sub(pattern, lambda found: found[1] + summary + "\n" + found[2], text, flags=re.DOTALL)


def command_page() -> str:
    """Every command with its options, as a page of the documentation."""
    page = [
        "# Commands",
        "Every command of `trackmania-rl`, as its `--help` has it (written by `make generate`).\n"
        "`trackmania-rl --install-completion` teaches the shell to complete them.\n"
        "What is given wrongly is refused in one line, with exit status 2. Ctrl-C ends services and\n"
        "training in order, with 0, and other commands with 130.",
    ]
    for name, command in _leaves(typer.main.get_command(commands)):
        page += [f"## {name}", _described(command)]
    return "\n\n".join(page) + "\n"


def _leaves(command: Any, name: str = "trackmania-rl") -> Iterator[tuple[str, Any]]:
    """Commands that do something, depth first, with their whole names."""
    children = getattr(command, "commands", {})
    if not children or command.invoke_without_command:
        yield name, command
    for word, child in children.items():
        yield from _leaves(child, f"{name} {word}")


def _described(command: Any) -> str:
    """What a command does, and a table of its options."""
    rows = [_row(parameter) for parameter in command.params if parameter.name != "help"]
    table = "\n".join(["| option | default | what |", "|---|---|---|", *rows]) if rows else ""
    told = [" ".join((command.help or "").split()), table, command.epilog or ""]
    return "\n\n".join(part for part in told if part)


def _row(parameter: Any) -> str:
    """An option or argument as a line of the table."""
    if parameter.param_type_name == "option":
        name = ", ".join(f"`{option}`" for option in (*parameter.opts, *parameter.secondary_opts))
    else:
        name = f"`{parameter.name.upper()}`"
    default = parameter.default
    shown = "" if default in (None, (), [], False) or callable(default) else f"`{default}`"
    if parameter.required:
        shown = "required"
    what = " ".join(str(getattr(parameter, "help", None) or "").split()).replace("|", "\\|")
    return f"| {name} | {shown} | {what} |"


def main() -> None:
    """Write the files, or check them."""
    files = generated()
    stale = [path for path, text in files.items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv:
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        sys.exit(f"stale: {names}; run `make generate`" if stale else 0)
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[path])
        print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
