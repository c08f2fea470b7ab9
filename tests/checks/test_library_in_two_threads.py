"""Kinds that read run beside kinds that wait, so that a library may be imported in two threads at once."""

from __future__ import annotations

import subprocess
import sys

import pytest

IMPORT = """
import sys, threading, time

from infra_grader.checks.manifest._schema import _validator as manifest
from infra_grader.reading.published_schema import schema_errors

has_begun, faults = threading.Event(), []


class Slow:
    def find_spec(self, name, *_):
        if name == "jsonschema":
            has_begun.set()
            time.sleep(0.3)  # long enough for the other thread to want it too


def make(validator, *given):
    try:
        validator(*given)
    except BaseException as error:
        faults.append(repr(error))


sys.meta_path.insert(0, Slow())
first = threading.Thread(target=make, args=(manifest, "1.34", "pod-v1"))
first.start()
assert has_begun.wait(10)
make(lambda: list(schema_errors(sys.argv[1], {}, "")))
first.join()
print(faults)
"""


@pytest.mark.parametrize("schema", ["compose-spec", "github-workflows"])
def test_validators_are_made_side_by_side(schema):
    done = subprocess.run(
        [sys.executable, "-c", IMPORT, schema], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "[]\n"
