"""Check kinds that run tests: the instructor's, and the learner's own."""
