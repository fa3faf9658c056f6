"""The server that browsers draw for: it hands out the page and the film, and takes the pictures."""

from __future__ import annotations

import contextlib
import mimetypes
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

import trackmania_rl
from trackmania_rl.protocol.errors import InputError

PAGE = Path(trackmania_rl.__file__).parent / "viewer/static"
"""Where `make viewer` puts the pages."""


class Said(msgspec.Struct):
    """What a page says between its pictures."""

    processor: str | None = None
    """Name of the graphics processor, before the first picture."""
    done: bool = False
    error: str | None = None


def page() -> Path:
    """The file of the page that draws.

    Raises:
        InputError: It was not built.
    """
    file = PAGE / "render.html"
    if not file.is_file():
        raise InputError("the viewer's page is not built: run `make viewer` (it needs Node.js 20 or newer)")
    return file


@contextlib.contextmanager
def studio(film: bytes, take: Callable[[int, bytes | Said], None]) -> Iterator[str]:
    """Serve a film; yields the address of the page that draws it.

    Args:
        film: The film as JSON.
        take: Called with the number of a part and its next picture, or what its page says.

    Raises:
        InputError: The page was not built.
    """
    page()

    def hear(socket: ServerConnection) -> None:
        assert socket.request is not None
        part = int(parse_qs(urlsplit(socket.request.path).query)["part"][0])
        with contextlib.suppress(ConnectionClosed):
            for message in socket:
                heard = msgspec.json.decode(message, type=Said) if isinstance(message, str) else message
                take(part, heard)
                socket.send("taken")

    def answer(_: ServerConnection, request: Request) -> Response | None:
        path = urlsplit(request.path).path
        if path == "/frames":
            return None
        return _file(path, film)

    with serve(hear, "127.0.0.1", 0, process_request=answer, max_size=None, compression=None) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{_port(server)}/render.html"
        finally:
            server.shutdown()
            thread.join()


def _port(server: Server) -> int:
    port: int = server.socket.getsockname()[1]
    return port


def _file(path: str, film: bytes) -> Response:
    """The film, or a file of the page."""
    if path == "/film.json":
        return _response(200, "OK", "application/json", film)
    file = (PAGE / path.lstrip("/")).resolve()
    if not file.is_relative_to(PAGE.resolve()) or not file.is_file():
        return _response(404, "Not Found", "text/plain", b"")
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return _response(200, "OK", kind, file.read_bytes())


def _response(status: int, reason: str, kind: str, body: bytes) -> Response:
    headers = Headers([("Content-Type", kind), ("Content-Length", str(len(body))), ("Connection", "close")])
    return Response(status, reason, headers, body)
