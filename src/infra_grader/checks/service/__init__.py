"""Check kinds that start a learner's service."""
