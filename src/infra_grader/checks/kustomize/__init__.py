"""Checks of kustomizations."""
