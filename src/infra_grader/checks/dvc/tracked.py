"""The dvc.tracked check kind."""

from __future__ import annotations

from fnmatch import fnmatchcase

import msgspec

from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Meta, Outcome, Params, TextFile, check
from infra_grader.reading.dvc import covers, read_hashes
from infra_grader.reading.pieces import Piece, judge, whole

MOST_SHOWN = 20
DATA_ENDINGS = (".csv", ".parquet", ".pkl", ".pth", ".pt", ".onnx", ".h5", ".npy", ".npz", ".joblib", ".feather")
LARGE_BYTES = 1024 * 1024


class Tracked(Params):
    """What has to be tracked."""

    paths: Annotated[
        list[Annotated[list[str], Meta(min_length=1)]],
        Meta(description="Data that is tracked, each by patterns of its path of which any will do: [data/raw*]."),
    ] = msgspec.field(default_factory=list)
    min_tracked: Annotated[int, Meta(ge=1, description="How many files or folders are tracked.")] = 1


@check("dvc.tracked")
def tracked(context: Context, params: Tracked) -> Outcome:
    """Data is tracked by DVC with its hash, in `.dvc` files or `dvc.lock`, and is not handed in itself.

    Data of the submission that is larger than a mebibyte, or that DVC tracks, belongs into the remote.
    """
    found: dict[str, str] = {}
    for path in context.workspace.find("**/*.dvc", "**/dvc.lock"):
        found |= dict.fromkeys(read_hashes(TextFile(path, context.workspace.read_text(path))), path)
    if not found:
        raise CheckFailed(
            "DVC tracks nothing yet.",
            Evidence(path="dvc.lock", expected="files with hashes, by `dvc add` or `dvc repro`", actual="none"),
        )
    pieces: list[Piece] = []
    where = Evidence(path=next(iter(found.values())), actual=", ".join(found)[:300])
    pieces.append(
        whole(
            len(found) >= params.min_tracked,
            f"{len(found)} of {params.min_tracked} are tracked",
            where.replace(expected=f"{params.min_tracked} tracked files or folders"),
        )
    )
    for patterns in params.paths:
        name = next((item for item in found if any(_fits(item, pattern) for pattern in patterns)), None)
        wanted = " or ".join(patterns)
        seen = Evidence(path=found[name], actual=name) if name else where
        pieces.append(whole(name is not None, f"{wanted} is not tracked", seen.replace(expected=wanted)))
    handed_in = _handed_in(context, found)
    gaps = [Evidence(path=path, expected="in the remote", actual="handed in") for path in handed_in[:MOST_SHOWN]]
    pieces.append(whole(not handed_in, f"{handed_in[0] if handed_in else ''} is handed in itself", *(gaps or [where])))
    return judge("What DVC tracks", pieces)


def _fits(path: str, pattern: str) -> bool:
    return fnmatchcase(path, pattern) or covers(path, pattern.rstrip("/*"))


def _handed_in(context: Context, found: dict[str, str]) -> tuple[str, ...]:
    """Return the data that git would carry: what DVC tracks, and large files of data; ignored files are none."""
    return context.workspace.files(
        lambda path: (
            any(path == item or path.startswith(f"{item}/") for item in found)
            or (path.endswith(DATA_ENDINGS) and context.workspace.size(path) > LARGE_BYTES)
        )
    )
