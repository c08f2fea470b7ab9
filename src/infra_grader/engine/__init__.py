"""The stages between loading and reporting: registry, plan, run, score."""
