"""The image classifier as a service for a Kubernetes cluster."""
