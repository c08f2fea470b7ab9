"""Shared readers: text in, facts with positions out. They touch no files."""
