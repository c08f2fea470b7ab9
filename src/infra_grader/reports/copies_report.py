"""What submissions have in common, for the instructor: as a page, as JSON for tools, and in short for a terminal."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

from infra_grader.model.copies import Copies, Excerpt, KindShare, Pair
from infra_grader.reports import _page, _text

if TYPE_CHECKING:
    from jinja2 import Environment

SCHEMA = "infra-grader/copies/v1"
SMALL = 40
"""Fingerprints of its own below which a submission is alike to others by chance."""
OPEN = 3
"""Pairs whose places are open when the page is."""
SHORT = 20
"""Pairs that a terminal shows."""


def render_html(copies: Copies) -> str:
    """Return the page; all that learners wrote is escaped, and its policy lets nothing run or load."""
    from markupsafe import Markup

    style = _page.source("report.css") + _page.source("copies.css")
    return (
        _environment()
        .get_template("copies.html")
        .render(
            copies=copies,
            style=Markup(style),  # noqa: S704 - our own files
            policy=f"default-src 'none'; style-src {_page.digest(style)}; base-uri 'none'; form-action 'none'",
            left_out=left_out(copies),
            detailed=[pair for pair in copies.pairs if pair.kinds],
            anchors={(pair.left, pair.right): f"pair-{n}" for n, pair in enumerate(copies.pairs, 1) if pair.kinds},
            opened=OPEN,
        )
    )


def render_json(copies: Copies) -> str:
    """Return the same as indented JSON in ASCII, ending with a newline."""
    import json  # the page does without

    return json.dumps(_object(copies), indent=2) + "\n"


def render_terminal(copies: Copies) -> str:
    """Return the first pairs, a line each."""
    total = len(copies.pairs) + copies.more_pairs
    read = f"{len(copies.compared)} submissions compared, {len(copies.uncompared)} could not be"
    lines = [f"{read}; pairs with something of their own in common: {total}"]
    lines += [
        f"{percent(pair.share):>5}  {_text.line(pair.left)}  {_text.line(pair.right)}  {remarks(pair)}".rstrip()
        for pair in copies.pairs[:SHORT]
    ]
    if len(copies.pairs) > SHORT:
        lines.append(f"and {len(copies.pairs) - SHORT + copies.more_pairs} more")
    lines.append("Alike is no proof of anything. --report html=FILE shows the places side by side.")
    return "\n".join(lines) + "\n"


def percent(share: float) -> str:
    """Return a share in percent; what is not quite nothing or all does not read as such."""
    rounded = round(100 * share)
    if rounded == 0 and share > 0:
        return "<1 %"
    return "99 %" if rounded == 100 and share < 1 else f"{rounded} %"


def remarks(pair: Pair) -> str:
    """Return what should be known beside the share of a pair."""
    said = [f"longest place {pair.longest} lines"] if pair.longest else []
    if min(pair.left_size, pair.right_size) < SMALL:
        said.append("little to compare")
    return ", ".join(said)


def kind_words(kind: KindShare) -> str:
    """Return `Python 80 % (40 of 50)`."""
    smaller = min(kind.left, kind.right)
    return (
        f"{kind.kind} {percent(kind.share)} ({kind.alike} of {smaller})" if smaller else f"{kind.kind}: one side only"
    )


def where(excerpt: Excerpt) -> str:
    """Return `src/app.py:3-40`."""
    return f"{_text.line(excerpt.path)}:{excerpt.first}-{excerpt.last}"


def cut_lines(excerpt: Excerpt) -> int:
    """Return how many lines of a stretch are not shown."""
    return max(0, excerpt.last - excerpt.lines[-1].number) if excerpt.lines else 0


def code(text: str) -> str:
    """Return a line of a file as it is shown."""
    return _text.line(text.expandtabs(4).rstrip(), 240)


def left_out(copies: Copies) -> list[tuple[str, int]]:
    """Return how many files of the class were left out for each reason, most first."""
    counts: Counter[str] = Counter()
    for compared in copies.compared:
        counts.update(compared.left_out)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


WORDS = (percent, remarks, kind_words, where, cut_lines, code, _text.line)


@cache
def _environment() -> Environment:
    return _page.environment(WORDS)


def _object(copies: Copies) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "roster": _text.line(copies.roster),
        "terms": {
            "common_from": copies.terms.common_from,
            "group_share": copies.terms.group_share,
            "fewest": copies.terms.fewest,
            "starter_files": copies.terms.starter_files,
            "starter_marks": copies.terms.starter_marks,
        },
        "submissions": [
            {
                "learner": found.learner,
                "files": found.files,
                "fingerprints": found.size,
                "commit": found.commit or None,
                "left_out": dict(found.left_out),
            }
            for found in copies.compared
        ],
        "uncompared": [{"learner": item.learner, "reason": _text.line(item.reason)} for item in copies.uncompared],
        "together": [list(group) for group in copies.together],
        "groups": [{"learners": list(group.learners), "pairs": group.pairs} for group in copies.groups],
        "spread": list(copies.spread),
        "pairs": [_pair(pair) for pair in copies.pairs],
        "more_pairs": copies.more_pairs,
    }


def _pair(pair: Pair) -> dict[str, Any]:
    made: dict[str, Any] = {
        "left": pair.left,
        "right": pair.right,
        "share": round(pair.share, 4),
        "alike": pair.alike,
        "left_fingerprints": pair.left_size,
        "right_fingerprints": pair.right_size,
    }
    if pair.kinds:
        made["kinds"] = [
            {"kind": kind.kind, "alike": kind.alike, "left": kind.left, "right": kind.right} for kind in pair.kinds
        ]
        made["longest_lines"] = pair.longest
        made["places"] = [
            {"kind": place.kind, "lines": place.lines, "left": _excerpt(place.left), "right": _excerpt(place.right)}
            for place in pair.places
        ]
        made["more_places"] = pair.more_places
    return made


def _excerpt(excerpt: Excerpt) -> dict[str, Any]:
    return {"path": _text.line(excerpt.path), "first": excerpt.first, "last": excerpt.last}
