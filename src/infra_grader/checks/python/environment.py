"""The python.environment check kind."""

from __future__ import annotations

from fractions import Fraction

from infra_grader.checks.python._files import PythonParams, first_place, readable_names
from infra_grader.plugin import Annotated, Context, Evidence, Meta, Outcome, check
from infra_grader.reading.python_environment import Reading, environment_readings


class Environment(PythonParams, kw_only=True):
    """Which files, and the variables that they read."""

    variables: Annotated[
        dict[str, str | int | float | bool | None],
        Meta(min_length=1, description="Variables that must be read, each with its default; null where any will do."),
    ]


@check("python.environment")
def environment(context: Context, params: Environment) -> Outcome:
    """The code reads its settings from environment variables, with the defaults asked for.

    Understood are `os.environ`, `os.getenv`, own functions that pass a name on to them, pydantic settings,
    environs, decouple and starlette's Config.
    """
    files, faults = readable_names(context, params)
    readings = environment_readings(files)
    pieces = [_look(readings, name, default, first_place(params)) for name, default in params.variables.items()]
    missing = [evidence for is_there, evidence in pieces if not is_there]
    first = f"; {missing[0].expected}: {missing[0].actual}" if missing else ""
    return Outcome.partial(
        Fraction(len(pieces) - len(missing), len(pieces)),
        f"{len(pieces) - len(missing)} of {len(pieces)} environment variables are read as asked{first}.",
        *missing,
        *(evidence for is_there, evidence in pieces if is_there),
        *faults,
    )


def _look(readings: list[Reading], name: str, default: object, place: str) -> tuple[bool, Evidence]:
    found = [reading for reading in readings if reading.name == name]
    expected = name if default is None else f"{name}, default {default}"
    if not found:
        return False, Evidence(path=place, expected=expected, actual="not read")
    best = next((reading for reading in found if _is_same(reading.default, default)), found[0])
    is_right = default is None or _is_same(best.default, default)
    actual = (
        f"read, default {best.default}" if best.default is not None else "read, without a default that is a literal"
    )
    return is_right, Evidence(path=best.path, line=best.line, expected=expected, actual=actual)


def _is_same(found: object, wanted: object) -> bool:
    """Whether two defaults mean the same: `"5000"` and 5000, `"False"` and false."""
    if isinstance(wanted, bool) or isinstance(found, bool):
        return _truth(found) == _truth(wanted)
    return found is not None and str(found).casefold() == str(wanted).casefold()


def _truth(value: object) -> str:
    text = str(value).casefold()
    if text in ("false", "0", "no", "off", ""):
        return "false"
    return "true" if text in ("true", "1", "yes", "on") else text
