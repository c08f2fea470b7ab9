"""The python.routes check kind."""

from __future__ import annotations

import re
from fractions import Fraction

from infra_grader.checks.python._files import PythonParams, first_place, readable_names
from infra_grader.checks.python._routes import Route, find_routes, plain_path
from infra_grader.plugin import Annotated, Context, Evidence, Meta, Outcome, check

ROUTE = r"^[A-Z]+ /\S*$"
# Held below: msgspec crashes where a union has a text with a pattern beside a list, see `RelativePath`.
RouteText = Annotated[str, Meta(description="Method and path: `POST /predict`.", extra_json_schema={"pattern": ROUTE})]


class Routes(PythonParams, kw_only=True):
    """Which files, and the routes that they must serve."""

    routes: Annotated[
        tuple[RouteText | Annotated[list[RouteText], Meta(min_length=1)], ...],
        Meta(min_length=1, description="Routes such as `POST /predict`; a list names alternatives."),
    ]

    def __post_init__(self) -> None:
        """Refuse what is no route."""
        for item in self.routes:
            for text in [item] if isinstance(item, str) else item:
                if not re.match(ROUTE, text):
                    raise ValueError(f"{text!r} is no method and path such as `POST /predict`")


@check("python.routes")
def routes(context: Context, params: Routes) -> Outcome:
    """The code serves HTTP routes of Flask or FastAPI, each by a function with a body of its own.

    Understood are decorators, blueprints and routers with their prefixes, `add_url_rule`, `add_api_route` and
    `add_resource`. Parameters in a path match whatever they are called.
    """
    files, faults = readable_names(context, params)
    found = find_routes(files)
    wanted = [[item] if isinstance(item, str) else item for item in params.routes]
    pieces = [_look(found, alternatives, first_place(params)) for alternatives in wanted]
    missing = [evidence for is_there, evidence in pieces if not is_there]
    first = f"; {missing[0].expected}: {missing[0].actual}" if missing else ""
    return Outcome.partial(
        Fraction(len(pieces) - len(missing), len(pieces)),
        f"{len(pieces) - len(missing)} of {len(pieces)} routes are served{first}.",
        *missing,
        *(evidence for is_there, evidence in pieces if is_there),
        *faults,
    )


def _look(found: list[Route], alternatives: list[str], place: str) -> tuple[bool, Evidence]:
    expected = " or ".join(alternatives)
    nearest: Route | None = None
    for route in found:
        for wanted in alternatives:
            method, _, path = wanted.partition(" ")
            if plain_path(route.path) != plain_path(path):
                continue
            if method in route.methods and route.has_own_body:
                return True, _place(route, expected, f"{method} {route.path}")
            nearest = route
    if nearest is None:
        return False, Evidence(path=place, expected=expected, actual="not served")
    if not nearest.has_own_body:
        return False, _place(nearest, expected, "its function is only a stub")
    return False, _place(nearest, expected, f"only {' and '.join(sorted(nearest.methods))}")


def _place(route: Route, expected: str, actual: str) -> Evidence:
    return Evidence(path=route.file, line=route.line, expected=expected, actual=actual)
