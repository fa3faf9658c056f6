"""What ails a training, in plain words."""

from __future__ import annotations

import math
from collections.abc import Sequence

from trackmania_rl.model.training.loop import Progress

PATIENCE = 180.0
"""Training after which a car that has not finished once is worth a word [s] (guess)."""
STUCK_COMPLETION = 0.05
"""Mean share of the track below which the cars hardly move (guess)."""
LOSS_LIMIT = 1e4
"""Loss of the critics that no healthy run was seen to reach (guess)."""
FALL = 0.3
"""Loss of finish rate against the best evaluation that is worth a word (guess)."""
RECENT = 20
"""Reports that the newest loss is compared over."""


def diagnose(history: Sequence[Progress]) -> list[str]:
    """Sentences about a training for people, worst first; one that says how well it does if nothing ails it.

    Args:
        history: Progress so far, oldest first; the last minutes suffice.
    """
    if not history:
        return ["Preparing: the worlds are built and the update is compiled."]
    newest = history[-1]
    ailments = [*_loss(history), *_stuck(newest), *_evaluations(newest)]
    return ailments or [_doing_well(newest)]


def _loss(history: Sequence[Progress]) -> list[str]:
    losses = [progress.values["loss/critic"] for progress in history if "loss/critic" in progress.values]
    if not losses:
        return []
    if not math.isfinite(losses[-1]):
        return [
            "The critics' loss is not a number any more: load an earlier checkpoint and lower learning_rate."
        ]
    if losses[-1] > LOSS_LIMIT and losses[-1] > 10.0 * min(losses[-RECENT:]):
        return [f"The critics' loss explodes ({losses[-1]:.0f}): lower learning_rate or tau."]
    return []


def _stuck(newest: Progress) -> list[str]:
    completion = newest.values.get("train/completion")
    if completion is None or newest.seconds < PATIENCE or completion >= STUCK_COMPLETION:
        return []
    return [f"The cars are stuck: they drive {completion:.0%} of the track before an episode ends."]


def _evaluations(newest: Progress) -> list[str]:
    now, best = newest.evaluation, newest.best
    if now is None or best is None or now.finish_rate is None:
        return []
    if not best.finish_rate:
        if newest.seconds < PATIENCE:
            return []
        return [
            f"No finish yet after {newest.seconds / 60.0:.0f} minutes; "
            f"it drives {now.completion:.0%} of the track."
        ]
    if now.finish_rate < best.finish_rate - FALL:
        return [
            f"Its driving has become worse: it finishes {now.finish_rate:.0%} of its evaluations, "
            f"at its best {best.finish_rate:.0%}. The best policy is kept."
        ]
    return []


def _doing_well(newest: Progress) -> str:
    now = newest.evaluation
    if now is None:
        return "Learning; not evaluated yet."
    if now.finish_rate is None:
        return f"Learning; a return of {now.return_mean:.1f} at its last evaluation."
    if not now.finish_rate:
        return f"Learning; it drives {now.completion:.0%} of the track."
    return f"Learning; it finishes {now.finish_rate:.0%} of its evaluations."
