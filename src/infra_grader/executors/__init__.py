"""Ways to grade many submissions at once; each module answers `infra_grader_executors`."""
