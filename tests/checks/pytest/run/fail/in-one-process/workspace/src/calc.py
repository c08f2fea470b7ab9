"""Small statistics."""

from collections import Counter


def mean(numbers):
    """Return the mean. Raises ValueError for no numbers."""
    if not numbers:
        return 0
    return sum(numbers) / len(numbers)


class Tally:
    """Counts things."""

    def __init__(self):
        self.counts = Counter()

    def see(self, thing):
        """Count one more."""
        self.counts[thing] += 1

    def most(self):
        """Return what was seen most often."""
        return self.counts.most_common(1)[0][0]
