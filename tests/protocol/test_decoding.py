"""What comes from outside is refused with the field, the value and what was expected."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackmania_rl.protocol.decoding import decode
from trackmania_rl.protocol.errors import InputError
from trackmania_rl.protocol.messages import ActionRequest

GOOD = '{"agent_id":"a","action":{"gas":0.8,"brake":0.0,"steering":0.2},"timestamp":"2024-01-01T00:00:00Z"}'


def action(gas: str) -> str:
    """An action request with something in the place of gas."""
    return GOOD.replace("0.8", gas)


REFUSED = [
    (action("1.5"), "action.gas", ["1.5", "<= 1.0"]),
    (action("-0.1"), "action.gas", ["-0.1", ">= 0.0"]),
    (action("NaN"), "action.gas", ["nan", "finite"]),
    (action("Infinity"), "action.gas", ["inf", "finite"]),
    (action("1e999"), "action.gas", ["inf", "finite"]),
    (action('"0.8"'), "action.gas", ['"0.8"', "float"]),
    (action("null"), "action.gas", ["null", "float"]),
    (action('{"x":[1]}'), "action.gas", ['{"x": [1]}', "float"]),
    (GOOD.replace(',"steering":0.2', ""), "action.steering", ["missing"]),
    (GOOD.replace('"steering"', '"sterring"'), "action.sterring", ["unknown"]),
    (GOOD.replace('"brake":0.0', '"brake":0.0,"brak":1'), "action.brak", ["unknown"]),
    (GOOD.replace('"agent_id":"a"', '"agent_id":"../a"'), "agent_id", ['"../a"', "regex"]),
    (GOOD.replace('"agent_id":"a",', ""), "agent_id", ["missing"]),
    (GOOD[:40], None, ["truncated", "JSON object"]),
    ("", None, ["JSON object"]),
    ("[]", None, ["[]", "object"]),
    ("NaN", None, ["nan"]),
    ("\x00", None, ["JSON object"]),
    ("[" * 5000, None, ["JSON object"]),
    ('{"agent_id":' * 3000, None, ["..."]),
]


@pytest.mark.parametrize(("body", "field", "words"), REFUSED, ids=range(len(REFUSED)))
def test_a_misfit_is_named(body: str, field: str | None, words: list[str]) -> None:
    with pytest.raises(InputError) as refused:
        decode(body, ActionRequest)
    assert refused.value.field == field
    for word in words:
        assert word in str(refused.value)
    assert len(str(refused.value)) < 300


def test_what_fits_is_taken() -> None:
    request = decode(GOOD.encode(), ActionRequest)
    assert (request.action.gas, request.action.steering) == (0.8, 0.2)


@given(st.binary(max_size=200))
def test_no_bytes_do_worse_than_a_refusal(data: bytes) -> None:
    with pytest.raises(InputError):
        decode(data, ActionRequest)
