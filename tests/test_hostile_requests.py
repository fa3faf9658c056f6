"""Requests drawn from the services' own descriptions: none makes one fail, all answers are as described."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable

from trackmania_rl.environment.race.race import Race, Rules
from trackmania_rl.environment.server import environment_app
from trackmania_rl.environment.tracks import library
from trackmania_rl.model.agents import agents
from trackmania_rl.model.server import model_app
from trackmania_rl.protocol.access import Access
from trackmania_rl.protocol.rate import Rate
from trackmania_rl.protocol.service import running

schemathesis = pytest.importorskip("schemathesis")
from schemathesis import GenerationMode  # noqa: E402
from schemathesis.checks import load_all_checks  # noqa: E402
from schemathesis.specs.openapi.checks import response_schema_conformance  # noqa: E402

load_all_checks()


def never_fails(_: Any, response: schemathesis.Response, __: schemathesis.Case) -> None:
    """501 and 503 are refusals in words (nothing to make videos with, too many viewers); 500 is a fault."""
    assert response.status_code != 500, response.text


CHECKS = [never_fails, response_schema_conformance]
EXAMPLES = {GenerationMode.POSITIVE: 5, GenerationMode.NEGATIVE: 6}
"""Requests of each route that fit its description, and that do not."""


@pytest.fixture(params=["environment", "model"])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TRACKMANIA_RL_DATA", str(tmp_path))
    access = Access(rate=Rate(1e9, 1e9))
    if request.param == "model":
        monkeypatch.setattr(agents, "AGENTS_MAX", 0)  # each would be a learner's process
        app = model_app(agents.Agents(environment=None), access)
    else:
        app = environment_app([Race("main", library.load("sprint"), Rules(agents_max=4))], access=access)
    with running(app) as url:
        yield url


@pytest.mark.parametrize("mode", EXAMPLES, ids=lambda mode: mode.name.lower())
def test_no_request_makes_a_service_fail(url: str, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_url(url + "/api/openapi.json")
    asked = set()
    for result in schema.get_all_operations():
        operation = result.ok()
        if mode is GenerationMode.NEGATIVE and not (operation.body or list(operation.iter_parameters())):
            continue  # nothing to get wrong

        @settings(max_examples=EXAMPLES[mode], suppress_health_check=list(HealthCheck), deadline=None)
        @given(case=operation.as_strategy(generation_mode=mode))
        def probe(case: schemathesis.Case) -> None:
            case.call_and_validate(checks=CHECKS)
            asked.add(case.operation.label)

        with contextlib.suppress(Unsatisfiable):  # a parameter that takes any text cannot be wrong
            probe()
    assert len(asked) >= 5
