"""Check kinds of the family `grafana`."""
