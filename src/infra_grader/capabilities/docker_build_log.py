"""What a builder prints, read as it comes: the step that it is at, and the one that failed.

BuildKit's plain progress numbers what runs side by side (`#5 0.12 text`), so that no output of a learner's command can
pass for a line of the builder's own. The classic builder counts steps in one stream.
"""

from __future__ import annotations

import re
from collections import deque

from infra_grader.model.record import Record

SHOWN_LINES = 20
"""Lines of a failed step's output that a report shows."""
KEPT_LINES = 200
KEPT_LINE = 500
"""Characters of a line that are kept."""

NUMBERED = re.compile(r"#(\d{1,6}) (.*)")
OUTPUT = re.compile(r"\d+\.\d+ (.*)")
STEP = re.compile(
    r"\[(?:\w+/\w+(?:/\w+)? +(?=\S+ +\d))? *(?:(?P<stage>[^\s/]\S*) +)?(?P<number>\d+)/(?P<total>\d+)\] (?P<text>.*)"
)
CLASSIC_STEP = re.compile(r"Step (\d+)/(\d+) : (.*)")
EXIT_CODE = re.compile(r"(?:exit code|non-zero code): (\d{1,3})\s*\Z")
AT_LINE = re.compile(r"\S+:(\d{1,6})")
COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Step(Record):
    """One step of a build, as the builder names it."""

    text: str
    """The instruction, its continuation lines joined; or what the builder does of its own, such as fetching a base."""
    stage: str = ""
    """The stage as BuildKit calls it, nothing where the file has only one."""
    number: int = 0
    """From 1: in its stage among those that make files, for BuildKit; in the whole file, for the classic builder."""
    total: int = 0

    @property
    def title(self) -> str:
        """How to call it in a message."""
        return f"step {self.number} of {self.total}: {self.text}" if self.number else self.text


class Failure(Record):
    """Where and why a build failed."""

    step: Step | None
    error: str
    """What the builder says of it."""
    line: int = 0
    """Line of the Dockerfile, where the builder says it; else 0."""
    exit_code: int | None = None
    """Of the command, where one ran to its end."""
    output: tuple[str, ...] = ()
    """The last lines that the step printed."""

    @property
    def shown(self) -> str:
        """The last lines, as a report shows them."""
        return "\n".join(self.output[-SHOWN_LINES:])


class BuildKitLog:
    """Plain progress of BuildKit, 20.10 and newer."""

    def __init__(self) -> None:
        self.step: Step | None = None
        """The latest step that began."""
        self.has_begun = False
        """Whether the builder itself has said anything, and not only the command that asks it."""
        self._steps: dict[str, Step] = {}
        self._outputs: dict[str, deque[str]] = {}
        self._errors: dict[str, str] = {}
        self._rest: deque[str] = deque(maxlen=KEPT_LINES)
        self._tail: deque[str] = deque(maxlen=KEPT_LINES)

    def take(self, written: str) -> bool:
        """Read one line; whether a new step begins with it."""
        line = plain_line(written)
        if line:
            self._tail.append(line)
        found = NUMBERED.fullmatch(line)
        if found is None:
            if line.strip("- "):
                self._rest.append(line)
            return False
        self.has_begun = True
        number, text = found[1], found[2]
        if number not in self._steps:
            self.step = self._steps[number] = read_step(text)
            return True
        if text.startswith("ERROR: "):
            self._errors.setdefault(number, text.removeprefix("ERROR: "))
        elif printed := OUTPUT.fullmatch(text):
            self._outputs.setdefault(number, deque(maxlen=KEPT_LINES)).append(printed[1])
        return False

    @property
    def text(self) -> str:
        """The last lines of all."""
        return "\n".join(self._tail)

    def failure(self) -> Failure:
        """Return where the build failed, for one that did."""
        # What ran beside the step that failed is cancelled, and says so as an error of its own.
        failed = [item for item in self._errors.items() if "context canceled" not in item[1]]
        said = [line for line in self._rest if line.startswith("ERROR: ")] or list(self._rest)[-1:]
        number, error = failed[0] if failed else ("", said[-1].removeprefix("ERROR: ") if said else "")
        code = EXIT_CODE.search(error)
        lines = [found for line in self._rest if (found := AT_LINE.fullmatch(line))]
        return Failure(
            step=self._steps.get(number),
            error=error,
            line=int(lines[-1][1]) if lines else 0,
            exit_code=int(code[1]) if code else None,
            output=tuple(self._outputs.get(number, ())),
        )


class ClassicLog:
    """What the classic builder sends; steps of ours, which were put in between, are not counted."""

    def __init__(self, ours: str, count: int) -> None:
        self.step: Step | None = None
        self._ours = ours
        self._count = count
        self._seen = 0
        self._skipped = 0
        self._output: deque[str] = deque(maxlen=KEPT_LINES)
        self._tail: deque[str] = deque(maxlen=KEPT_LINES)

    def take(self, written: str) -> bool:
        """Read one line; whether a new step begins with it."""
        line = plain_line(written)
        if not line:
            return False
        found = CLASSIC_STEP.fullmatch(line)
        # A command may print such a line as well, but hardly with the next number.
        if found and int(found[1]) == self._seen + 1:
            self._seen += 1
            self._output.clear()
            if found[3].startswith(self._ours):
                self._skipped += 1
                return False
            self._tail.append(line)
            self.step = Step(
                text=found[3], number=self._seen - self._skipped, total=max(self._seen, int(found[2]) - self._count)
            )
            return True
        self._tail.append(line)
        self._output.append(line)
        return False

    @property
    def text(self) -> str:
        """The last lines of all."""
        return "\n".join(self._tail)

    def failure(self, error: str) -> Failure:
        """Return where the build failed, with this error."""
        code = EXIT_CODE.search(error)
        return Failure(
            step=self.step,
            error=plain_line(error),
            exit_code=int(code[1]) if code else None,
            output=tuple(line for line in self._output if not line.startswith(" ---> ")),
        )


def read_step(text: str) -> Step:
    """Return the step that BuildKit names so."""
    found = STEP.fullmatch(text)
    if found is None:
        return Step(text=text.removeprefix("[internal] "))
    return Step(text=found["text"], stage=found["stage"] or "", number=int(found["number"]), total=int(found["total"]))


def plain_line(written: str) -> str:
    """Return a line as it stands at its end: without colours, and without what a progress bar wrote over."""
    return COLOUR.sub("", written.rstrip("\r\n").rpartition("\r")[2])[:KEPT_LINE].rstrip()
