"""Files of LFS that a server says are in our own network: nobody there is asked for one."""

import socket

import pytest

from infra_grader.capabilities.deadline import Deadline
from infra_grader.loading.fetch_outcome import FetchFailed
from infra_grader.loading.lfs_place import is_public
from infra_grader.loading.lfs_server import LfsServer, Object, _Action
from tests.loading.test_fetch_lfs import MODEL, Elsewhere, oid_of, serving


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"],
)
def test_an_address_of_everybodys_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1"),
        *("64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b:1::808:808", "2002:7f00:1::", "2002:a00:1::1"),
    ],
)
def test_an_address_of_ours_is_not_nor_one_that_leads_there(address):
    assert not is_public(address)


@pytest.fixture
def download(monkeypatch, tmp_path):
    """Downloads from a place that is public when it is first looked up, and on this machine afterwards."""
    real, asked = socket.getaddrinfo, []

    def look_up(host, *arguments, **options):
        if host not in ("storage.example", b"storage.example"):
            return real(host, *arguments, **options)
        asked.append(host)
        return real("8.8.8.8" if len(asked) == 1 else "127.0.0.1", *arguments, **options)

    def download(port):
        with LfsServer("http://git.example/course/ada", Deadline(30.0)) as server:
            action = _Action(href=f"http://storage.example:{port}/x", header={"X-Token": "of-the-server"})
            server.download(Object(oid_of(MODEL), len(MODEL)), action, tmp_path / "file")
        return (tmp_path / "file").read_bytes()

    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    Elsewhere.told = []
    return download


def test_a_name_that_leads_into_our_network_a_moment_later_is_not_asked(download):
    with (
        serving(Elsewhere) as there,
        pytest.raises(FetchFailed, match=r"storage\.example, in a network that") as raised,
    ):
        download(there.rpartition(":")[2])
    assert raised.value.is_ours
    assert "git lfs fetch" in raised.value.remedy
    assert Elsewhere.told == []


def test_a_proxy_of_the_users_may_be_in_our_network(download, monkeypatch):
    with serving(Elsewhere) as proxy:
        monkeypatch.setenv("http_proxy", proxy)
        assert download(80) == MODEL
    assert Elsewhere.told == [("", "of-the-server")]
