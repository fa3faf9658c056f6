"""The page's server: the built files, where the two services are, and nothing else.

The viewer draws in the browser and talks to the services itself; this server only hands out its files.
They are read once at the start, so that no request ever reaches the file system.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from litestar import Litestar, Request, Response, get, route

from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.service import refuse

STATIC = Path(__file__).parent / "static"
"""Where `npm run build` in viewer/ puts the page."""
PORTS = {"environment": 8080, "model": 8081}
"""The services' usual ports, on the page's own host."""
NO_SERVICE = "none"
"""Given as --model: the page shows races only."""
ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?")
"""Address of a service as a content security policy can name it."""
COMPRESSED = (".html", ".js", ".css", ".svg", ".json")
"""Files that gzip makes smaller; fonts and pictures are compressed already."""
YEAR = 31_536_000
"""How long a file with a hash in its name may be kept [s]."""


@dataclass(frozen=True)
class File:
    """A file of the page.

    Attributes:
        media_type: Its Content-Type.
        content: Its bytes.
        gzipped: The same made smaller, or None where that does not pay.
        etag: Names this version of it.
        lasting: True when its name has a hash, so that it never changes.
    """

    media_type: str
    content: bytes
    gzipped: bytes | None
    etag: str
    lasting: bool


def read_files(folder: Path = STATIC) -> dict[str, File]:
    """The built page, by path from its root.

    Raises:
        InputError: The page was not built.
    """
    if not (folder / "index.html").is_file():
        raise InputError("the viewer's page is not built: run `make viewer` (it needs Node.js 20 or newer)")
    return {
        path.relative_to(folder).as_posix(): _read(path, lasting=path.parent.name == "assets")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _read(path: Path, *, lasting: bool) -> File:
    content = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return File(
        media_type=kind,
        content=content,
        gzipped=gzip.compress(content, 6) if path.suffix in COMPRESSED else None,
        etag=f'"{hashlib.sha256(content).hexdigest()[:16]}"',
        lasting=lasting,
    )


def viewer_app(
    *,
    environment: str | None = None,
    model: str | None = None,
    brand: dict[str, Any] | None = None,
    files: dict[str, File] | None = None,
) -> Litestar:
    """The page's server.

    Args:
        environment: Address of the environment service; None: the page's host, port 8080.
        model: Address of the model service, or "none"; None: the page's host, port 8081.
        brand: Name, logo, colours and font of the page, see `read_brand`; None: the project's own.
        files: The built page; read from its usual place by default.

    Raises:
        InputError: An address is not one, or the page was not built.
    """
    services = {"environment": _checked("environment", environment), "model": _checked("model", model)}
    page = read_files() if files is None else files

    @get("/healthz", sync_to_thread=False)
    def healthz() -> dict[str, bool]:
        """Is the process alive?"""
        return {"ok": True}

    @get("/config.json", sync_to_thread=False)
    def config() -> Response[dict[str, str]]:
        """Where the services are, as far as that was given."""
        given = {name: address for name, address in services.items() if address}
        return Response(given, headers={"Cache-Control": "no-store"})

    @get("/brand.json", sync_to_thread=False)
    def own_brand() -> Response[dict[str, Any]]:
        """Whose page it is, as far as that was given."""
        return Response(brand or {}, headers={"Cache-Control": "no-store"})

    @route(["/", "/{path:path}"], http_method=["GET", "HEAD"], sync_to_thread=False)
    def file(request: Request[Any, Any, Any]) -> Response[bytes]:
        """A file of the page; addresses that the page itself understands get its index."""
        path = request.url.path
        name = path.strip("/") or "index.html"
        if name not in page and "." in name.rsplit("/", 1)[-1]:
            raise InputError(f"the page has no file {path}", status=404, field="path")
        return _answer(request, page.get(name, page["index.html"]), _policy(request, services))

    return Litestar(
        [healthz, config, own_brand, file],
        openapi_config=None,
        logging_config=None,
        exception_handlers={InputError: refuse},
    )


def _answer(request: Request[Any, Any, Any], file: File, policy: str) -> Response[bytes]:
    headers = {
        "Cache-Control": f"public, max-age={YEAR}, immutable" if file.lasting else "no-cache",
        "Content-Security-Policy": policy,
        "ETag": file.etag,
        "Referrer-Policy": "no-referrer",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if request.headers.get("if-none-match") == file.etag:
        return Response(b"", status_code=304, headers=headers, media_type=file.media_type)
    content = file.content
    if file.gzipped and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        content = file.gzipped
    return Response(content, headers=headers, media_type=file.media_type)


def _policy(request: Request[Any, Any, Any], services: dict[str, str | None]) -> str:
    """The page may talk to its own server and to the two services, wherever they were said to be."""
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname
    allowed = ["'self'"]
    for name, configured in services.items():
        fallback = f"{request.url.scheme}://{host}:{PORTS[name]}"
        address = request.query_params.get(name) or configured or fallback
        if ADDRESS.fullmatch(address.rstrip("/")):
            allowed += [address.rstrip("/"), re.sub("^http", "ws", address.rstrip("/"))]
    return (
        "default-src 'self'; img-src 'self' data: blob:; worker-src 'self' blob:; object-src 'none'; "
        "style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        f"connect-src {' '.join(allowed)}"
    )


def _checked(name: str, address: str | None) -> str | None:
    """An address without its last slash."""
    if address is None or (name == "model" and address == NO_SERVICE):
        return address
    if not ADDRESS.fullmatch(address.rstrip("/")):
        raise InputError(
            f"--{name} is «{address}», expected the address of a service, e.g. http://127.0.0.1:{PORTS[name]}",
            field=name,
        )
    return address.rstrip("/")
