"""What a schema cannot say about a rubric: rules between its parts, each with its own words.

Every rule reads a draft and yields faults; values of the wrong type are passed over, since the schema names them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from decimal import Decimal
from graphlib import CycleError, TopologicalSorter

from infra_grader.errors import PluginError
from infra_grader.loading.rubric_draft import (
    CheckDraft,
    Fault,
    Path,
    RubricDraft,
    list_of,
    mapping_of,
    number_of,
    text_of,
)
from infra_grader.loading.rubric_format import AWARD_ROW, MOST_POINTS

KindNames = Callable[[], Iterable[str]]
MAX_RINGS = 20
"""Rings of `needs` that are named in one go."""
MAX_NAMES = 500
"""Names among which the nearest is looked for: each costs a comparison."""


def rubric_faults(draft: RubricDraft, kind_names: KindNames) -> list[Fault]:
    """Return every fault of a draft that is one between its parts."""
    return [fault for rule in RULES for fault in rule(draft)] + list(_unusable_kinds(draft, kind_names))


def _unusable_kinds(draft: RubricDraft, kind_names: KindNames) -> Iterator[Fault]:
    """Yield kinds that no plugin provides, and those whose plugin is broken."""
    troubled = [(check, check.trouble) for check in draft.checks if check.trouble is not None]
    if not troubled:
        return
    try:
        names = sorted(kind_names())
    except PluginError:  # another plugin is broken: no reason to hide what is wrong here
        names = []
    for check, trouble in troubled:
        path = (*check.path, "uses")
        if check.uses in names:
            yield Fault(path, f'the check kind "{check.uses}" cannot be used: {trouble.problem}', trouble.remedy)
        else:
            allowed = "a check kind that `infra-grader checks` lists"
            yield Fault(path, f'no check kind is called "{check.uses}"', allowed, nearest(check.uses, names))


def nearest(name: str, known: Collection[str]) -> str:
    """Return the known name that is most like this one, or nothing."""
    import difflib  # only on the way to an error

    if len(known) > MAX_NAMES or len(name) > 100:
        return ""
    if match := difflib.get_close_matches(name, known, n=1, cutoff=0.6):
        return match[0]
    return next((other for other in known if name and other.endswith(f".{name}")), "")


def _empty_parts(draft: RubricDraft) -> Iterator[Fault]:
    if draft.data.get("criteria") == []:
        yield Fault(("criteria",), "the rubric has no criteria, so there is nothing to grade", "at least one criterion")
    for path, data, _, noun in draft.groups:
        if data.get("checks") == []:
            yield Fault(
                (*path, "checks"), f"{noun} has no checks, so its points cannot be earned", "at least one check"
            )


def _repeated_ids(draft: RubricDraft) -> Iterator[Fault]:
    for noun, things in (
        ("criterion", [(group.path, text_of(group.data.get("id"))) for group in draft.criteria]),
        ("check", [(check.path, check.id) for check in draft.checks]),
    ):
        first: dict[str, Path] = {}
        for path, name in things:
            if name in first:
                message = f'the id "{name}" is used twice; {path_text(first[name])} has it already'
                yield Fault((*path, "id"), message, f"an id that no other {noun} has")
            elif name:
                first[name] = path


def _amounts(draft: RubricDraft) -> Iterator[tuple[Path, object]]:
    """Yield every value that counts points."""
    yield ("points",), draft.data.get("points")
    yield ("pass_mark",), draft.data.get("pass_mark")
    yield ("starter", "ceiling"), mapping_of(draft.data.get("starter")).get("ceiling")
    for path, data, _, _ in draft.groups:
        key = "max_points" if path == ("bonus",) else "points"
        yield (*path, key), data.get(key)
    for check in draft.penalties:
        yield (*check.path, "points"), check.data.get("points")


def _fine_points(draft: RubricDraft) -> Iterator[Fault]:
    for path, value in _amounts(draft):
        number = number_of(value)
        # Larger ones are refused as such, and hundredths of far larger ones are beyond what can be reckoned.
        if number is not None and abs(number) <= MOST_POINTS and number != round(number, 2):
            yield Fault(path, f"{value} points are finer than a hundredth", "at most two decimals")


def _sums(draft: RubricDraft) -> Iterator[Fault]:
    wanted = number_of(draft.data.get("points"))
    rows = list_of(draft.data.get("criteria"))
    shares = [number_of(mapping_of(row).get("points")) for row in rows]
    known = [share for share in shares if share is not None]
    if wanted is None or len(known) < len(shares) or not rows:
        return
    if (total := sum(known, Decimal(0))) != wanted:
        message = f"the criteria add up to {plain(total)} points, not {plain(wanted)}"
        yield Fault(("points",), message, "criteria that add up to it exactly")


def _marks(draft: RubricDraft) -> Iterator[Fault]:
    points = number_of(draft.data.get("points"))
    ceiling = mapping_of(draft.data.get("starter")).get("ceiling")
    for path, value in ((("pass_mark",), draft.data.get("pass_mark")), (("starter", "ceiling"), ceiling)):
        mark = number_of(value)
        if points is not None and mark is not None and mark > points:
            noun = "pass mark" if path == ("pass_mark",) else "ceiling"
            yield Fault(path, f"the {noun} {plain(mark)} is above the rubric's points", f"at most {plain(points)}")


def _weights(draft: RubricDraft) -> Iterator[Fault]:
    for path, _, checks, noun in draft.groups:
        weights = [number_of(check.data.get("weight", 1)) for check in checks]
        if weights and all(weight == 0 for weight in weights):
            message = f"every check of {noun} has weight 0, so its points cannot be earned"
            yield Fault((*path, "checks"), message, "at least one weight above 0")


def _grades(draft: RubricDraft) -> Iterator[Fault]:
    above: tuple[str, Decimal] | None = None
    for letter, value in mapping_of(draft.data.get("grades")).items():
        percent = number_of(value)
        if percent is None:
            continue
        if not 0 <= percent <= 100:
            yield Fault(("grades", letter), f"{plain(percent)} is no percent of the points", "a number from 0 to 100")
        elif above is not None and percent >= above[1]:
            message = f'grade "{letter}" starts at {plain(percent)}, not below "{above[0]}" at {plain(above[1])}'
            yield Fault(("grades", letter), message, "grades from the best down, each starting lower")
        above = (letter, percent)


def _awards(draft: RubricDraft) -> Iterator[Fault]:
    for check in draft.checks:
        table = check.data.get("award")
        path = (*check.path, "award")
        if table is None:
            continue
        if check.kind is not None and not check.kind.measure:
            yield Fault(path, f'"{check.uses}" measures nothing, so no award can apply', "no award here")
        if table == {}:
            yield Fault(path, "the award table has no rows, so nothing could be earned", "at least one row")
        for condition, value in mapping_of(table).items():
            if not re.fullmatch(AWARD_ROW, condition):
                allowed = 'an operator (<=, <, >=, > or ==) and a number, such as "<= 5"'
                yield Fault((*path, condition), f'"{condition}" is no condition', allowed, "", True)
            share = number_of(value)
            if share is not None and not 0 <= share <= 1:
                yield Fault((*path, condition), f"{plain(share)} is no fraction of the points", "a number from 0 to 1")


def _by_id(draft: RubricDraft) -> dict[str, CheckDraft]:
    """Return the checks in the rubric's order; of those with the same id the first."""
    found: dict[str, CheckDraft] = {}
    for check in draft.checks:
        if check.id:
            found.setdefault(check.id, check)
    return found


def _needs(draft: RubricDraft) -> Iterator[Fault]:
    by_id = _by_id(draft)
    for check in draft.checks:
        for path, name in check.named():
            needed = by_id.get(name)
            if name == check.id:
                yield Fault(path, f'the check "{name}" needs itself', "the id of another check")
            elif needed is None:
                yield Fault(path, f'no check has the id "{name}"', "the id of a check", nearest(name, by_id))
            elif check.is_scored and not needed.is_scored:
                noun = "bonus" if needed.path[0] == "bonus" else "penalty"
                message = f'"{name}" is a {noun} check, and a criterion\'s check may not need one'
                yield Fault(path, message, "the id of a criterion's check")


def _rings(draft: RubricDraft) -> Iterator[Fault]:
    by_id = _by_id(draft)
    needs = {
        name: {needed for _, needed in check.named() if needed in by_id and needed != name}
        for name, check in by_id.items()
    }
    for _ in range(MAX_RINGS):
        try:
            TopologicalSorter(needs).prepare()
        except CycleError as error:
            ring = _from_first(list(reversed(error.args[1]))[:-1], by_id)
        else:
            return
        check = by_id[ring[0]]
        path = next(path for path, needed in check.named() if needed == ring[1])
        chain = " → ".join([*ring, ring[0]])
        yield Fault(path, f"checks need one another in a ring: {chain}", "needs that lead back to no check of the ring")
        for name in ring:
            needs[name] = set()


def _from_first(ring: list[str], by_id: Iterable[str]) -> list[str]:
    """Return the ring from its check that comes first in the rubric; each needs the next."""
    members = set(ring)
    start = ring.index(next(name for name in by_id if name in members))
    return ring[start:] + ring[:start]


def _expressions(draft: RubricDraft) -> Iterator[Fault]:
    for check in draft.checks:
        for role, path, text in check.marked:
            if role != "regex":
                continue
            try:
                re.compile(text)
            except (re.error, OverflowError, RecursionError) as error:
                reason = "it is nested too deep" if isinstance(error, RecursionError) else error
                message = f'"{text[:80]}" is no regular expression: {reason}'
                yield Fault((*check.path, "with", *path), message, "a regular expression in Python's syntax")


def _paths(draft: RubricDraft) -> Iterator[Fault]:
    for check in draft.checks:
        for role, path, text in check.marked:
            if role == "path":
                yield from _path_faults((*check.path, "with", *path), text)
    for place, root in enumerate(list_of(mapping_of(draft.data.get("submission")).get("roots"))):
        yield from _path_faults(("submission", "roots", place), text_of(root))


def _path_faults(path: Path, text: str) -> Iterator[Fault]:
    """Yield what is wrong with a path in the submission; the schema's pattern refuses the same."""
    if text.startswith("/") or re.match(r"[A-Za-z]:[/\\]", text) or ".." in re.split(r"[/\\]", text):
        yield Fault(path, f'"{text}" leads out of the submission', "a path in the submission, such as src")
    elif "\\" in text:
        yield Fault(path, f'"{text}" is written with backslashes', "forward slashes")


def _late_periods(draft: RubricDraft) -> Iterator[Fault]:
    late = draft.data.get("late")
    if isinstance(late, dict) and ("per_day" in late) == ("per_hour" in late):
        said = "both per_day and per_hour" if "per_day" in late else "neither per_day nor per_hour"
        yield Fault(("late",), f"the late policy says {said}", "one of per_day and per_hour, such as per_day: 10%")


RULES: tuple[Callable[[RubricDraft], Iterator[Fault]], ...] = (
    _empty_parts,
    _repeated_ids,
    _fine_points,
    _sums,
    _late_periods,
    _marks,
    _weights,
    _grades,
    _awards,
    _needs,
    _rings,
    _expressions,
    _paths,
)


def plain(number: Decimal) -> str:
    """Return a number as people write it: 100, not 1E+2 or 100.0."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def path_text(path: Path) -> str:
    """Return a path as it is shown: `criteria[0].checks[2].with.paths`."""
    import json  # only on the way to an error

    shown = ""
    for step in path:
        if isinstance(step, int):
            shown += f"[{step}]"
        elif re.fullmatch(r"[A-Za-z_][\w-]*", step):
            shown += f".{step}" if shown else step
        else:
            shown += f"[{json.dumps(step, ensure_ascii=False)}]"
    return shown
