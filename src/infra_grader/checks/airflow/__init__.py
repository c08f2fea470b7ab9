"""Pipelines of Airflow, or of Prefect: their shape, and whether their tasks do something."""
