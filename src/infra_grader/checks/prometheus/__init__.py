"""Check kinds of the family `prometheus`."""
