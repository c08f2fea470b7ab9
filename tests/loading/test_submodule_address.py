"""Where submodules may be fetched from: the submission's own server, as it is asked without a login."""

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.loading.submodule_address import BadAddress, public_address, server_address

HTTPS = "https://git.example.org/course/ada.git"
PORT = "http://git.example.org:8080/ada/.git"


@pytest.mark.parametrize(
    ("parent", "text", "address"),
    [
        (HTTPS, "../lib.git", "https://git.example.org/course/lib.git"),
        (HTTPS, "../../lib", "https://git.example.org/lib"),
        (HTTPS, "./lib", "https://git.example.org/course/ada.git/lib"),
        (HTTPS, "https://GIT.example.org/x/lib.git/", "https://git.example.org/x/lib.git"),
        (HTTPS, "https://git.example.org:443/x/lib.git", "https://git.example.org/x/lib.git"),
        (HTTPS, "http://git.example.org/x/lib.git", "https://git.example.org/x/lib.git"),
        (HTTPS, "https://ada@git.example.org/x/lib.git", "https://git.example.org/x/lib.git"),
        ("https://ada@git.example.org/course/ada.git", "../lib.git", "https://git.example.org/course/lib.git"),
        ("https://git.example.org/o/My%20Course/_git/ada", "../lib", "https://git.example.org/o/My%20Course/_git/lib"),
        (HTTPS, "git@git.example.org:x/lib.git", "https://git.example.org/x/lib.git"),
        (HTTPS, "ssh://git@git.example.org:2222/x/lib.git", "https://git.example.org/x/lib.git"),
        (PORT, "ssh://git@git.example.org/x/lib.git", "http://git.example.org:8080/x/lib.git"),
        (PORT, "http://git.example.org:8080/x/lib.git", "http://git.example.org:8080/x/lib.git"),
        (PORT, "../../lib", "http://git.example.org:8080/lib"),
        ("git@git.example.org:course/ada.git", "../lib.git", "https://git.example.org/course/lib.git"),
        ("ssh://git@git.example.org:2222/course/ada.git", "../lib.git", "https://git.example.org/course/lib.git"),
        ("git://git.example.org/ada.git", "../lib.git", "git://git.example.org/lib.git"),
        ("http://[::1]:8080/ada", "../lib", "http://[::1]:8080/lib"),
    ],
)
def test_the_server_of_the_submission_is_asked(parent, text, address):
    assert public_address(text, parent) == address


@pytest.mark.parametrize(
    ("parent", "text", "said"),
    [
        (HTTPS, "https://evil.example.org/x.git", "another server"),
        (HTTPS, "https://git.example.org:8443/x.git", "another server"),
        (PORT, "http://git.example.org/x.git", "another server"),
        (HTTPS, "https://git.example.org.evil.net/x.git", "another server"),
        (HTTPS, "../../../x.git", "leads out"),
        (HTTPS, "../../../../x.git", "leads out"),
        *(
            (HTTPS, text, "no address")
            for text in (
                *("-u./x", "--upload-pack=touch x", "ext::sh -c touch% x", "fd::17", "file:///etc", "/etc", "x", ""),
                *(
                    "https://ada:s3cret@git.example.org/x.git",
                    "https://ada:@git.example.org/x.git",
                    "https://git.example.org/x.git?a=b",
                    "https://git.example.org",
                ),
                *("https://git.example.org/../x.git", "https://git.example.org/a//b", "../a/../../b", ".././/etc"),
                *("https://git.example.org/%2e%2e/x", "https://git.example.org/a%2fb", "../a b", "../x\n"),
                *("https://git.example.org:port/x", "https://[git/x", "\\\\host\\share", "git@git.example.org:/x"),
            )
        ),
        (HTTPS, "../" + "x" * 3000, "too long"),
        ("file:///srv/ada", "../lib", "without a server"),
        ("/srv/ada", "https://git.example.org/x", "without a server"),
    ],
)
def test_no_other_place_is(parent, text, said):
    with pytest.raises(BadAddress, match=said):
        public_address(text, parent)


def test_a_password_in_an_address_is_not_repeated():
    with pytest.raises(BadAddress) as raised:
        public_address("https://ada:s3cret@evil.example.org/x.git", HTTPS)
    assert "s3cret" not in str(raised.value)


def test_lfs_is_asked_over_http():
    assert server_address("git@git.example.org:course/ada.git") == HTTPS
    assert server_address(PORT) == PORT
    assert server_address("https://ada@git.example.org/course/ada.git") == HTTPS
    for source in ("git://git.example.org/ada.git", "file:///srv/ada", "/srv/ada"):
        with pytest.raises(BadAddress):
            server_address(source)


PIECES = st.sampled_from(
    [
        "../",
        "./",
        "/",
        ":",
        "@",
        "//",
        "https:",
        "ssh://",
        "git@",
        "git.example.org",
        "evil.net",
        "%2e",
        "..",
        "\\",
        "#",
        "?",
    ]
)


@given(st.lists(PIECES | st.text(max_size=3), max_size=8).map("".join))
def test_nothing_that_a_learner_writes_leads_to_another_server(text):
    try:
        address = public_address(text, HTTPS)
    except BadAddress:
        return
    assert address.startswith("https://git.example.org/")
    parts = urlsplit(address)
    assert (parts.hostname, parts.port, parts.username) == ("git.example.org", None, None)
    assert not {"", ".", ".."} & set(unquote(parts.path)[1:].split("/"))
