"""The dvc.remote check kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

import msgspec

from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Meta, Outcome, Params, check
from infra_grader.reading.dvc import read_configuration
from infra_grader.reading.pieces import Piece, judge, whole

SECRET = ("secret_access_key", "password", "connection_string", "account_key", "sas_token", "token", "ask_password")


class Remote(Params):
    """What the remote has to be."""

    urls: Annotated[
        list[str], Meta(description="Patterns of its address, any of which will do: `s3://*`, `gs://*`, `ssh://*`.")
    ] = msgspec.field(default_factory=lambda: ["*://*"])
    is_default: Annotated[bool, Meta(description="Whether it has to be the default one.")] = True


@check("dvc.remote")
def remote(context: Context, params: Remote) -> Outcome:
    """DVC is initialised and keeps its data in a remote, with no credentials in the committed configuration."""
    found = read_configuration(context.workspace)
    if found is None:
        raise CheckFailed(
            "DVC was not initialised: there is no .dvc/config of your own.",
            Evidence(path=".dvc/config", expected="a configuration with a remote", actual="not there"),
        )
    path, parser = found
    remotes = {
        name.partition('"')[2].rstrip("\"'"): dict(parser[name]) for name in parser.sections() if 'remote "' in name
    }
    return judge(path, list(_pieces(path, remotes, parser.get("core", "remote", fallback=""), params)))


def _pieces(path: str, remotes: Mapping[str, Mapping[str, str]], default: str, params: Remote) -> Iterator[Piece]:
    place = Evidence(path=path, expected=" or ".join(params.urls), actual="no remote")
    fitting = {
        name: facts["url"]
        for name, facts in remotes.items()
        if any(fnmatchcase(facts.get("url", ""), pattern) for pattern in params.urls)
    }
    shown = ", ".join(facts.get("url", name) for name, facts in remotes.items())
    yield whole(bool(fitting), "no remote is where it should be", place.replace(actual=shown or "no remote"))
    if params.is_default:
        seen = place.replace(expected="a default remote", actual=default or "none")
        yield whole(default in fitting, "the remote is not the default one", seen)
    secrets = [f"{name}: {key}" for name, facts in remotes.items() for key in facts if key in SECRET]
    seen = place.replace(
        expected="no credentials (they belong into .dvc/config.local)", actual=", ".join(secrets) or "none"
    )
    yield whole(bool(remotes) and not secrets, "credentials are in the committed configuration", seen)
