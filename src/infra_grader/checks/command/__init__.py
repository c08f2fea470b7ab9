"""Check kinds that run a learner's programs."""
