"""Containers that are not up since what a rubric gave them is not enough, an image or stand-ins: nobody's fault."""

from __future__ import annotations

import re

from infra_grader.reading.kube_rollout_pull import is_unpulled
from infra_grader.reading.kube_rollout_seen import Container
from infra_grader.reading.live_deployed import Deployed

SERVERS = "Look at it by hand, beside the servers for which the rubric has stand-ins: here these are not there."
UNUSED = "Look at it by hand: the image sets aside the folders with the rubric's stand-ins."
UNNAMED = "Tell the author of the rubric: none of its `images` stands for one that the pods name."


def lacking(container: Container, deployed: Deployed) -> str:
    """Return what to do about a container that is not up since the rubric gives it too little; nothing for others.

    That is one whose image was built, and not put in its place; with stand-ins, an init container, which may wait for
    the server that a real module would ask, and a container that printed a traceback out of a real module: it has reset
    its PYTHONPATH, or has Python ignore it.
    """
    if deployed.lacks_images and is_unpulled(container):
        return UNNAMED
    if not deployed.stand_ins or container.ended == "OOMKilled":
        return ""
    if container.is_init and (container.is_running or container.ended):
        return SERVERS
    real = rf"(?:site|dist)-packages/(?:{'|'.join(map(re.escape, deployed.stand_ins))})(?:/|\.py)"
    return UNUSED if re.search(real, container.log) else ""
