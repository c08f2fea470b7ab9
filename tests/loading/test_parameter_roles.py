"""Handles and other marked texts are found among the parameters however deep they stand."""

from __future__ import annotations

from typing import Annotated

import msgspec

from infra_grader.loading.parameter_roles import Marked, marked_texts
from infra_grader.plugin import Handle, Meta, Params


class Part(msgspec.Struct, frozen=True):
    service: Handle | None = None


class Nested(Params):
    environment: Annotated[Handle | None, Meta(description="Optional.")] = None
    images: Annotated[list[Handle], Meta(description="Several.")] = msgspec.field(default_factory=list)
    by_name: dict[str, Handle] = msgspec.field(default_factory=dict)
    one_or_more: Handle | list[Handle] | None = None
    part: Part | None = None
    parts: list[Part] = msgspec.field(default_factory=list)
    plain: str = ""


def handles(**values):
    return [(found.path, found.text) for found in marked_texts(Nested, values) if found.role == "handle"]


def test_an_optional_handle_is_found_if_it_is_given():
    assert list(marked_texts(Nested, {"environment": "packages"})) == [Marked("handle", ("environment",), "packages")]
    assert handles(environment=None) == handles() == handles(plain="packages") == []


def test_nested_handles_are_found_with_their_path():
    assert handles(images=["a", "b"]) == [(("images", 0), "a"), (("images", 1), "b")]
    assert handles(by_name={"x": "a"}) == [(("by_name", "x"), "a")]
    assert handles(one_or_more="a") == [(("one_or_more",), "a")]
    assert handles(one_or_more=["a"]) == [(("one_or_more", 0), "a")]
    assert handles(part={"service": "a"}, parts=[{"service": "b"}, {"service": None}]) == [
        (("part", "service"), "a"),
        (("parts", 0, "service"), "b"),
    ]


def test_values_of_a_wrong_shape_are_passed_over():
    assert handles(environment=3, images="a", by_name=["a"], part="a", parts={"service": "a"}) == []
