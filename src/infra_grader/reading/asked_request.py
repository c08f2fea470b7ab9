"""What a rubric says of a request to a service, made into the bytes that are sent."""

from __future__ import annotations

import json
import random
import re
import string
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal
from urllib.parse import quote, urlencode

import msgspec

from infra_grader.capabilities.http import Request
from infra_grader.plugin import Annotated, Context, Meta, Params
from infra_grader.reading.asked_picture import CONTENT_TYPES, Format, Mode, draw_picture

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
UrlPath = Annotated[str, Meta(min_length=1)]
Drawn = Literal["word", "sentence", "integer", "number", "uuid", "email"]
PLACE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
MAX_UPLOAD = 64 * 1024 * 1024


class Upload(Params):
    """A file that is sent: exactly one of `picture`, `text`, `random_bytes` and `file`."""

    picture: Annotated[Format | None, Meta(description="A picture of this format, drawn from the seed.")] = None
    width: Annotated[int, Meta(ge=1, le=20_000, description="Width of a picture.")] = 64
    height: Annotated[int, Meta(ge=1, le=20_000, description="Height of a picture.")] = 64
    mode: Annotated[Mode, Meta(description="Pixels of a PNG: colour, grey, or colour with transparency.")] = "RGB"
    text: Annotated[str | None, Meta(description="This text.")] = None
    random_bytes: Annotated[
        Annotated[int, Meta(ge=0, le=MAX_UPLOAD)] | None, Meta(description="So many bytes that are no picture.")
    ] = None
    file: Annotated[str | None, Meta(description="A file of the rubric's own.")] = None
    at_least: Annotated[
        int, Meta(ge=0, le=MAX_UPLOAD, description="Bytes up to which zeros are added, to make it too large.")
    ] = 0
    name: Annotated[str, Meta(description="Name under which it is sent.")] = ""
    content_type: Annotated[str, Meta(description="Content type under which it is sent.")] = ""

    def __post_init__(self) -> None:
        """Refuse what says nothing or too much."""
        if sum(value is not None for value in (self.picture, self.text, self.random_bytes, self.file)) != 1:
            raise ValueError("a file has exactly one of picture, text, random_bytes and file")


class Asked(Params):
    """A request, and nothing of what it should lead to."""

    method: Annotated[Method, Meta(description="Its method.")] = "GET"
    path: Annotated[
        UrlPath | Annotated[list[UrlPath], Meta(min_length=1)],
        Meta(description="Its path, or several: the first that the service knows counts."),
    ] = "/"
    query: Annotated[dict[str, str], Meta(description="Its query.")] = msgspec.field(default_factory=dict)
    headers: Annotated[dict[str, str], Meta(description="Its headers.")] = msgspec.field(default_factory=dict)
    json: Annotated[Any, Meta(description="Its body as JSON. Not null.")] = None
    form: Annotated[dict[str, str], Meta(description="Fields of a form.")] = msgspec.field(default_factory=dict)
    files: Annotated[dict[str, Upload], Meta(description="Files of a form, by field.")] = msgspec.field(
        default_factory=dict
    )
    body: Annotated[str | None, Meta(description="Its body as text, as it stands here.")] = None
    follow: Annotated[bool, Meta(description="Whether redirects are followed.")] = False

    def __post_init__(self) -> None:
        """Refuse two bodies."""
        if sum((self.json is not None, bool(self.form or self.files), self.body is not None)) > 1:
            raise ValueError("a request has one body: json, or form and files, or body")

    @property
    def paths(self) -> list[str]:
        """Its paths."""
        return [self.path] if isinstance(self.path, str) else self.path


def draw_values(kinds: Mapping[str, Drawn], seed: str) -> dict[str, Any]:
    """Return a value for each name; the same seed draws the same."""
    source = random.Random(seed)  # noqa: S311 - the seed is recorded so that a score can be explained
    return {name: DRAW[kind](source) for name, kind in kinds.items()}


def filled(value: Any, values: Mapping[str, Any]) -> Any:
    """Return a value of the rubric's with `${name}` replaced; a text that is nothing else becomes the value itself."""
    if isinstance(value, str):
        whole = PLACE.fullmatch(value)
        if whole and whole[1] in values:
            return values[whole[1]]
        return PLACE.sub(lambda found: str(values.get(found[1], found[0])), value)
    if isinstance(value, list):
        return [filled(item, values) for item in value]
    if isinstance(value, dict):
        return {filled_text(key, values): filled(item, values) for key, item in value.items()}
    return value


def filled_text(text: str, values: Mapping[str, Any]) -> str:
    """Return a text with `${name}` replaced."""
    return str(filled(text, values))


def build_requests(context: Context, asked: Asked, values: Mapping[str, Any], seed: str) -> Iterator[Request]:
    """Yield the request for each of its paths, all with the same body."""
    headers = {name: filled_text(text, values) for name, text in asked.headers.items()}
    content, content_type = _body(context, asked, values, random.Random(seed))  # noqa: S311 - as above
    if content_type and "content-type" not in {name.lower() for name in headers}:
        headers["Content-Type"] = content_type
    query = urlencode({name: filled_text(text, values) for name, text in asked.query.items()})
    for path in asked.paths:
        target = quote(filled_text(path, values), safe="/:@!$&'()*+,;=-._~%?")
        separator = "&" if "?" in target else "?"
        yield Request(
            method=asked.method,
            target=f"{target if target.startswith('/') else '/' + target}{separator + query if query else ''}",
            headers=tuple(headers.items()),
            content=content,
            follows=asked.follow,
        )


def _body(context: Context, asked: Asked, values: Mapping[str, Any], source: random.Random) -> tuple[bytes, str]:
    if asked.json is not None:
        return json.dumps(filled(asked.json, values)).encode(), "application/json"
    if asked.body is not None:
        return filled_text(asked.body, values).encode(), "text/plain; charset=utf-8"
    fields = {name: filled_text(text, values) for name, text in asked.form.items()}
    if asked.files:
        files = {field: (upload, _content(context, upload, values, source)) for field, upload in asked.files.items()}
        return _multipart(fields, files, source)
    return (urlencode(fields).encode(), "application/x-www-form-urlencoded") if fields else (b"", "")


def _content(context: Context, upload: Upload, values: Mapping[str, Any], source: random.Random) -> bytes:
    if upload.picture is not None:
        content = draw_picture(upload.picture, upload.width, upload.height, upload.mode, source)
    elif upload.text is not None:
        content = filled_text(upload.text, values).encode()
    elif upload.random_bytes is not None:
        content = source.randbytes(upload.random_bytes)
    else:
        content = context.rubric_file(upload.file or "").read_bytes()
    return content + bytes(max(0, upload.at_least - len(content)))


def _multipart(
    fields: Mapping[str, str], files: Mapping[str, tuple[Upload, bytes]], source: random.Random
) -> tuple[bytes, str]:
    boundary = f"infra-grader-{source.randbytes(16).hex()}"
    parts = [(f'form-data; name="{_quoted(name)}"', "", text.encode()) for name, text in fields.items()]
    for field, (upload, content) in files.items():
        name = upload.name or (f"file.{upload.picture}" if upload.picture else (upload.file or "file.bin"))
        kind = upload.content_type or CONTENT_TYPES.get(upload.picture or "", "application/octet-stream")
        disposition = f'form-data; name="{_quoted(field)}"; filename="{_quoted(name.rpartition("/")[2])}"'
        parts.append((disposition, f"Content-Type: {kind}\r\n", content))
    made = b"".join(
        f"--{boundary}\r\nContent-Disposition: {disposition}\r\n{kind}\r\n".encode() + content + b"\r\n"
        for disposition, kind, content in parts
    )
    return made + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def _quoted(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _word(source: random.Random) -> str:
    return "".join(source.choice(string.ascii_lowercase) for _ in range(10))


DRAW: Mapping[str, Callable[[random.Random], Any]] = {
    "word": _word,
    "sentence": lambda source: " ".join(_word(source) for _ in range(6)),
    "integer": lambda source: source.randint(2, 9999),
    "number": lambda source: round(source.uniform(0.01, 999.0), 3),
    "uuid": lambda source: str(uuid.UUID(int=source.getrandbits(128), version=4)),
    "email": lambda source: f"{_word(source)}@example.com",
}
