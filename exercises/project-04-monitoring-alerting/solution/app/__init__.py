"""The churn API."""
