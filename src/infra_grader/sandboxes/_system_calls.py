"""A filter of system calls: those that learners' programs have no use for, and that faults of kernels are found in."""

from __future__ import annotations

import errno
import platform
import struct
from functools import cache
from typing import NamedTuple

CLONE_NEWUSER = 0x10000000
ALLOW = 0x7FFF0000
REFUSE = 0x00050000
"""To be joined with the error that the program sees."""

LOAD, EQUAL, AT_LEAST, HAS_BITS, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
"""Instructions of classic BPF: load a word of what is known of the call, three comparisons, and the verdict."""
NUMBER, MACHINE, FIRST_ARGUMENT = 0, 4, 16
"""Where these stand in what is known of the call; both machines are little-endian."""


class Machine(NamedTuple):
    """A processor's name for the kernel, and which of the two columns of numbers it uses."""

    audit_name: int
    column: int


MACHINES = {"x86_64": Machine(0xC000003E, 0), "aarch64": Machine(0xC00000B7, 1)}
OTHER_NUMBERING = 0x40000000
"""From here on, x86 has the calls of another numbering, which would go past the list."""

NEVER: tuple[tuple[int, ...], ...] = (
    (101, 117),  # ptrace
    (103, 116),  # syslog
    (308, 268),  # setns
    (272, 97),  # unshare
    (165, 40),  # mount
    (166, 39),  # umount2
    (155, 41),  # pivot_root
    (161, 51),  # chroot
    (428, 428),  # open_tree
    (429, 429),  # move_mount
    (430, 430),  # fsopen
    (431, 431),  # fsconfig
    (432, 432),  # fsmount
    (433, 433),  # fspick
    (442, 442),  # mount_setattr
    (167, 224),  # swapon
    (168, 225),  # swapoff
    (169, 142),  # reboot
    (163, 89),  # acct
    (179, 60),  # quotactl
    (172,),  # iopl
    (173,),  # ioperm
    (175, 105),  # init_module
    (313, 273),  # finit_module
    (176, 106),  # delete_module
    (246, 104),  # kexec_load
    (320, 294),  # kexec_file_load
    (248, 217),  # add_key
    (249, 218),  # request_key
    (250, 219),  # keyctl
    (321, 280),  # bpf
    (298, 241),  # perf_event_open
    (323, 282),  # userfaultfd
    (310, 270),  # process_vm_readv
    (311, 271),  # process_vm_writev
    (303, 264),  # name_to_handle_at
    (304, 265),  # open_by_handle_at
    (425, 425),  # io_uring_setup
    (426, 426),  # io_uring_enter
    (427, 427),  # io_uring_register
)
"""Calls that are refused, by their numbers on x86_64 and aarch64."""
CLONE, CLONE3 = (56, 220), (435, 435)


@cache
def call_filter(machine: str | None = None) -> bytes:
    """Return the filter for this machine, as the kernel reads it; nothing for one that is not known here."""
    known = MACHINES.get(machine or platform.machine())
    if known is None:
        return b""
    refused = (RETURN, 0, 0, REFUSE | errno.EPERM)
    program = [(LOAD, 0, 0, MACHINE), (EQUAL, 1, 0, known.audit_name), refused]
    program += [(LOAD, 0, 0, NUMBER), (AT_LEAST, 0, 1, OTHER_NUMBERING), refused]
    for numbers in NEVER:
        if known.column < len(numbers):
            program += [(EQUAL, 0, 1, numbers[known.column]), refused]
    # Its flags lie in memory, which a filter cannot see; the C library takes clone where this one is absent.
    program += [(EQUAL, 0, 1, CLONE3[known.column]), (RETURN, 0, 0, REFUSE | errno.ENOSYS)]
    program += [
        (EQUAL, 0, 3, CLONE[known.column]),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (HAS_BITS, 0, 1, CLONE_NEWUSER),
        refused,
    ]
    program += [(RETURN, 0, 0, ALLOW)]
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in program)
