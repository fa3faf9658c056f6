"""Options that several commands have, and checks of what is given for them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from trackmania_rl.protocol.access import Access, token_in
from trackmania_rl.protocol.errors import InputError

Token = Annotated[
    str | None,
    typer.Option(
        envvar="TRACKMANIA_RL_TOKEN", help="Secret that everything that changes something must bring."
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        envvar="TRACKMANIA_RL_TOKEN_FILE",
        help="File that holds the token, unless --token gives it; made with a new one if there is none.",
    ),
]
Origin = Annotated[
    list[str] | None,
    typer.Option(
        envvar="TRACKMANIA_RL_ORIGIN",
        help="Page that may talk to this service besides those of this machine; repeatable.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
JsonLines = Annotated[
    bool,
    typer.Option(
        "--json", help="Print a JSON object per report, a line each (JSONL), and last the final one."
    ),
]
Setting = Annotated[
    list[str] | None,
    typer.Option("--set", help="Another setting as name=value (docs/sac.md); repeatable."),
]
LogJson = Annotated[bool, typer.Option("--log-json", help="Write the log as JSON, an object per line.")]

Otlp = Annotated[
    str | None,
    typer.Option(
        envvar="OTEL_EXPORTER_OTLP_ENDPOINT",
        help="OpenTelemetry collector that gets spans (OTLP over HTTP), e.g. http://127.0.0.1:4318.",
    ),
]


def example(line: str) -> str:
    """The last line of a command's help."""
    return f"Example: `trackmania-rl {line}`"


def pairs(given: Sequence[str] | None, option: str) -> dict[str, Any]:
    """What was given as name=value, by name; a value that is no JSON is a text.

    Args:
        given: As often as the option was given.
        option: Its name, for the refusal.

    Raises:
        InputError: One has no "=".
    """
    found: dict[str, Any] = {}
    for one in given or ():
        name, equals, value = one.partition("=")
        if not equals or not name:
            raise InputError(f"--{option} {one}: expected name=value", field=option)
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


def output(*endings: str, folders: bool = False) -> Callable[[Path | None], Path | None]:
    """A check, for an option's callback, that a file can be written there: before the work, not after it.

    Args:
        endings: What its name may end in, e.g. ".png"; none: anything.
        folders: Its folder is made if there is none.
    """

    def check(path: Path | None) -> Path | None:
        if path is None:
            return None
        if endings and path.suffix.lower() not in endings:
            raise InputError(f"cannot write {path}, expected a name that ends in {' or '.join(endings)}")
        if path.is_dir():
            raise InputError(f"cannot write {path}: it is a folder, expected the name of a file")
        folder = path.absolute().parent
        while folders and not folder.exists():
            folder = folder.parent
        if not folder.is_dir():
            raise InputError(f"cannot write {path}: there is no folder {path.parent}, create it first")
        return path

    return check


def access_of(host: str, token: str | None, token_file: Path | None, origins: Sequence[str] | None) -> Access:
    """Who may do what, as these options say.

    Raises:
        InputError: The token or its file is no good, an origin is no page's, or the service would be open to
            a network without a token.
    """
    if token is not None and not token.strip():
        raise InputError("--token is empty, expected a secret: leave it out to ask for none", field="token")
    if token is None and token_file is not None:
        token = token_in(token_file)
    for origin in origins or ():
        if not re.fullmatch(r"https?://[^/\s]+", origin):
            raise InputError(
                f"--origin is «{origin}», expected a page's without a path, as https://viewer.example.org",
                field="origin",
            )
    access = Access(token=token, origins=tuple(origins or ()))
    access.check_reach(host)
    return access
