"""`python -m trackmania_rl` is the command `trackmania-rl`."""

from trackmania_rl.cli import main

main()
