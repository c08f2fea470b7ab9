"""Check kinds that ask how much of the learner's code their own tests reach, and which faults these catch."""
