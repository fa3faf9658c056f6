"""What lies in the folder of a run: checkpoints, curves, endings of episodes; and where curves go besides."""
