"""Files in, model out: rubrics, submissions, recorded results."""
