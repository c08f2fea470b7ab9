"""Pipelines of GitHub Actions and GitLab CI: valid, started by the right events, and doing what they say."""
