"""Archives of every kind, and what hostile ones try."""

import io
import stat
import tarfile
import zipfile

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
