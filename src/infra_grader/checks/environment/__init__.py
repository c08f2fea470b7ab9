"""Check kinds of the family environment: what a submission needs to run."""
