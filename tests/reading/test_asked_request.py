"""What a rubric says of a request, as bytes."""

from __future__ import annotations

import random
import struct
import zlib
from types import SimpleNamespace

import msgspec
import pytest

from infra_grader.reading.asked_picture import draw_picture
from infra_grader.reading.asked_request import Asked, build_requests, draw_values, filled


def build(values=None, **asked):
    context = SimpleNamespace(rubric_file=None)
    return list(build_requests(context, msgspec.convert(asked, Asked), values or {}, "1"))


def test_each_path_is_asked_with_the_same_body():
    one, other = build(
        method="POST", path=["/predict", "/api/${v}/predict"], json={"a": "${n}"}, values={"v": 1, "n": 5}
    )
    assert (one.target, other.target) == ("/predict", "/api/1/predict")
    assert one.content == other.content == b'{"a": 5}'
    assert dict(one.headers)["Content-Type"] == "application/json"


def test_a_query_and_odd_characters_are_encoded():
    [request] = build(path="/a b/ä?x=1", query={"q": "c&d"})
    assert request.target == "/a%20b/%C3%A4?x=1&q=c%26d"


def test_a_form_with_a_file_is_multipart():
    [request] = build(method="POST", form={"top_k": "3"}, files={"file": {"text": "hello", "name": 'a"b.txt'}})
    kind = dict(request.headers)["Content-Type"]
    boundary = kind.partition("boundary=")[2].encode()
    assert request.content.count(b"--" + boundary) == 3
    assert b'name="top_k"\r\n\r\n3\r\n' in request.content
    assert b'filename="a%22b.txt"\r\nContent-Type: application/octet-stream\r\n\r\nhello\r\n' in request.content


def test_a_file_can_be_made_too_large():
    [request] = build(method="POST", files={"file": {"picture": "png", "at_least": 100_000}})
    assert len(request.content) > 100_000


@pytest.mark.parametrize(
    "asked", [{"json": 1, "form": {"a": "b"}}, {"files": {"f": {}}}, {"files": {"f": {"text": "", "random_bytes": 1}}}]
)
def test_two_bodies_or_none_for_a_file_are_refused(asked):
    with pytest.raises(msgspec.ValidationError):
        build(**asked)


def test_the_same_seed_draws_the_same_values():
    kinds = {name: name for name in ("word", "sentence", "integer", "number", "uuid", "email")}
    assert draw_values(kinds, "1") == draw_values(kinds, "1") != draw_values(kinds, "2")


def test_unknown_names_stay_as_they_are():
    assert filled({"a": ["${x}", "${y} and ${x}"]}, {"x": 1}) == {"a": [1, "${y} and 1"]}


@pytest.mark.parametrize("form", ["png", "jpeg", "gif", "bmp"])
def test_pictures_say_their_size(form):
    content = draw_picture(form, 33, 17, "RGB", random.Random(1))
    sizes = {
        "png": lambda: struct.unpack("!II", content[16:24]),
        "gif": lambda: struct.unpack("<HH", content[6:10]),
        "bmp": lambda: struct.unpack("<ii", content[18:26]),
        "jpeg": lambda: struct.unpack("!HH", content[content.index(b"\xff\xc0") + 5 :][:4])[::-1],
    }
    assert sizes[form]() == (33, 17)
    assert content != draw_picture(form, 33, 17, "RGB", random.Random(2))


def test_a_png_unpacks_to_its_pixels():
    content = draw_picture("png", 5, 3, "RGBA", random.Random(1))
    start = content.index(b"IDAT") + 4
    assert len(zlib.decompress(content[start:])) == 3 * (1 + 5 * 4)
