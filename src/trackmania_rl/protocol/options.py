"""Options that the commands of both services have."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from trackmania_rl.protocol.access import Access, token_in

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
LogJson = Annotated[bool, typer.Option("--log-json", help="Write the log as JSON, an object per line.")]

Otlp = Annotated[
    str | None,
    typer.Option(
        envvar="OTEL_EXPORTER_OTLP_ENDPOINT",
        help="OpenTelemetry collector that gets spans (OTLP over HTTP), e.g. http://127.0.0.1:4318.",
    ),
]


def access_of(host: str, token: str | None, token_file: Path | None, origins: Sequence[str] | None) -> Access:
    """Who may do what, as these options say.

    Raises:
        InputError: The token's file is no good, or the service would be open to a network without a token.
    """
    if token is None and token_file is not None:
        token = token_in(token_file)
    access = Access(token=token, origins=tuple(origins or ()))
    access.check_reach(host)
    return access
