"""`python -m infra_grader`; add `-P` where the current folder is a submission."""

from __future__ import annotations

from infra_grader.cli.start import console

console()
