"""A small REST service that classifies images with a pre-trained network."""
