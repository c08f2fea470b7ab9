"""A suite's side of the channel to its grader: a line of JSON there, a line of JSON back; see `proxy`.

It needs nothing but the standard library; see `program_text`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any


class Asker:
    """Asks over two descriptors; `Session` is made with `ask`, and `tell` says what needs no answer."""

    def __init__(self, reading: int, writing: int) -> None:
        self._answers = os.fdopen(reading, "rb")
        self._writing = writing

    def ask(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        """Send a question and return its answer. The end of the grader is the end of this process."""
        self.tell(question)
        line = self._answers.readline()
        if not line.endswith(b"\n"):
            os._exit(1)  # the grader has gone, or looks no more
        answer = json.loads(line)
        assert isinstance(answer, dict)
        return answer

    def tell(self, message: Mapping[str, Any]) -> None:
        """Send a message that gets no answer."""
        content = memoryview(json.dumps(message).encode() + b"\n")
        while content:
            content = content[os.write(self._writing, content) :]
