"""Headers of a tar, as Python reads them but for those that would fill the memory."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from typing import Self

from infra_grader.loading.fetch_outcome import FetchFailed

REMEDY = "Pack the work anew, as a plain zip or tar of files and folders."
MAX_HEADER_BYTES = 32 * 1024
"""For what stands before an entry of a tar, such as a long name, and for all that is said once for the whole tar.

Python reads it at once, and before 3.11.10 searches it in a time that grows with its square.
"""
HEADERS = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)


def guarded_headers(spend: Callable[[int], None]) -> type[tarfile.TarInfo]:
    """Return the headers of one tar: they raise `FetchFailed` before what they announce is read into memory.

    `spend` hears of the bytes that are read for long names and descriptions.
    """
    said_of_all = 0

    class Guarded(tarfile.TarInfo):
        @classmethod
        def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
            nonlocal said_of_all
            member = super().frombuf(buf, encoding, errors)
            is_header = member.type in HEADERS
            said_of_all += member.size if member.type == tarfile.XGLTYPE else 0
            if member.size < 0 or (is_header and max(member.size, said_of_all) > MAX_HEADER_BYTES):
                raise FetchFailed("The archive holds a name or a description that is far too long.", REMEDY)
            if is_header:
                spend(member.size)
            if member.type == tarfile.GNUTYPE_SPARSE:
                raise _sparse(member)
            return member

        def _proc_gnusparse_10(self, member: tarfile.TarInfo, *_: object) -> None:
            """Refuse a file of the newer form before the list of its parts is read, which may be without an end."""
            raise _sparse(member)

    return Guarded


def _sparse(member: tarfile.TarInfo) -> FetchFailed:
    return FetchFailed(f"The archive holds {member.name[:120]!r}, a file with holes.", REMEDY)
