"""Experiments tracked with MLflow: what the code records, recorded runs, and the project file."""
