"""The learning curves of a run as a picture."""

from __future__ import annotations

from pathlib import Path

from trackmania_rl.model.runs.metrics import read_curves, read_keys

PANELS = {
    "return": ("train/return", "evaluation/return"),
    "share of episodes that finish": ("train/finished", "evaluation/finish_rate"),
    "lap time from the start line [s]": ("evaluation/lap_time_median", "evaluation/lap_time_best"),
    "loss of the critics": ("loss/critic",),
}
"""Title of each panel and the curves in it."""


def draw(folder: Path) -> Path:
    """Draw the curves of the run in `folder` over wall-clock time.

    Returns:
        The PNG file, curves.png in the same folder.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 6.5), layout="constrained")
    known = set(read_keys(folder))
    for axes, (title, keys) in zip(figure.subplots(2, 2).flat, PANELS.items(), strict=True):
        present = [key for key in keys if key in known]
        for curve in read_curves(folder, present) if present else []:
            marker = "o-" if curve.key.startswith("evaluation/") else "-"
            axes.plot(curve.seconds, curve.value, marker, markersize=3, linewidth=1.2, label=curve.key)
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("training [s]")
        axes.grid(alpha=0.25)
        if present:
            axes.legend(fontsize=8, frameon=False)
        if title.startswith("loss") and present:
            axes.set_yscale("log")
    figure.suptitle(folder.name)
    path = folder / "curves.png"
    figure.savefig(path, dpi=110)
    return path
