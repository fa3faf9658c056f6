"""A training: its settings, the learner, the loop around it, frozen evaluations and their highlights."""
