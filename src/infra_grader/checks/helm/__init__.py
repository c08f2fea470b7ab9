"""Checks of Helm charts."""
