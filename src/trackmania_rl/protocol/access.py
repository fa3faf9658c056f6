"""Who may change something: a bearer token, and pages of the viewer only."""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass

from trackmania_rl.protocol.errors import InputError

LOOPBACK_ORIGIN = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"
"""Pages that this machine itself serves, on any port."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """What a request must bring.

    Attributes:
        token: Secret that everything that changes something must bring; None: nothing is asked.
        origins: Web pages that may talk to us, e.g. "https://viewer.example.org", besides those that
            this machine itself serves (http://localhost:3000, http://127.0.0.1:3000, any other port).
    """

    token: str | None = None
    origins: Sequence[str] = ()

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

    def check_token(self, given: str | None) -> None:
        """Compare in constant time, so that the answer's delay tells nothing about the token.

        Raises:
            InputError: Status 401.
        """
        if self.token is None or hmac.compare_digest((given or "").encode(), self.token.encode()):
            return
        what = "a token is missing" if not given else "the token is wrong"
        raise InputError(
            f"{what}: send the header 'Authorization: Bearer TOKEN' (on a stream also as `token` of the "
            "first frame) with the value that the service was started with",
            status=401,
            field="Authorization",
        )


def bearer(header: str | None) -> str | None:
    """The token in an Authorization header."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
