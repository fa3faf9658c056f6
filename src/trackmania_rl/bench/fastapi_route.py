"""The route /api/action as it is usually written: FastAPI with pydantic. For comparison only.

`python -m trackmania_rl.bench.fastapi_route PORT` serves it; it answers with an observation of the same
size as ours, without simulating anything.
"""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, Field


class Action(BaseModel):
    """Pedals and steering."""

    gas: float = Field(ge=0, le=1)
    brake: float = Field(ge=0, le=1)
    steering: float = Field(ge=-1, le=1)


class ActionRequest(BaseModel):
    """An agent's action."""

    agent_id: str
    action: Action
    timestamp: str
    seq: int | None = None


class Position(BaseModel):
    """Where the car is."""

    x: float = 100.0
    y: float = 50.0
    z: float = 0.0


class Rotation(BaseModel):
    """How it is turned."""

    yaw: float = 0.5
    pitch: float = 0.0
    roll: float = 0.0


class Observation(BaseModel):
    """What it senses."""

    speed: float = 120.5
    lidar: list[float] = [0.25 * k for k in range(19)]
    position: Position = Position()
    rotation: Rotation = Rotation()
    vector: list[float] = [0.125 * k for k in range(83)]


class Info(BaseModel):
    """How far it is."""

    track_completion: float = 0.25
    lap_time: float = 45.6


class ActionAnswer(BaseModel):
    """The answer."""

    agent_id: str
    observation: Observation = Observation()
    reward: float = 15.2
    done: bool = False
    info: Info = Info()
    timestamp: str = "2024-01-01T00:00:00Z"


app = FastAPI()


@app.post("/api/action")
async def act(request: ActionRequest) -> ActionAnswer:
    """Answer an action."""
    return ActionAnswer(agent_id=request.agent_id)


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
