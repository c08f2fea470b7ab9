"""Archives of every kind, and what hostile ones try."""

import errno
import gzip
import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from infra_grader.loading.fetch_archive import unpack
from infra_grader.loading.fetch_outcome import MIB, FetchFailed, FetchLimits

TYPES = {"link": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE, "pipe": tarfile.FIFOTYPE}


@pytest.fixture
def pack(tmp_path):
    """Write an archive of the kind that its name says, with these files; links are given as `("link", target)`."""

    def pack(name, entries):
        place = tmp_path / name
        if name.endswith(".zip"):
            with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as packed:
                for path, content in entries:
                    info = zipfile.ZipInfo(path)
                    info.compress_type = zipfile.ZIP_DEFLATED
                    is_link = isinstance(content, tuple)
                    info.external_attr = ((stat.S_IFLNK | 0o777) if is_link else (stat.S_IFREG | 0o755)) << 16
                    packed.writestr(info, content[1] if is_link else content)
        else:
            mode = {"gz": "w:gz", "xz": "w:xz", "bz2": "w:bz2", "tgz": "w:gz"}.get(name.rpartition(".")[2], "w")
            with tarfile.open(place, mode) as tape:
                for path, content in entries:
                    member = tarfile.TarInfo(path)
                    if isinstance(content, tuple):
                        member.type = {"link": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE, "pipe": tarfile.FIFOTYPE}[
                            content[0]
                        ]
                        member.linkname = content[1]
                        tape.addfile(member)
                    else:
                        member.size, member.mode = len(content), 0o755
                        tape.addfile(member, io.BytesIO(content))
        return place

    return pack


def refused(archive, tmp_path, limits=None):
    """Return why an archive is refused, which is always for the learner to mend."""
    with pytest.raises(FetchFailed) as raised:
        unpack(archive, tmp_path / "out", limits)
    assert not raised.value.is_ours
    assert raised.value.remedy
    return raised.value.reason


KINDS = ["w.zip", "w.tar", "w.tar.gz", "w.tgz", "w.tar.xz", "w.tar.bz2"]


@pytest.mark.parametrize("name", KINDS)
def test_files_folders_and_inner_links_are_unpacked(pack, tmp_path, name):
    archive = pack(name, [("README.md", b"hi"), ("src/app.py", b"x = 1"), ("src/link.md", ("link", "../README.md"))])
    top = unpack(archive, tmp_path / "out")
    assert top == tmp_path / "out"
    assert (top / "src/app.py").read_bytes() == b"x = 1"
    assert (top / "src/app.py").stat().st_mode & stat.S_IXUSR
    assert (top / "src/link.md").read_bytes() == b"hi"


def test_the_only_folder_is_where_the_work_is(pack, tmp_path):
    archive = pack(
        "w.zip", [("work-main/README.md", b"hi"), ("__MACOSX/._README.md", b"x"), ("work-main/.DS_Store", b"x")]
    )
    top = unpack(archive, tmp_path / "out")
    assert (top.name, sorted(path.name for path in top.iterdir())) == ("work-main", ["README.md"])


def test_names_of_windows_are_understood(pack, tmp_path):
    top = unpack(pack("w.zip", [("src\\app.py", b"x"), ("a.txt", b"")]), tmp_path / "out")
    assert (top / "src" / "app.py").read_bytes() == b"x"


@pytest.mark.parametrize("kind", ["w.zip", "w.tar"])
@pytest.mark.parametrize("path", ["/etc/evil", "../evil", "a/../../evil", "C:/evil", "..\\evil"])
def test_names_that_lead_out_are_refused(pack, tmp_path, kind, path):
    assert "leads out of it" in refused(pack(kind, [("a.txt", b""), (path, b"x")]), tmp_path)
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("kind", ["w.zip", "w.tar"])
@pytest.mark.parametrize("target", ["/etc", "..", "../../x", "a/../../.."])
def test_links_that_lead_out_are_left_out(pack, tmp_path, kind, target):
    top = unpack(pack(kind, [("a.txt", b""), ("out", ("link", target))]), tmp_path / "out")
    assert [path.name for path in top.iterdir()] == ["a.txt"]


def test_nothing_is_written_through_a_link(pack, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    entries = [("dir", ("link", "../outside")), ("dir/evil", b"x"), ("a", ("link", ".")), ("a/b", b"y")]
    unpack(pack("w.tar", entries), tmp_path / "out")
    assert list(outside.iterdir()) == []
    assert (tmp_path / "out" / "a" / "b").read_bytes() == b"y"


@pytest.mark.parametrize(("entry", "said"), [(("hard", "a.txt"), "a hard link"), (("pipe", ""), "no file")])
def test_what_is_no_file_is_refused(pack, tmp_path, entry, said):
    assert said in refused(pack("w.tar", [("a.txt", b""), ("b", entry)]), tmp_path)


@pytest.mark.parametrize("kind", ["w.zip", "w.tar.gz"])
def test_a_bomb_is_ended_by_what_it_unpacks_to(pack, tmp_path, kind):
    archive = pack(kind, [(f"{number}.bin", bytes(4 * MIB)) for number in range(4)])
    assert archive.stat().st_size < MIB
    assert "more than 8 MiB" in refused(archive, tmp_path, FetchLimits(tree_bytes=8 * MIB))


@pytest.mark.parametrize("kind", ["w.zip", "w.tar"])
def test_too_many_entries_are_refused(pack, tmp_path, kind):
    entries = [(f"f{number}", b"") for number in range(11)]
    assert "more than 10 files" in refused(pack(kind, entries), tmp_path, FetchLimits(files=10))


def test_names_that_no_file_system_takes_are_refused(pack, tmp_path):
    assert "too long" in refused(pack("w.tar", [("x" * 300, b"")]), tmp_path)
    assert "folders deep" in refused(pack("d.tar", [("a/" * 70 + "b", b"")]), tmp_path / "deep")


def test_a_file_where_a_folder_was_is_refused(pack, tmp_path):
    assert "cannot be unpacked" in refused(pack("w.tar", [("a", b"x"), ("a/b", b"y")]), tmp_path)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04" + b"\0" * 100, b"\x1f\x8b\x08\0" + b"\0" * 20])
@pytest.mark.parametrize("name", ["w.zip", "w.tar.gz"])
def test_what_is_damaged_is_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert "cannot be unpacked" in refused(tmp_path / name, tmp_path)


def test_a_cut_archive_is_refused(pack, tmp_path):
    archive = pack("w.tar.gz", [("a.txt", bytes(range(256)) * 1000)])
    archive.write_bytes(archive.read_bytes()[:-200])
    assert "cannot be unpacked" in refused(archive, tmp_path)


def test_an_encrypted_archive_is_refused(pack, tmp_path):
    archive = pack("w.zip", [("a.txt", b"x" * 100)])
    content = bytearray(archive.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    archive.write_bytes(bytes(content))
    assert "it is encrypted" in refused(archive, tmp_path)


def test_an_empty_archive_is_refused(pack, tmp_path):
    assert refused(pack("w.zip", []), tmp_path) == "The archive is empty."


LARGE = 300 * MIB


def raw_tar(place, *headers):
    """Write a tar of headers of our making, each a type, a size that it claims, and the content that it has."""
    blocks = b""
    for kind, size, content in headers:
        member = tarfile.TarInfo("long")
        member.type, member.size = kind, size
        blocks += member.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % 512)
    place.write_bytes(gzip.compress(blocks + bytes(1024)) if place.suffix == ".gz" else blocks + bytes(1024))
    return place


@pytest.mark.parametrize("name", ["w.tar", "w.tar.gz"])
@pytest.mark.parametrize("kind", [b"L", b"K", b"x", b"g", b"X"])
def test_a_header_that_claims_too_much_is_refused_before_it_is_read(tmp_path, monkeypatch, name, kind):
    read = []
    monkeypatch.setattr(tarfile.TarInfo, "_proc_gnulong", lambda *_: read.append("long"))
    monkeypatch.setattr(tarfile.TarInfo, "_proc_pax", lambda *_: read.append("pax"))
    archive = raw_tar(tmp_path / name, (kind, LARGE, b""))
    assert "far too long" in refused(archive, tmp_path)
    assert read == []


@pytest.mark.parametrize("kind", [b"L", b"x", b"0"])
def test_a_size_below_nothing_is_refused(tmp_path, kind):
    assert "far too long" in refused(raw_tar(tmp_path / "w.tar.gz", (kind, -1024, b"")), tmp_path)


def test_what_is_said_of_all_entries_may_not_grow_without_end(tmp_path):
    said = b"20000 a=" + b"x" * 19991 + b"\n"
    once, twice = [(b"g", len(said), said)], [(b"g", len(said), said)] * 2
    file = (b"0", 1, b"x")
    assert (unpack(raw_tar(tmp_path / "once.tar", *once, file), tmp_path / "once") / "long").read_bytes() == b"x"
    assert "far too long" in refused(raw_tar(tmp_path / "twice.tar", *twice, file), tmp_path)


def test_long_names_are_unpacked(pack, tmp_path):
    name = "/".join(["folder" * 10] * 5) + "/app.py"
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        with tarfile.open(tmp_path / f"{form}.tar.gz", "w:gz", format=form) as tape:
            for path in ("README.md", name):
                member = tarfile.TarInfo(path)
                member.size = 1
                tape.addfile(member, io.BytesIO(b"x"))
        assert (unpack(tmp_path / f"{form}.tar.gz", tmp_path / f"out-{form}") / name).read_bytes() == b"x"


@pytest.mark.parametrize("form", ["old", "new"])
def test_files_with_holes_are_refused(tmp_path, form):
    if form == "old":
        archive = raw_tar(tmp_path / "w.tar", (b"S", 0, b""))
    else:
        said = b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"
        archive = raw_tar(tmp_path / "w.tar", (b"x", len(said), said), (b"0", 1024, b"999999999\n" + b"1\n" * 500))
    assert "a file with holes" in refused(archive, tmp_path)


@pytest.mark.parametrize("kind", ["w.zip", "w.tar.gz"])
def test_noise_counts_too(pack, tmp_path, kind):
    large = pack(kind, [("__MACOSX/x.bin", bytes(9 * MIB)), ("a.txt", b"")])
    assert "more than 8 MiB" in refused(large, tmp_path, FetchLimits(tree_bytes=8 * MIB))
    many = pack(f"many-{kind}", [(f"__MACOSX/{number}", b"") for number in range(11)])
    assert "more than 10 files" in refused(many, tmp_path / "many", FetchLimits(files=10))


@pytest.mark.parametrize("kind", ["w.zip", "w.tar.gz"])
@pytest.mark.parametrize("entries", [[("a.bin", bytes(MIB))], [("__MACOSX/a", b"x")]])
def test_unpacking_that_takes_too_long_is_no_fault_of_the_learners(pack, tmp_path, kind, entries):
    with pytest.raises(FetchFailed, match="took more than 0 s") as raised:
        unpack(pack(kind, entries), tmp_path / "out", FetchLimits(seconds=0))
    assert raised.value.is_ours


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (errno.ENOSPC, "/out is full: No space left on device"),
        (errno.EDQUOT, "/out is full"),
        (errno.EMFILE, "Too many files are open"),
        (errno.EACCES, "cannot be used: Permission denied"),
        (errno.EROFS, "cannot be used"),
        (errno.EIO, "cannot be used"),
    ],
)
@pytest.mark.parametrize("kind", ["w.zip", "w.tar.gz"])
@pytest.mark.parametrize("call", ["mkdir", "open", "symlink_to"])
def test_what_this_machine_refuses_is_no_fault_of_the_learners(pack, tmp_path, monkeypatch, kind, call, code, said):
    archive = pack(kind, [("a.txt", b"x"), ("b", ("link", "a.txt"))])

    def refuse(*_arguments, **_options):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, call, refuse)
    with pytest.raises(FetchFailed, match=said) as raised:
        unpack(archive, tmp_path / "out")
    assert raised.value.is_ours
    assert "Pack" not in raised.value.remedy


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
def test_a_full_disk_is_told(pack, tmp_path, monkeypatch):
    archive = pack("w.zip", [("a.txt", b"x")])
    real = Path.open
    monkeypatch.setattr(Path, "open", lambda path, mode: real(Path("/dev/full") if mode == "wb" else path, mode))
    with pytest.raises(FetchFailed, match="/out is full") as raised:
        unpack(archive, tmp_path / "out")
    assert raised.value.is_ours
