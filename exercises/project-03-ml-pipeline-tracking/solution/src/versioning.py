"""Fourth step: keeps the present state of the data with DVC."""

from __future__ import annotations

import logging
import subprocess
from pathlib import Path

import yaml

logger = logging.getLogger(__name__)


def version_data(root: str | Path, message: str) -> str:
    """Note the outputs of the stages in dvc.lock, and push them to the remote.

    Args:
        root: Folder of the project.
        message: What this version is; it goes into the log.

    Returns:
        The hash of the processed data, which names the version.

    Raises:
        subprocess.CalledProcessError: If DVC refuses.
    """
    for command in (["dvc", "commit", "--force"], ["dvc", "push"]):
        subprocess.run(command, cwd=root, check=True)
    stages = yaml.safe_load((Path(root) / "dvc.lock").read_text())["stages"]
    version = str(stages["preprocess"]["outs"][0]["md5"])
    logger.info("%s is version %s", message, version)
    return version
