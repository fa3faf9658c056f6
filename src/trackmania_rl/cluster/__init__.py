"""Training on many machines by Ray: workers that drive, learners that learn."""
