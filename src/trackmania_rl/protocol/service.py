"""What both services share: how they start and stop, refuse, and say how they are.

A service is a Litestar application made by `service_app` and run by `serve`. Its routes raise InputError
for everything that is wrong with a request; here it becomes a Problem (RFC 9457) with the field, the
value and what was expected. Nobody ever gets a traceback over the wire: it goes to the log, once.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import secrets
import signal
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from math import ceil
from typing import Any

import uvicorn
from litestar import Litestar, Request, Response, get
from litestar.config.cors import CORSConfig
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers import BaseRouteHandler
from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.routes import HTTPRoute
from litestar.types import Message, Scope

from trackmania_rl import __version__
from trackmania_rl.protocol import PROTOCOL_VERSION
from trackmania_rl.protocol.access import LOOPBACK_ORIGIN, Access, RateError, bearer
from trackmania_rl.protocol.connection import Connection
from trackmania_rl.protocol.decoding import decode
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import Health, Problem, Version
from trackmania_rl.protocol.metrics import HOT, Histogram, Metric, Requests

BODY_LIMIT = 1 << 20
"""Largest body of a request [bytes]; a route may allow more with `request_max_body_size`."""
FRAME_LIMIT = 8 << 20
"""Largest frame that a stream takes [bytes]: the actions of 16,384 worlds, 128 floats each."""
UNREAD_TIMEOUT = 60.0
"""A client that takes nothing of what was sent to it is gone after this time [s]."""
PROBLEM = "application/problem+json"
"""Media type of every refusal (RFC 9457)."""
LEFT = "client disconnected prematurely"
"""Litestar's word (with status 500) for a client that leaves in the middle of its request's body."""
SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]
"""Headers of every answer that does not bring its own: no answer is a page, or part of a strange one."""
STOP_TIMEOUT = 5.0
"""Longest wait for open requests and streams when the service stops [s]."""

logger = logging.getLogger(__name__)


class StrictRequest(Request[Any, Any, Any]):
    """A request whose body is decoded straight into the message of its route.

    Litestar's own way by untyped JSON would take the string "0.5" for a number, and could not say
    which value it refused.
    """

    async def json(self) -> Any:
        """The route's message.

        Raises:
            InputError: The body does not fit.
        """
        field = self.route_handler.parsed_data_field
        return decode(await self.body(), field.annotation if field else Any)


def service_app(
    name: str,
    routes: Sequence[Any],
    *,
    access: Access | None = None,
    ready: Callable[[], str | None] = lambda: None,
    metrics: Callable[[], Sequence[Metric | Histogram]] = list,
    lifespan: Callable[[Litestar], AbstractAsyncContextManager[None]] | None = None,
    stopping: Callable[[], Awaitable[None]] | None = None,
    body_limit: int = BODY_LIMIT,
) -> Litestar:
    """A service: its own routes and those that every service has.

    Every route whose method changes something, and every stream, is open only to pages of the viewer
    and, where a token is set, to bearers of the token (a stream may bring it in its first frame instead).

    Args:
        name: "environment" or "model", for /api/version and the API's title.
        routes: Litestar's route handlers. They take their messages as `data` and raise InputError.
        access: Token and allowed pages; by default no token and pages of this machine.
        ready: None when the service can work, else a sentence on what it waits for (/readyz, status 503).
        metrics: What /metrics shows besides the counts of requests.
        lifespan: What lives as long as the service does.
        stopping: Awaited when the service was asked to stop, before its streams are closed.
        body_limit: Largest body of a request [bytes].
    """
    access = access or Access()
    requests = Requests()

    @get("/healthz", sync_to_thread=False, tags=["service"])
    def healthz() -> Health:
        """Is the process alive?"""
        return Health(ok=True)

    @get("/readyz", sync_to_thread=False, tags=["service"])
    def readyz() -> Response[Health]:
        """Can it work? 503 with a sentence on what it waits for when it cannot."""
        reason = ready()
        return Response(Health(ok=reason is None, detail=reason or ""), status_code=503 if reason else 200)

    @get("/metrics", media_type="text/plain; version=0.0.4", sync_to_thread=False, tags=["service"])
    def metrics_text() -> str:
        """Figures in Prometheus' text format."""
        shown = [*requests.metrics(), *metrics()]
        return "".join(line + "\n" for metric in shown for line in metric.lines())

    @get("/api/version", sync_to_thread=False, tags=["service"])
    def version() -> Version:
        """Which service, release and protocol answers here."""
        return Version(service=name, version=__version__, protocol=PROTOCOL_VERSION)

    app = Litestar(
        [healthz, readyz, metrics_text, version, *routes],
        cors_config=CORSConfig(
            allow_origins=list(access.origins), allow_origin_regex=LOOPBACK_ORIGIN, max_age=3600
        ),
        before_send=[secure],
        guards=[guard(access)],
        exception_handlers={InputError: refuse, HTTPException: refuse, Exception: refuse},
        lifespan=[lifespan] if lifespan else [],
        logging_config=None,
        middleware=[requests.middleware],
        openapi_config=OpenAPIConfig(
            title=f"TrackMania RL {name} service",
            version=__version__,
            # Not /api: unknown paths below this one are answered with a page of HTML.
            path="/api/openapi.json",
            render_plugins=[JsonRenderPlugin(path="/")],
            use_handler_docstrings=True,
        ),
        request_class=StrictRequest,
        request_max_body_size=body_limit,
    )
    app.state.stopping = stopping
    describe_refusals(app)
    return app


def describe_refusals(app: Litestar) -> None:
    """Tell the OpenAPI document how the routes below /api refuse: Litestar would name its own JSON."""
    for route in app.routes:
        if not isinstance(route, HTTPRoute) or not route.path.startswith("/api/"):
            continue
        for handler in route.route_handlers:
            changes = bool(handler.http_methods - {"GET", "HEAD", "OPTIONS"})
            handler.responses = {
                status: ResponseSpec(Problem, False, HTTPStatus(status).phrase, PROBLEM)
                for status in ((400, 401, 403, 429) if changes else (400,))
            }


async def secure(message: Message, _: Scope) -> None:
    """Litestar's hook before anything is sent: the security headers."""
    if message["type"] == "http.response.start":
        headers = list(message["headers"])
        given = {name.lower() for name, _ in headers}
        message["headers"] = headers + [header for header in SECURITY if header[0] not in given]


def guard(
    access: Access,
) -> Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]:
    """Litestar's guard: who may change something, how often, and which pages may open a stream."""

    async def check(connection: ASGIConnection[Any, Any, Any, Any], route: BaseRouteHandler) -> None:
        # Not async, it would cost every request a trip to a thread.
        scope: Any = connection.scope
        access.check_host(connection.headers.get("host"))
        if scope["type"] == ScopeType.WEBSOCKET:
            access.check_origin(connection.headers.get("origin"))
        elif scope["method"] not in ("GET", "HEAD", "OPTIONS"):
            access.check_origin(connection.headers.get("origin"))
            client = scope["client"][0] if scope["client"] else ""
            if HOT not in route.opt:
                access.check_rate(client)
            access.check_token(bearer(connection.headers.get("authorization")), client)

    return check


def refuse(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """Litestar's handler of errors: whatever went wrong, as a Problem."""
    if isinstance(error, ValidationException):
        error = _misfit(request, error)
    if isinstance(error, InputError):
        refusal = problem(error.status, str(error), field=error.field)
        if isinstance(error, RateError):
            refusal.set_header("Retry-After", str(ceil(error.wait)))
        return refusal
    if isinstance(error, HTTPException) and error.detail == LEFT:
        return problem(400, "the client left before its request was whole")  # nobody reads it; it is counted
    if isinstance(error, HTTPException):
        return problem(error.status_code, _explained(request, error))
    id = secrets.token_hex(4)
    logger.error("%s %s failed (%s)", request.method, request.url.path, id, exc_info=error)
    return problem(500, f"the service failed at this request; its log says why at {id}")


def problem(status: int, detail: str, *, field: str | None = None) -> Response[Problem]:
    """A refusal (RFC 9457)."""
    body = Problem(status=status, title=HTTPStatus(status).phrase, detail=detail, field=field)
    return Response(body, status_code=status, media_type=PROBLEM)


def _misfit(request: Request[Any, Any, Any], error: ValidationException) -> InputError:
    """Litestar's refusal of a parameter of the address, or of an empty body."""
    faults: list[dict[str, str]] = error.extra  # type: ignore[assignment]
    if faults[0].get("source") == "body":
        return InputError("the body is empty, expected a JSON object")
    key, expected = faults[0]["key"], faults[0]["message"].split(", got")[0].lower().replace("`", "")
    return InputError(f"{key} is {request.query_params.get(key)}, {expected}", field=key)


def _explained(request: Request[Any, Any, Any], error: HTTPException) -> str:
    """Litestar's own refusals in a full sentence."""
    path = request.url.path
    if error.status_code == 404:
        return f"there is nothing at {path}: the routes are in /api/openapi.json"
    if error.status_code == 405:
        return f"{path} does not answer {request.method}: the routes are in /api/openapi.json"
    if error.status_code == 413:
        return f"the body is larger than {path} takes: send less"
    return error.detail


def serve(app: Litestar, listening: socket.socket) -> None:
    """Run a service until SIGTERM or Ctrl-C; it then finishes its open requests and closes its files.

    Args:
        app: The service.
        listening: Where, from `listen`: called first, it refuses a taken port before anything else is done.
    """
    server = _Server(app, listening)
    logger.info("listening at %s", address(listening))

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, interrupt)  # uvicorn raises it again when it has stopped
    try:
        server.run(sockets=[server.socket])
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, previous)
        logger.info("stopped")


@contextlib.contextmanager
def running(app: Litestar, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Run a service in a thread of this process; yields its address. Port 0 takes a free one."""
    server = _Server(app, listen(host, port))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [server.socket]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the service stopped at its start; its log says why")
            time.sleep(0.005)
        yield address(server.socket)
    finally:
        server.should_exit = True
        thread.join()


def listen(host: str, port: int, option: str = "--port") -> socket.socket:
    """A listening socket.

    Args:
        host: Address of this machine.
        port: Port; 0 takes a free one.
        option: What chose the port, for the refusal.

    Raises:
        InputError: The port is taken or the address is not ours.
    """
    if not 0 <= port <= 65535:
        raise InputError(f"{option} is {port}, expected 0 to 65535", field=option[2:])
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        raise InputError(_not_listening(host, port, option, error), field=option[2:]) from error
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; the connections inherit it
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(1000 * UNREAD_TIMEOUT))
    return listening


def address(listening: socket.socket) -> str:
    """Where this machine reaches what listens, e.g. "http://127.0.0.1:8080"."""
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _not_listening(host: str, port: int, option: str, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is already taken on {host}: stop what runs there or choose another with {option}"
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights than this user has: choose one above 1023 with {option}"
    reason = (error.strerror or str(error)).partition(" (while")[0]
    return f"cannot listen on {host}: {reason}; expected an address of this machine, e.g. 127.0.0.1"


class _Server(uvicorn.Server):
    """uvicorn with our settings, which says goodbye on the streams before it closes them."""

    def __init__(self, app: Litestar, listening: socket.socket) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="uvloop",
                http=Connection,
                ws="websockets-sansio",
                ws_per_message_deflate=False,  # floats do not compress, and the streams are local
                ws_max_size=FRAME_LIMIT,
                log_level="warning",
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=int(STOP_TIMEOUT),
            )
        )
        self.app = app
        self.socket = listening

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if (stopping := self.app.state.get("stopping")) is not None:
            await stopping()
        await super().shutdown(sockets)
