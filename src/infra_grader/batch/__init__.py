"""Grading a class: a roster in, a journal, results and a gradebook out, nothing lost and nothing graded twice."""
