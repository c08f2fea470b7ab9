"""Checks of Kubernetes manifests: plain, rendered from a chart, or built from a kustomization."""
