"""The HTML in a Markdown document: what it leaves on the page."""

from functools import cache

HIDING = (("<!--", "-->"), ("<script", "</script>"), ("<style", "</style>"))
"""What opens and closes text that is in the file and not on the page."""

ELEMENTS = (
    "a abbr area article aside audio b base bdi bdo big blockquote body br button canvas caption center cite "
    "code col colgroup datalist dd del details dfn dialog div dl dt em embed fieldset figcaption figure font "
    "footer form g h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input ins kbd legend li main "
    "map mark math menu meta meter nav noscript ol optgroup option output p param path picture pre progress q "
    "rp rt ruby s samp script search section select slot small span strike strong style sub summary sup svg "
    "table tbody td template textarea tfoot th thead tr track tt u ul var video wbr"
)
"""What people write into a page, without those whose names are asked for in blanks: a title, a link, a time."""
FLAGS = frozenset(["open", "hidden", "controls", "disabled", "checked", "reversed", "autoplay", "loop", "muted"])
"""Attributes that have no value."""


def is_element(tag: str) -> bool:
    """Whether a tag is one of HTML, or a comment; `<your answer>` and `<title and link>` are neither."""
    if tag[1:2] in {"/", "!", "?"} or "=" in tag:
        return True
    name, *rest = tag[1:-1].rstrip("/").lower().split() or [""]
    return name in _elements() and FLAGS.issuperset(rest)


def strip_html(html: str) -> str:
    """Return the text between the tags of a block; its lines keep their places."""
    lowered = html.lower()
    pieces: list[str] = []
    position = 0
    while (start := html.find("<", position)) >= 0:
        pieces.append(html[position:start])
        closing = next((end for opening, end in HIDING if lowered.startswith(opening, start)), ">")
        end = lowered.find(closing, start)
        if end < 0:  # never closed: what follows is hidden, or no tag
            position = len(html) if closing != ">" else start + 1
            pieces.append(html[position:].replace("<", " "))
            return "".join(pieces)
        position = end + len(closing)
        tag = html[start:position]
        pieces.append(" " + "\n" * tag.count("\n") if closing != ">" or is_element(tag) else tag)
    return "".join([*pieces, html[position:]])


@cache
def _elements() -> frozenset[str]:
    return frozenset(ELEMENTS.split())
