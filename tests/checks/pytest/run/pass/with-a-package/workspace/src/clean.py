"""Cleans tables."""

import frames


def clean(table):
    """Return a table without gaps. Raises ValueError for an empty one."""
    if not table.rows:
        raise ValueError("no rows")
    return frames.Frame([row for row in table.rows if row is not None])
