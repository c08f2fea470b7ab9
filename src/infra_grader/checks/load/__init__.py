"""Check kinds that measure a service under load."""
