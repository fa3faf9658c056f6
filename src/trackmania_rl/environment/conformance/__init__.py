"""Whether an environment keeps its promises: what a learner relies on, tried one by one."""
