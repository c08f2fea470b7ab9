"""Modules of the rubric's own that stand in for packages, laid out where a sandbox can mount them."""

from __future__ import annotations

import os
import shutil

from infra_grader.capabilities.home import open_home
from infra_grader.capabilities.sandbox import Mount
from infra_grader.plugin import Context

STAND_INS = "/stand-ins"


def laid_out(context: Context, folder: str) -> Mount:
    """Return a copy of the rubric's folder that every user can read; it is removed at the end of the submission.

    The rubric's own folder may be closed to others, and is hidden from learner code.
    """
    source = context.rubric_directory(folder)

    def copy() -> Mount:
        home = open_home("infra-grader-stand-ins-")
        context.on_close(home.close)
        os.chmod(home.folder, 0o755)  # noqa: S103 - as below
        target = home.folder / "modules"
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        for place, _folders, files in os.walk(target):
            os.chmod(place, 0o755)  # noqa: S103 - nothing secret, and others must read it
            for name in files:
                os.chmod(os.path.join(place, name), 0o644)
        return Mount(folder=target)

    return context.shared(("stand-ins", str(source)), copy, reads_files=False)
