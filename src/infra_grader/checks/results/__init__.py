"""Check kinds about results that the learner hands in as data."""
