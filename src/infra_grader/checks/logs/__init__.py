"""Check kinds of the family `logs`."""
