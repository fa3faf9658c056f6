"""Pictures of races without a screen: videos of replays, and the live race on an X display."""
