"""The action as a gRPC call, for comparison only: no schema of its own, messages as bytes.

`python -m trackmania_rl.bench.grpc_route PORT` serves it (grpcio's asyncio server, a handler registered by
hand); it decodes the request and answers with an observation of the same size as ours, without simulating
anything. The messages are the service's own JSON by msgspec, which is quicker than protobuf in Python: what
is compared is the transport.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import grpc
import msgspec

from trackmania_rl.protocol import messages

SERVICE, METHOD = "trackmania.Race", "Act"
PATH = f"/{SERVICE}/{METHOD}"
ANSWER = messages.ActionAnswer(
    agent_id="bench",
    observation=messages.Observation(
        speed=120.5,
        lidar=[0.25 * k for k in range(19)],
        position=messages.Position(x=100.0, y=50.0, z=0.0),
        rotation=messages.Rotation(yaw=0.5, pitch=0.0, roll=0.0),
        vector=[0.125 * k for k in range(83)],
    ),
    reward=15.2,
    done=False,
    info=messages.Info(track_completion=0.25, lap_time=45.6),
    timestamp="2024-01-01T00:00:00Z",
)


async def act(request: bytes, _: Any) -> bytes:
    """Answer an action."""
    msgspec.json.decode(request, type=messages.ActionRequest)
    return msgspec.json.encode(ANSWER)


async def serve(port: int) -> None:
    """Serve until the process is stopped."""
    server = grpc.aio.server()
    handlers = {METHOD: grpc.unary_unary_rpc_method_handler(act)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
