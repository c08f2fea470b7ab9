"""Check kinds about the text of files."""
