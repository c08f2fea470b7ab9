"""Where a contract says that its operations are."""

from __future__ import annotations

import pytest

from infra_grader.checks.openapi._server import server_path


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({}, ""),
        ({"servers": []}, ""),
        ({"servers": [{"url": "/"}]}, ""),
        ({"servers": [{"url": "http://localhost:5000"}]}, ""),
        ({"servers": [{"url": "http://localhost:5000/api/v1/"}, {"url": "/other"}]}, "/api/v1"),
        ({"servers": [{"url": "/{version}", "variables": {"version": {"default": "v2"}}}]}, "/v2"),
        ({"servers": [{"url": "/{version}"}]}, ""),
        ({"servers": [{"url": "http://[::1/api"}]}, ""),
        ({"servers": [{"url": 5}], "basePath": "/v1"}, ""),
        ({"servers": "x"}, ""),
        ({"servers": ["x"]}, ""),
        ({"swagger": "2.0", "basePath": "/v1"}, "/v1"),
    ],
)
def test_the_path_of_the_first_server_counts(document, path):
    assert server_path(document) == path
