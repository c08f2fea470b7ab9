"""Check kinds about the contract that a service publishes."""
