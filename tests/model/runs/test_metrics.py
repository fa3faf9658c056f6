"""The store of curves survives its writer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from trackmania_rl.model.runs.metrics import read_curves

WRITER = """
import sys
from pathlib import Path
from trackmania_rl.model.runs.metrics import MetricsWriter
writer = MetricsWriter(Path(sys.argv[1]))
for step in range(1_000_000):
    writer.write(step, step / 100.0, {"loss/critic": float(step), "train/return": -float(step)})
    print(step, flush=True)
"""


def test_a_killed_writer_loses_no_point_that_it_had_written(data: Path) -> None:
    """Killed without warning in the middle of writing: what `write` has returned from is there, and whole.

    A learner writes once a second (report_every), so a kill costs at most that second.
    """
    folder = data / "runs" / "some"
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = [int(process.stdout.readline()) for _ in range(200)]
    process.kill()
    told += [int(line) for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    process.wait()
    critic, returned = read_curves(folder, points=1_000_000)
    assert critic.step[: len(told)] == told and len(critic.step) <= len(told) + 1
    assert critic.step == returned.step and critic.value == [-value for value in returned.value]
