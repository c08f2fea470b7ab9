"""Stand-in: every name is there, nothing happens."""

import anything

anything.stand_in(__name__)
