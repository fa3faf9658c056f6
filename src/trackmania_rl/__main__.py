"""The command `trackmania-rl`, and `python -m trackmania_rl`: both begin here."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C ends it without a traceback, while it is still being loaded too."""
    try:
        from trackmania_rl.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
