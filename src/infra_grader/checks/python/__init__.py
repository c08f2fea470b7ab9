"""Check kinds about Python files. They are read, never imported or run."""
