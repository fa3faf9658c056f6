"""Agents of a model service that learn on an environment service's worlds."""

import pytest

from trackmania_rl.model.agents.agent import Kept, learner_config
from trackmania_rl.protocol.messages import AgentCreate

PIT = "http://pit:8080"


@pytest.mark.parametrize(
    ("create", "worlds"),
    [
        (AgentCreate(agent_id="ours", env="TrackMania/Horizon-v0"), PIT),
        (AgentCreate(agent_id="foreign", env="gymnasium:Pendulum-v1"), None),
        (AgentCreate(agent_id="own", settings={"environment": "http://other:8080"}), "http://other:8080"),
    ],
)
def test_agents_learn_on_the_services_worlds_unless_they_name_others(
    create: AgentCreate, worlds: str | None
) -> None:
    kept = Kept(create=create, run=create.agent_id, state="training")
    assert learner_config(kept, PIT).environment == worlds
    assert learner_config(kept).environment == create.settings.get("environment")
