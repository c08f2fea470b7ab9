"""Frozen data: what a rubric, an outcome and a scorecard are. Standard library only."""
