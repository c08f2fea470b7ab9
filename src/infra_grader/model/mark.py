"""A person's mark: what they give for a check that only a person can judge."""

from decimal import Decimal

from infra_grader.model.record import Record


class Place(Record):
    """Where something stands in a file, from 1; in a table, the column is the number of the cell."""

    line: int
    column: int


class Mark(Record):
    """What a file of marks says about one check of one learner."""

    learner: str
    check: str
    level: int | None = None
    points: Decimal | None = None
    """One of `level` and `points` is given."""
    comment: str = ""
    by: str = ""
    """Who judged, where the file says it."""
    at: str = ""
    """When, ISO 8601, where the file says it."""
    learner_place: Place = Place(line=1, column=1)
    check_place: Place = Place(line=1, column=1)
    value_place: Place = Place(line=1, column=1)
