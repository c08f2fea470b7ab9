"""What submissions of a class have in common. It is for a person to look at, and no part of any score."""

from collections.abc import Mapping

from infra_grader.model.record import Record


class Line(Record):
    """A line of a file."""

    number: int
    text: str
    is_alike: bool
    """Whether it is part of what both have; the others show where it stands."""


class Excerpt(Record):
    """A stretch of a learner's file."""

    path: str
    first: int
    last: int
    """Lines between which it is alike, from 1; more of them than `lines` shows if it is long."""
    lines: tuple[Line, ...]


class Place(Record):
    """A stretch of one submission beside the stretch of another that it is alike to."""

    kind: str
    left: Excerpt
    right: Excerpt
    lines: int
    """Lines of the left one that are alike, all counted."""


class KindShare(Record):
    """What a pair has in common in files of one kind."""

    kind: str
    alike: int
    """Fingerprints that both have."""
    left: int
    right: int
    """Fingerprints of each that are its own."""

    @property
    def share(self) -> float:
        """The part that both have, of what the smaller one has, from 0 to 1."""
        smaller = min(self.left, self.right)
        return self.alike / smaller if smaller else 0.0


class Pair(Record):
    """Two submissions and how alike they are."""

    left: str
    right: str
    """Ids of the learners, in the order of the roster."""
    alike: int
    """Fingerprints that both have, and that are neither handed out nor common in the class."""
    left_size: int
    right_size: int
    """Fingerprints of each that are its own."""
    kinds: tuple[KindShare, ...] = ()
    """Most in common first; only for pairs with places, as all that follows."""
    places: tuple[Place, ...] = ()
    """The longest first."""
    more_places: int = 0
    """Places that are not in `places`."""
    longest: int = 0
    """Lines of the longest place."""

    @property
    def share(self) -> float:
        """The part that both have, of what the smaller one has, from 0 to 1."""
        smaller = min(self.left_size, self.right_size)
        return self.alike / smaller if smaller else 0.0


class Group(Record):
    """Learners whose submissions hang together, each being alike to another one of the group."""

    learners: tuple[str, ...]
    pairs: int
    """Pairs among them that are that alike."""


class Compared(Record):
    """A submission that was compared with all others."""

    learner: str
    files: int
    """Files that were read."""
    size: int
    """Fingerprints that are its own."""
    commit: str = ""
    left_out: Mapping[str, int] = {}
    """Files that were not read, counted by the reason."""


class Uncompared(Record):
    """A learner whose work could not be compared, and why."""

    learner: str
    reason: str
    is_ours: bool = False
    """Whether asking again may help."""


class Terms(Record):
    """How the class was compared."""

    common_from: int
    """What more submissions than that have in common is left out."""
    group_share: float
    """The share from which two submissions hang together."""
    fewest: int
    """Fingerprints that a pair must share to be named."""
    starter_files: int = 0
    """Files of what was handed out that were at hand and are left out, in parts too."""
    starter_marks: int = 0
    """Files of what was handed out that are left out only where they are unchanged."""
    top: int = 0
    """Pairs whose places are shown."""


class Copies(Record):
    """What the submissions of a class have in common."""

    roster: str
    terms: Terms
    compared: tuple[Compared, ...]
    uncompared: tuple[Uncompared, ...] = ()
    together: tuple[tuple[str, ...], ...] = ()
    """Learners who hand in one work, and are not compared with one another."""
    pairs: tuple[Pair, ...] = ()
    """The most alike first."""
    more_pairs: int = 0
    """Pairs that have something in common and are not in `pairs`."""
    groups: tuple[Group, ...] = ()
    spread: tuple[int, ...] = ()
    """Number of pairs by their share: up to 10 %, up to 20 %, and so on; ten numbers."""
    common: int = 0
    """Fingerprints that are left out because so many have them."""
