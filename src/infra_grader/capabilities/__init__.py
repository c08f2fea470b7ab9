"""Ways to reach the outside world: the submission's files, our own tools, and what was handed out."""
