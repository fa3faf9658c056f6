"""The documentation tells what there is: its commands, and every setting, route, metric and message."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.exceptions import TyperException
from typer.main import get_command

from trackmania_rl.cli import app
from trackmania_rl.protocol import messages

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
HAND_WRITTEN = "\n".join(page.read_text() for page in PAGES if page.name != "commands.md")


def documented_commands() -> Iterator[Any]:
    """Every command line of the pages: in code blocks, indented, or between backticks."""
    for page in PAGES:
        text = page.read_text().replace("\\\n", " ")
        if page.name == "commands.md":  # `--install-completion` would do so
            text = "\n".join(re.findall(r"^Example: .*$", text, re.MULTILINE))
        lines = re.findall(r"^ *(?:\$ |\.venv/bin/)?trackmania-rl (.+)$", text, re.MULTILINE)
        lines += re.findall(r"`trackmania-rl ([^`\n]+)`", text)
        for line in lines:
            if "`" not in line:
                yield pytest.param(line, id=f"{page.name}: {line[:60]}")


def words_of(line: str) -> list[str]:
    """A documented line as arguments: no comment, no brackets around what is optional, the first of a|b."""
    line = re.split(r"\s{2,}[^-\s\[]|\s#|\s[<>]\s", line)[0]
    line = line.replace("[", "").replace("]", "").removesuffix("&").replace("|...", "")
    words = [word for word in shlex.split(line) if word not in ("...", "…")]
    return [word.split("|")[0] if "://" not in word and " " not in word else word for word in words]


@pytest.mark.parametrize("line", list(documented_commands()))
def test_a_documented_command_can_be_typed(line: str) -> None:
    command, words = get_command(app), words_of(line)
    while words and (children := getattr(command, "commands", {})) and not words[0].startswith("-"):
        if words[0] not in children and command.invoke_without_command:
            break
        assert words[0] in children, f"no such command: {words[0]}"
        command, words = children[words[0]], words[1:]
    if not words:
        return  # its name alone, in running text
    words = [re.sub(r"^[A-Z]$", "1", word) for word in words]  # --seed N
    try:
        command.make_context(command.name or "", words)
    except TyperException as refusal:
        assert "does not exist" in str(refusal), refusal  # the reader's own files are not here


@pytest.mark.parametrize("service", ["environment", "model"])
def test_every_route_is_documented(service: str) -> None:
    schema = json.loads((ROOT / f"docs/openapi/{service}.json").read_text())
    missing = [path for path in schema["paths"] if not route_pattern(path).search(HAND_WRITTEN)]
    assert not missing


def route_pattern(path: str) -> re.Pattern[str]:
    """A route in the pages: any name between the braces, or a word in capitals."""
    parts = re.split(r"\{[^}]*\}", path)
    return re.compile(r"(?:\{[^}]*\}|[A-Z]+|…)".join(map(re.escape, parts)) + r"(?![\w/{])")


def test_every_message_is_documented() -> None:
    tags = {
        kind.__struct_config__.tag
        for kind in vars(messages).values()
        if isinstance(kind, type) and hasattr(kind, "__struct_config__") and kind.__struct_config__.tag
    }
    assert len(tags) > 8
    missing = [tag for tag in tags if not re.search(rf"[`\"]{tag}[`\"]", HAND_WRITTEN)]
    assert not missing


def test_every_metric_is_documented() -> None:
    sources = "\n".join(file.read_text() for file in (ROOT / "src/trackmania_rl").rglob("*.py"))
    names = set(re.findall(r"\btrackmania_[a-z]+(?:_[a-z]+)+\b", sources)) - {"trackmania_rl"}
    names = {name for name in names if not name.startswith("trackmania_rl_")}
    assert len(names) > 10
    missing = sorted(name for name in names if name not in HAND_WRITTEN)
    assert not missing


def test_every_setting_is_documented() -> None:
    from trackmania_rl.model.training.config import LearnerConfig

    missing = [name for name in LearnerConfig.__dataclass_fields__ if f"`{name}`" not in HAND_WRITTEN]
    assert not missing


def test_every_option_says_what_it_is_for() -> None:
    rows = re.findall(r"^\| `.*$", (ROOT / "docs/commands.md").read_text(), re.MULTILINE)
    assert len(rows) > 150
    assert not [row for row in rows if re.search(r"\| *\|$", row)]
