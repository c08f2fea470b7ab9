"""Data validated with Great Expectations: suites that say something, and a pipeline that stops where they fail."""
