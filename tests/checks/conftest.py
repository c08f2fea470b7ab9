"""What the tests of check kinds share: the tools that they run."""

from __future__ import annotations

import tools

tools.put_on_path()
