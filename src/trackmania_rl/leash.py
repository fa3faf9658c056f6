"""The command line on a leash: it stops when nobody holds the other end of its standard input any more.

    python -m trackmania_rl.leash environment --port 8080

A process that is killed tells its children nothing, but its ends of pipes are closed, on every system.
"""

from __future__ import annotations

import os
import signal
import sys
import threading


def follow() -> None:
    """Wait for the end of the standard input, then ask this process to stop."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    from trackmania_rl.cli import main  # here: a service's learners import this module too

    threading.Thread(target=follow, name="leash", daemon=True).start()
    main()
