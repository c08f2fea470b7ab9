"""Check kinds of the family `env`."""
