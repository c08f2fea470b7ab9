"""Check kinds about a Git repository, read without running git."""
