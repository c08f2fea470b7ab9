"""Check kinds of the kubernetes family."""
