"""Stand-in for torchvision: two networks; of all else every name is there, and nothing happens."""

import anything

anything.stand_in(__name__)

import torchvision.models  # noqa: E402, F401 - needs the line above
