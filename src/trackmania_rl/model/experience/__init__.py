"""What was driven, to learn from: rings of steps, drawn from by one learner or by several, and datasets."""
