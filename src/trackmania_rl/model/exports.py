"""The commands that take policies and experience along, to other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from trackmania_rl.model.checkpoint import Checkpoint

Policy = Annotated[Path, typer.Argument(metavar="CHECKPOINT", help="A .pt file that training wrote.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def onnx(
    checkpoint: Policy,
    out: Annotated[Path, typer.Option(help="File to write.")] = Path("policy.onnx"),
    as_json: Json = False,
) -> None:
    """Write a policy as ONNX: raw observations (n, o) in, actions (n, a) out, float32.

    Normalisation and squashing are inside. The file is written once ONNX Runtime gave the same actions.
    """
    from trackmania_rl.model import checkpoint as checkpoints
    from trackmania_rl.model import onnx as graphs

    saved = checkpoints.load(checkpoint)
    difference = graphs.export(saved.policy(), out, _origin(saved))
    if as_json:
        typer.echo(json.dumps({"file": str(out), "difference": difference}))
        return
    typer.echo(
        f"{out}: {saved.observations} numbers in, {len(saved.low)} actions out; "
        f"greatest difference to the policy {difference:.1e}"
    )


def _origin(saved: Checkpoint) -> dict[str, object]:
    """Where a policy comes from."""
    return {
        "env": saved.env,
        "env_options": saved.env_options,
        "track": saved.track,
        "track_hash": saved.track_hash,
        "steps": saved.steps,
    }
