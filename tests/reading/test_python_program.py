"""Whether files do anything when they are run."""

from __future__ import annotations

import pytest

from infra_grader.capabilities.workspace import TextFile
from infra_grader.reading.python_program import idle_source
from infra_grader.reading.python_source import parse_source


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def main():\n    open('x').write('y')\nmain()\n", ""),
        ("import pandas as pd\npd.DataFrame().to_csv('x')\n", ""),
        ("import sys\nfrom src.cli import main\nsys.exit(main())\n", ""),
        ("def run():\n    return open('x')\nif __name__ == '__main__':\n    raise SystemExit(run())\n", ""),
        ("def run():\n    return open('x')\nanswer = run()\n", ""),
        ("# TODO\n", "does nothing yet"),
        ("def main():\n    pass\nif __name__ == '__main__':\n    main\n", "does nothing yet"),
        ("LABELS = sorted(['a'])\ndef run():\n    return open('x')\n", "only defines things"),
        ("def run():\n    return open('x')\nif False:\n    run()\n", "only defines things"),
        ("def run(:\n", "is no valid Python"),
    ],
)
def test_a_file_acts_by_calls_that_are_reached(text, said):
    found = idle_source(parse_source(TextFile("a.py", text)))
    assert found.startswith(said) if said else not found
