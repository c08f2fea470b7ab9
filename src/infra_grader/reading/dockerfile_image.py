"""What an image is like after the instructions of its stage, as far as they say."""

from __future__ import annotations

import msgspec

from infra_grader.model.record import Record
from infra_grader.reading.dockerfile_instruction import Instruction, declared_arguments
from infra_grader.reading.dockerfile_lines import SPACES, DockerfileError, split_words
from infra_grader.reading.dockerfile_words import expand, read_pairs


class Setting(Record):
    """A value that an instruction gave the image."""

    value: str
    instruction: Instruction


class Copied(Record):
    """What COPY or ADD brings into the image, its variables filled in."""

    sources: tuple[str, ...]
    target: str
    origin: str
    """A stage's name or number, or an image; nothing for the build context."""
    instruction: Instruction


class Image(msgspec.Struct, kw_only=True):
    """What a stage's image is like at its end, as far as its Dockerfile says."""

    base: str = ""
    """The image outside of the file that it goes back to."""
    user: Setting | None = None
    workdir: str = "/"
    env: dict[str, Setting] = msgspec.field(default_factory=dict)
    labels: dict[str, Setting] = msgspec.field(default_factory=dict)
    ports: dict[str, Setting] = msgspec.field(default_factory=dict)
    """By `port/protocol`."""
    volumes: dict[str, Setting] = msgspec.field(default_factory=dict)
    command: Instruction | None = None
    entrypoint: Instruction | None = None
    healthcheck: Instruction | None = None
    stop_signal: Setting | None = None
    copies: list[Copied] = msgspec.field(default_factory=list)
    arguments: dict[str, str] = msgspec.field(default_factory=dict)
    """Values of the arguments that the stage itself declares."""
    places: dict[int, str] = msgspec.field(default_factory=dict)
    """The working folder in which the instruction of a line is carried out."""

    def lookup(self, name: str) -> str | None:
        """Return the value of a variable at the end of the stage: ENV wins over ARG."""
        found = self.env.get(name)
        return found.value if found else self.arguments.get(name)

    def origins(self, path: str) -> list[str]:
        """Return where in the build context a file of the image may come from, the last copy first."""
        whole = join(self.workdir, path)
        found: list[str] = []
        for copy in reversed(self.copies):
            target = copy.target.rstrip("/")
            for source in copy.sources if not copy.origin else ():
                plain = source.removeprefix("./").strip("/")
                plain = "" if plain == "." else plain
                if whole == target or whole == f"{target}/{plain.rpartition('/')[2]}":
                    found.append(plain)
                if whole.startswith(f"{target}/"):
                    found.append(f"{plain}/{whole[len(target) + 1 :]}".lstrip("/"))
        return [place for place in dict.fromkeys(found) if place]


class ImageBuilder:
    """Carries the instructions of a stage over to its image."""

    def __init__(self, base: Image, arguments: dict[str, str], escape: str) -> None:
        self.image = Image(
            base=base.base,
            user=base.user,
            workdir=base.workdir,
            env=dict(base.env),
            labels=dict(base.labels),
            ports=dict(base.ports),
            volumes=dict(base.volumes),
            command=base.command,
            entrypoint=base.entrypoint,
            healthcheck=base.healthcheck,
            stop_signal=base.stop_signal,
            copies=list(base.copies),
            places=dict(base.places),
        )
        self._global = arguments
        self._arguments = self.image.arguments
        self._escape = escape
        self._has_command = False

    def take(self, item: Instruction) -> None:
        """Apply one instruction."""
        self.image.places[item.line] = self.image.workdir
        taker = getattr(self, f"_take_{item.keyword.lower()}", None)
        if taker is not None:
            taker(item)

    def _expand(self, text: str, item: Instruction) -> str:
        return expand(text, self.image.lookup, self._escape, item.line)

    def _take_arg(self, item: Instruction) -> None:
        for name, value in declared_arguments(item, self._escape):
            known = self._global.get(name)
            if known is not None:
                self._arguments[name] = known
            elif value is not None:
                self._arguments[name] = self._expand(value, item)

    def _take_env(self, item: Instruction) -> None:
        self.image.env |= self._pairs(item)

    def _take_label(self, item: Instruction) -> None:
        self.image.labels |= self._pairs(item)

    def _pairs(self, item: Instruction) -> dict[str, Setting]:
        pairs = read_pairs(item.keyword, item.text, self._escape, item.line)
        return {
            self._expand(name, item): Setting(value=self._expand(value, item), instruction=item)
            for name, value in pairs
        }

    def _take_user(self, item: Instruction) -> None:
        self.image.user = Setting(value=self._expand(item.text, item).strip(SPACES), instruction=item)

    def _take_workdir(self, item: Instruction) -> None:
        self.image.workdir = join(self.image.workdir, self._expand(item.text, item))

    def _take_stopsignal(self, item: Instruction) -> None:
        self.image.stop_signal = Setting(value=self._expand(item.text, item), instruction=item)

    def _take_expose(self, item: Instruction) -> None:
        for word in item.words:
            for port in self._expand(word, item).split():
                for number in _ports(port, item.line):
                    self.image.ports[number] = Setting(value=number, instruction=item)

    def _take_volume(self, item: Instruction) -> None:
        for word in item.words:
            path = self._expand(word, item)
            self.image.volumes[path] = Setting(value=path, instruction=item)

    def _take_copy(self, item: Instruction) -> None:
        words = item.words if item.is_exec else tuple(split_words(item.text, self._escape))
        *sources, target = (self._expand(word, item) for word in words)
        place = join(self.image.workdir, target) + ("/" if target.endswith(("/", "/.")) or target == "." else "")
        origin = item.flag("from")
        self.image.copies.append(Copied(sources=tuple(sources), target=place, origin=origin, instruction=item))

    _take_add = _take_copy

    def _take_cmd(self, item: Instruction) -> None:
        self.image.command = item
        self._has_command = True

    def _take_entrypoint(self, item: Instruction) -> None:
        self.image.entrypoint = item
        if not self._has_command:  # as Docker does: the inherited CMD was meant for another entrypoint
            self.image.command = None

    def _take_healthcheck(self, item: Instruction) -> None:
        self.image.healthcheck = item


def _ports(text: str, line: int) -> list[str]:
    """Return the ports of an EXPOSE word, a range written out."""
    numbers, _, protocol = text.partition("/")
    first, _, last = numbers.partition("-")
    protocol = protocol.lower() or "tcp"
    if not (_is_port(first) and _is_port(last or first)) or protocol not in ("tcp", "udp", "sctp"):
        raise DockerfileError(f"{text[:40]} is no port", line)
    return [f"{number}/{protocol}" for number in range(int(first), int(last or first) + 1)]


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= 65_535


def join(folder: str, path: str) -> str:
    """Return an absolute path in the image: a relative one starts at the folder."""
    whole = path if path.startswith("/") else f"{folder}/{path}"
    made: list[str] = []
    for part in whole.split("/"):
        if part == "..":
            del made[-1:]
        elif part not in ("", "."):
            made.append(part)
    return "/" + "/".join(made)
