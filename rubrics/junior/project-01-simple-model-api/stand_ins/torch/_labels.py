"""The labels of ImageNet's classes, for services that download the file of them: the sandbox has no network.

Only addresses of well-known label files are answered; every other download fails as it would without network.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import io
import json
import sys
import urllib.request
from typing import Any

KINDS = ["finch", "terrier", "beetle", "kettle", "violin", "trolleybus", "orchid", "lighthouse", "mitten", "tabby"]
CATEGORIES = [f"{KINDS[index % 10]} no. {index // 10}" for index in range(1000)]
WELL_KNOWN = ("imagenet_classes", "imagenet-classes", "imagenet-simple-labels", "imagenet_class_index",
              "imagenet1000", "imagenet_labels", "imagenet-labels", "imagenetlabels", "imagenet_1000")  # fmt: skip


def content_of(url: str) -> bytes | None:
    """Return what is published at an address, as far as it is known here."""
    name = url.partition("?")[0].rpartition("/")[2].lower()
    if not name.startswith(WELL_KNOWN):
        return None
    if "index" in name:
        return json.dumps({str(index): [f"n{index:08}", label] for index, label in enumerate(CATEGORIES)}).encode()
    return (json.dumps(CATEGORIES) if name.endswith(".json") else "\n".join(CATEGORIES) + "\n").encode()


def serve() -> None:
    """Answer for the addresses from now on, by urllib and, where it is used, by requests."""
    real = urllib.request.urlopen

    def urlopen(url: Any, *args: Any, **options: Any) -> Any:
        address = url if isinstance(url, str) else getattr(url, "full_url", "")
        content = content_of(address)
        if content is None:
            return real(url, *args, **options)
        import http.client
        import urllib.response

        headers = http.client.HTTPMessage()
        headers["Content-Length"] = str(len(content))
        return urllib.response.addinfourl(io.BytesIO(content), headers, address, 200)

    urllib.request.urlopen = urlopen
    if "requests" in sys.modules:
        _answer_for(sys.modules["requests"])
    else:
        sys.meta_path.insert(0, _Waiting())


class _Waiting(importlib.abc.MetaPathFinder):
    """Waits until requests is imported."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        if name != "requests":
            return None
        sys.meta_path.remove(self)
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module: Any) -> None:
                execute(module)
                _answer_for(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _answer_for(requests: Any) -> None:
    real = requests.Session.send

    def send(self: Any, request: Any, **options: Any) -> Any:
        content = content_of(request.url)
        if content is None:
            return real(self, request, **options)
        answer = requests.Response()
        answer.status_code, answer.url, answer.request = 200, request.url, request
        answer.raw, answer.encoding = io.BytesIO(content), "utf-8"
        return answer

    requests.Session.send = send
