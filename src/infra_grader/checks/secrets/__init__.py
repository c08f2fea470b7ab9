"""Check kinds about secrets that should not be in a submission."""
