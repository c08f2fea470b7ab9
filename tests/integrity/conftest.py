"""The files of the families are no tests of ours."""

collect_ignore_glob = ["*/*"]
