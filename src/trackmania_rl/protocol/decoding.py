"""Bytes from outside into messages; what does not fit is refused with the field, the value and the cure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, TypeVar, overload

import msgspec

from trackmania_rl.protocol.errors import InputError

T = TypeVar("T")

_PLACE = re.compile(r" - at `(?P<path>.*)`$")
_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")
_SHOWN = 80
"""Longest value quoted in a message [characters]."""


@overload
def decode(data: bytes | str, kind: type[T]) -> T: ...
@overload
def decode(data: bytes | str, kind: object) -> Any: ...
def decode(data: bytes | str, kind: Any) -> Any:
    """A message from JSON.

    Args:
        data: What came.
        kind: The message, or the union of messages, that is expected.

    Raises:
        InputError: It is no JSON, or does not fit; names the field, the value and what was expected.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _refusal(data, error) from error


def converted(fields: dict[str, Any], kind: type[T]) -> T:
    """Fields that are decoded already, as a message or dataclass.

    Raises:
        InputError: They do not fit; names the field, the value and what was expected.
    """
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise _misfit(error, fields) from error


def _refusal(data: bytes | str, error: Exception) -> InputError:
    """Why the bytes are not the message. NaN and infinities, which JSON has not, are named as such."""
    try:
        body = json.loads(data)
        path, value = next(_non_finite(body, ""), ("", None))
    except (ValueError, RecursionError):
        text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
        return InputError(f"{_quoted(text)} is no JSON ({error}), expected a JSON object")
    if value is not None:
        return InputError(f"{path or 'the body'} is {value}, expected a finite number", field=path or None)
    return _misfit(error, body)


def _misfit(error: Exception, body: Any) -> InputError:
    """The refusal of JSON that is not the expected message: msgspec's words, with the value."""
    message, path = _parted(str(error))
    if absent := re.search(r"(missing required|unknown) field `(.*)`", message):
        path = ".".join(filter(None, (path, absent[2])))
        cure = "is missing: add it" if absent[1] == "missing required" else "is unknown: check its spelling"
        return InputError(f"{path} {cure}", field=path)
    expected = message[:1].lower() + message[1:].split(", got")[0].replace("`", "")
    return InputError(f"{path or 'the body'} is {_shown(_value(body, path))}, {expected}", field=path or None)


def _parted(message: str) -> tuple[str, str]:
    """msgspec's message without the path in it, and the path ("action.gas")."""
    place = _PLACE.search(message)
    if place is None:
        return message, ""
    return message[: place.start()], place["path"].removeprefix("$").removeprefix(".")


def _value(body: Any, path: str) -> Any:
    """Follow a path as msgspec writes it; stops where it cannot be followed ("[...]" of a dict)."""
    for name, index in _STEP.findall(path):
        if isinstance(body, dict) and name in body:
            body = body[name]
        elif isinstance(body, list) and index and int(index) < len(body):
            body = body[int(index)]
        else:
            break
    return body


def _non_finite(value: Any, path: str) -> Iterator[tuple[str, float]]:
    """Path and value of every number that is not finite."""
    if isinstance(value, float) and not math.isfinite(value):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _non_finite(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _non_finite(item, f"{path}[{index}]")


def _shown(value: Any) -> str:
    return _quoted(json.dumps(value, ensure_ascii=False, default=str))


def _quoted(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
