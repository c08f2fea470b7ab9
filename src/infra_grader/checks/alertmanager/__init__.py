"""Check kinds of the family `alertmanager`."""
