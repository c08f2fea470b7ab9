"""Steps of the image classification pipeline."""
