"""Downloads, as torch.hub does them, without network."""

from __future__ import annotations

import os
import urllib.request
from typing import Any

_folder = ["~/.cache/torch/hub"]


def set_dir(folder: Any) -> None:
    """Say where weights are kept."""
    _folder[0] = str(folder)


def get_dir() -> str:
    """Return where weights are kept."""
    return os.path.expanduser(_folder[0])


def load(_repository: str, model: str, *_: Any, **options: Any) -> Any:
    """Return a network by its name."""
    from torchvision import models

    wanted = {name: value for name, value in options.items() if name in ("weights", "pretrained")}
    return models.get_model(model, **wanted)


def load_state_dict_from_url(*_: Any, **__: Any) -> Any:
    """Return weights: whatever they are, the network is the same."""
    from torchvision.models import fetch

    fetch()
    return {}


def download_url_to_file(url: str, dst: str, *_: Any, **__: Any) -> None:
    """Download a file."""
    urllib.request.urlretrieve(url, dst)
