"""Text that says nothing: lorem ipsum, and one sentence in place of many."""

import re
from collections import Counter
from functools import cache

from infra_grader.reading.markdown import Document, count_words
from infra_grader.reading.topics import fold

LOREM_TEXT = (
    "lorem ipsum dolor amet consectetur adipiscing elit eiusmod tempor incididunt labore dolore magna aliqua enim "
    "veniam nostrud exercitation ullamco laboris nisi aliquip commodo consequat duis aute irure reprehenderit velit "
    "cillum fugiat pariatur excepteur sint occaecat cupidatat proident culpa officia deserunt mollit laborum"
)
LOREM = frozenset(LOREM_TEXT.split())
LOREM_WORDS = 4
"""Different words of it that make a line filler; fewer are Latin, Spanish or a name."""

REPEATED_WORDS = 6
"""Words from which a text that stands again and again is filler; shorter ones are answers such as "Berlin, remote"."""
REPEATS = 3


def is_lorem(text: str) -> bool:
    """Whether a text is lorem ipsum."""
    folded = fold(text)
    return "lorem ipsum" in folded or len(LOREM.intersection(_words().findall(folded))) >= LOREM_WORDS


def hollow_texts(document: Document) -> frozenset[str]:
    """Return the texts of a document, folded, that say nothing where they stand."""
    counts = Counter(fold(passage.text) for passage in document.passages if passage.kind != "heading")
    return frozenset(
        text
        for text, times in counts.items()
        if is_lorem(text) or (times >= REPEATS and count_words([text]) >= REPEATED_WORDS)
    )


@cache
def _words() -> re.Pattern[str]:
    return re.compile(r"[^\W\d_]+")
