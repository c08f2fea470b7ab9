"""The image classification service of the ML platform."""
