"""Forks a process of the learner's for each test of a suite, from one in which no learner code ever was.

A fork costs far less than a start in the sandbox, and gives a process that is as fresh: what one test leaves in memory
is gone with its process. What it leaves elsewhere must not reach the next one either, so there is a next one only where
nothing was left: no process, and no file that is new or changed. Else this process says so, and the grader starts anew.

Its text runs in the sandbox, before that of `proxy_worker`. The learner's processes have its user and could make it
say what they like. They gain nothing: each could lie to its suite all the same, and values are all that counts.
"""

from __future__ import annotations

import json
import os
import select
import signal

from infra_grader.capabilities.proxy_worker import serve as serve_learner

BEGIN = "begin"
"""The question that asks for the next process; the answer is whether there is one."""
MAX_BEGIN = 100
"""Bytes that such a question has at the most."""
WRITABLE = (".", "/tmp", "/dev/shm")  # noqa: S108 - inside
SHARED = ("/proc/sysvipc/msg", "/proc/sysvipc/sem", "/proc/sysvipc/shm")
BLOCK = 65536


def serve() -> None:
    """Pass the questions to one process after another until they end."""
    nursery = _Nursery()
    while True:
        if nursery.bear():
            serve_learner()
            return
        nursery.attend()


class _Nursery:
    def __init__(self) -> None:
        self._untouched = traces()
        self._unread = bytearray()
        self._child = 0
        self._to_child = -1
        self._ended, wake = os.pipe()
        """Can be read when a child may have ended."""
        os.set_blocking(wake, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        self._wake = wake

    def bear(self) -> bool:
        """Fork a process that has the questions on its standard input. Returns whether this is the child."""
        reading, self._to_child = os.pipe()
        self._child = os.fork()
        if self._child:
            os.close(reading)
            return False
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(reading, 0)
        for descriptor in (reading, self._to_child, self._ended, self._wake):
            os.close(descriptor)
        return True

    def attend(self) -> None:
        """Pass questions on until the next process is asked for. It never returns where there can be none."""
        while True:
            line = self._line()
            question = json.loads(line) if len(line) <= MAX_BEGIN else {}
            if question.get("op") == BEGIN:
                break
            self._pass_on(line)
        os.kill(self._child, signal.SIGKILL)
        os.waitpid(self._child, 0)
        os.close(self._to_child)
        is_fresh = self._untouched is not None and traces() == self._untouched
        os.write(1, json.dumps({"id": question["id"], "value": is_fresh}).encode() + b"\n")
        if not is_fresh:
            os._exit(0)

    def _line(self) -> bytes:
        while b"\n" not in self._unread:
            ready, _, _ = select.select([0, self._ended], [], [])
            if self._ended in ready:
                os.read(self._ended, BLOCK)
                self._follow(os.WNOHANG)
            if 0 in ready:
                block = os.read(0, BLOCK)
                if not block:
                    os._exit(0)
                self._unread += block
        line, _, self._unread = self._unread.partition(b"\n")
        return bytes(line) + b"\n"

    def _pass_on(self, line: bytes) -> None:
        content = memoryview(line)
        while content:
            try:
                content = content[os.write(self._to_child, content) :]
            except BrokenPipeError:  # it has ended, or closed its standard input
                os.kill(self._child, signal.SIGKILL)
                self._follow(0)

    def _follow(self, options: int) -> None:
        """End as the child did, if it has ended: the grader sees what it would see of the child itself."""
        child, status = os.waitpid(self._child, options)
        if not child:
            return
        if os.WIFSIGNALED(status):
            os.kill(os.getpid(), os.WTERMSIG(status))
            os._exit(128 + os.WTERMSIG(status))
        os._exit(os.WEXITSTATUS(status))


def traces() -> object:
    """Return all that a process could leave behind, to be compared; `None` where that cannot be told."""
    try:
        found: list[object] = [sorted(filter(str.isdigit, os.listdir("/proc")))]
        for place in SHARED:
            if os.path.exists(place):
                with open(place, encoding="ascii") as file:
                    found.append(file.read())
        for place in WRITABLE:
            for folder, folders, files in os.walk(place):
                for name in (".", *folders, *files):
                    facts = os.lstat(os.path.join(folder, name))
                    found.append((folder, name, facts.st_ino, facts.st_mode, facts.st_size, facts.st_ctime_ns))
    except OSError:
        return None
    return found
