"""Check kinds that ask a running service."""
