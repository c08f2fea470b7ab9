"""Instrumentation of the churn API: its metrics, what watches its model, and its logs."""
