"""Check kinds that build images, run them and look at them in Docker."""
