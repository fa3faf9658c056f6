"""The command that serves the viewer's page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console


def viewer(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the page.")] = 3000,
    environment: Annotated[
        str | None,
        typer.Option(
            help="Environment service as the browser reaches it. [default: the page's host, port 8080]",
            envvar="TRACKMANIA_RL_ENVIRONMENT",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="Model service as the browser reaches it, or «none». [default: the page's host, port 8081]",
            envvar="TRACKMANIA_RL_MODEL",
        ),
    ] = None,
    brand: Annotated[
        Path | None,
        typer.Option(help="JSON file with the page's name, logo, colours and font. [default: our own]"),
    ] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the default browser.")] = False,
) -> None:
    """Serve the page on which races, replays and learning curves are watched."""
    import webbrowser

    from trackmania_rl.protocol.service import address, listen, serve
    from trackmania_rl.viewer.brand import read_brand
    from trackmania_rl.viewer.server import viewer_app

    with listen(host, port) as listening:
        app = viewer_app(environment=environment, model=model, brand=read_brand(brand) if brand else None)
        page = address(listening)
        Console(stderr=True).print(f"The viewer is at [bold]{page}[/] (Ctrl-C stops it)")
        if open_page:
            webbrowser.open(page)
        serve(app, listening)
