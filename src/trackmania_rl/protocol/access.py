"""Who may change something: a bearer token, pages of the viewer only, and nobody too often."""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil
from pathlib import Path
from urllib.parse import urlsplit

from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.rate import Rate

LOOPBACK_ORIGIN = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"
"""Pages that this machine itself serves, on any port."""
CHANGES_PER_SECOND, CHANGES_AT_ONCE = 50.0, 200.0
"""How often one client may change something, besides driving (guess: nothing of ours does)."""
LOCAL_NAMES = (".localhost", ".local", ".internal", ".svc", ".cluster.local")
"""Endings of names that no stranger can register."""


class RateError(InputError):
    """A client asks too often.

    Attributes:
        wait: Time until it may ask again [s].
    """

    def __init__(self, wait: float) -> None:
        super().__init__(
            f"too many changes: more than {CHANGES_PER_SECOND:.0f} a second; wait {ceil(wait)} s", status=429
        )
        self.wait = wait


@dataclass(frozen=True, kw_only=True)
class Access:
    """What a request must bring.

    Attributes:
        token: Secret that everything that changes something must bring; None: nothing is asked.
        origins: Web pages that may talk to us, e.g. "https://viewer.example.org", besides those that
            this machine itself serves (http://localhost:3000, http://127.0.0.1:3000, any other port).
        rate: How often each client may change something.
    """

    token: str | None = None
    origins: Sequence[str] = ()
    rate: Rate = field(default_factory=lambda: Rate(CHANGES_PER_SECOND, CHANGES_AT_ONCE))

    def check_reach(self, host: str) -> None:
        """Refuse to be open to a network without a token.

        Args:
            host: The address to listen on.

        Raises:
            InputError: Others than this machine could change something.
        """
        if self.token is None and not is_loopback(host):
            raise InputError(
                f"--host is {host} and there is no token: everybody on the network could change everything; "
                "give --token SECRET (or the variable TRACKMANIA_RL_TOKEN), --token-file FILE, or listen on "
                "127.0.0.1",
                field="host",
            )

    def check_host(self, host: str | None) -> None:
        """Refuse names that a stranger's name server may point at us (DNS rebinding).

        Its page would be of the same origin as we are then, and could read everything.

        Args:
            host: The Host header; an address, a name without a dot, one that only local name servers know, or
                that of a page that may talk to us.

        Raises:
            InputError: Status 421.
        """
        name = _name(host or "")
        if is_own_name(name) or any(urlsplit(origin).hostname == name for origin in self.origins):
            return
        raise InputError(
            f"this service is not {name}: ask it by its address, or start it with --origin http://{name} if "
            "that is its name",
            status=421,
            field="Host",
        )

    def check_rate(self, client: str) -> None:
        """Count a change, or an attempt at one.

        Raises:
            RateError: The client made too many.
        """
        if wait := self.rate.take(client):
            raise RateError(wait)

    def check_origin(self, origin: str | None) -> None:
        """Refuse web pages of strangers: a browser would send their requests with our user's reach.

        Args:
            origin: The Origin header; programs other than browsers send none.

        Raises:
            InputError: Status 403.
        """
        if origin is None or origin in self.origins or re.fullmatch(LOOPBACK_ORIGIN, origin):
            return
        raise InputError(
            f"the page {origin} may not talk to this service: "
            f"start the service with --origin {origin} if you trust it",
            status=403,
            field="Origin",
        )

    def check_token(self, given: str | None, client: str) -> None:
        """Compare in constant time, so that the answer's delay tells nothing about the token.

        Args:
            given: The token that came, if one did.
            client: Who sent it: guesses are counted.

        Raises:
            InputError: Status 401.
            RateError: The client guesses too often.
        """
        if self.token is None or hmac.compare_digest((given or "").encode(), self.token.encode()):
            return
        self.check_rate(client)
        what = "a token is missing" if not given else "the token is wrong"
        raise InputError(
            f"{what}: send the header 'Authorization: Bearer TOKEN' (on a stream also as `token` of the "
            "first frame) with the value that the service was started with",
            status=401,
            field="Authorization",
        )


def token_in(path: Path) -> str:
    """The token that a file holds; the file is made with a new one where there is none.

    Services that start at the same moment on one volume all get the token of the first.

    Raises:
        InputError: The file cannot be read or made, or is empty.
    """
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            own = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
            own.touch(mode=0o600)
            own.write_text(secrets.token_urlsafe(32) + "\n")
            with contextlib.suppress(FileExistsError):
                os.link(own, path)  # unlike a rename it never replaces another's, and it is whole at once
            own.unlink()
        token = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise InputError(
            f"no token in {path}: {reason}; expected a file with one, or a folder where it may be made",
            field="token-file",
        ) from error
    if not token:
        raise InputError(
            f"{path} is empty, expected a token in it: write one, or delete the file", field="token-file"
        )
    return token


def bearer(header: str | None) -> str | None:
    """The token in an Authorization header."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=1024)
def is_own_name(name: str) -> bool:
    """Whether a host is an address, or a name that no stranger can register."""
    if "." not in name or name.endswith(LOCAL_NAMES):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1024)
def _name(host: str) -> str:
    """A Host header without its port, in small letters."""
    return re.sub(r":\d*$", "", host).strip("[]").rstrip(".").lower()
