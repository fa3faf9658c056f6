"""Try every promise, and tell what came of it."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from trackmania_rl.environment.conformance.subject import Inapplicable, Subject
from trackmania_rl.environment.conformance.wire import WIRE
from trackmania_rl.environment.conformance.worlds import PROMISES
from trackmania_rl.protocol.environments import SERVICE, fewest_worlds, is_game


@dataclass(frozen=True)
class Finding:
    """What came of one check.

    Attributes:
        check: What was promised.
        result: Whether it holds.
        detail: What was seen.
    """

    check: str
    result: Literal["passed", "failed", "skipped"]
    detail: str


def check(
    env: str, *, worlds: int | None = None, token: str | None = None, options: dict[str, Any] | None = None
) -> Iterator[Finding]:
    """Try every promise, one after the other.

    Args:
        env: The environment's name, as `make_vector_env` takes it.
        worlds: Worlds in a batch; None: twice the smallest number, or one where there is only one.
        token: Token of a service that asks for one.
        options: Keyword arguments of the environment.

    Raises:
        InputError: There is no such environment, or nobody serves it.
    """
    options = options or {}
    usual = 1 if is_game(env) else 2 * fewest_worlds(env, **options)
    subject = Subject(env, worlds or usual, token, options)
    with subject.batch():
        pass  # what cannot be made at all is the caller's error, no finding
    for promise in (*PROMISES, *(WIRE if env.startswith(SERVICE) else ())):
        yield _finding(promise, subject)


def _finding(promise: Callable[[Subject], str], subject: Subject) -> Finding:
    """What came of a check; whatever an environment raises is its fault, and told as such."""
    name = promise.__name__.replace("_", " ")
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            return Finding(name, "passed", promise(subject))
    except Inapplicable as reason:
        return Finding(name, "skipped", str(reason))
    except AssertionError as error:
        return Finding(name, "failed", str(error) or "an assertion without words")
    except Exception as error:
        return Finding(name, "failed", f"{type(error).__name__}: {error}")
