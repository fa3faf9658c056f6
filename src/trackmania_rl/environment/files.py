"""Files sent over HTTP, whole or in part, so that players can seek and downloads go on; JSON kept ready."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from litestar import Request, Response
from litestar.datastructures import State
from litestar.response import Stream

from trackmania_rl.protocol.errors import InputError

AnyRequest = Request[Any, Any, State]
CHUNK = 1 << 18
"""Bytes that are in memory at a time."""


def sent(request: AnyRequest, path: Path, media_type: str) -> Response[Any]:
    """A file, or the range of it that was asked for (RFC 9110, one range).

    Raises:
        InputError: The range lies outside of the file; status 416.
    """
    size = path.stat().st_size
    headers = {"Accept-Ranges": "bytes", "Content-Disposition": f'attachment; filename="{path.name}"'}
    asked = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("range", ""))
    if asked is None or not (asked[1] or asked[2]):
        headers["Content-Length"] = str(size)
        return Stream(_chunks(path, 0, size), media_type=media_type, headers=headers)
    first = int(asked[1]) if asked[1] else max(0, size - int(asked[2]))
    last = min(int(asked[2]), size - 1) if asked[1] and asked[2] else size - 1
    if first > last:
        raise InputError(
            f"the range {asked[0]} is outside of the file's {size} bytes", status=416, field="Range"
        )
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    headers["Content-Length"] = str(last - first + 1)
    part = _chunks(path, first, last - first + 1)
    return Stream(part, status_code=206, media_type=media_type, headers=headers)


def _chunks(path: Path, first: int, count: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(first)
        while count > 0 and (chunk := file.read(min(CHUNK, count))):
            count -= len(chunk)
            yield chunk


def gzipped(request: AnyRequest, body: tuple[bytes, bytes]) -> Response[Any]:
    """JSON that was compressed before: for those who take it gzipped, else plain.

    Args:
        request: Says what its sender takes.
        body: Plain and gzipped.
    """
    plain, small = body
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(plain, media_type="application/json", headers={"Vary": "Accept-Encoding"})
    headers = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return Response(small, media_type="application/json", headers=headers)
