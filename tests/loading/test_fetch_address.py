"""What is kept of git's messages names no account."""

import pytest

from infra_grader.loading.fetch_address import without_address


@pytest.mark.parametrize(
    ("source", "said", "kept"),
    [
        (
            "https://example.org/ada/work.git",
            "fatal: unable to access 'https://example.org/ada/work.git/': The requested URL returned error: 403",
            "fatal: unable to access the repository: The requested URL returned error: 403",
        ),
        (
            "https://user@example.org/ada/work",
            "fatal: repository 'https://user@example.org/ada/work.git/' not found",
            "fatal: the repository not found",
        ),
        (
            "https://example.org/ada/work.git",
            "warning: redirecting to https://x.example.org/ada/work/\nfatal: repository 'https://x.org/a/b/' not found",
            "warning: redirecting to the repository\nfatal: the repository not found",
        ),
        (
            "git@example.org:ada/work.git",
            "fatal: 'ada/work.git' does not appear to be a git repository\nERROR: ada/work denied",
            "fatal: the repository does not appear to be a git repository\nERROR: the repository denied",
        ),
        (
            "ssh://git@example.org/ada/work.git",
            "fatal: '/ada/work.git' does not appear to be a git repository",
            "fatal: the repository does not appear to be a git repository",
        ),
        (
            "file:///srv/m%20a/ada",
            "fatal: detected dubious ownership in repository at '/srv/m a/ada/.git'",
            "fatal: detected dubious ownership in repository at the repository",
        ),
        ("/srv/ada", "fatal: not '/srv/ada-2', but /srv/ada", "fatal: not '/srv/ada-2', but the repository"),
        ("https://example.org/not", "fatal: it was not found", "fatal: it was not found"),
        (
            "https://example.org/ada/work.git",
            "fatal: could not read Username for 'https://token@example.org': terminal prompts disabled",
            "fatal: could not read Username for 'https://example.org': terminal prompts disabled",
        ),
    ],
)  # fmt: skip
def test_the_address_is_left_out(source, said, kept):
    assert without_address(said, source) == kept
