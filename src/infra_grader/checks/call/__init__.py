"""Check kinds that call what a learner wrote, and compare what it gives in the grader's own process."""
