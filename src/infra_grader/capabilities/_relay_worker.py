"""Starts a service as its child, and passes connections to it: frames in on standard input, frames out on the output.

Its text is handed to a Python interpreter in the sandbox, so it needs nothing but the standard library. It shares a
user with the learner's service, which may end it or speak in its place: nothing that comes from here is believed
beyond what the service could say by itself. The grader imports the names of the frames alone.
"""

from __future__ import annotations

import json
import os
import selectors
import shlex
import signal
import socket
import struct
import subprocess
import tempfile
from typing import Any

HEADER = struct.Struct("!cII")
"""Kind, number of the tunnel or question, length of what follows."""
OPEN, REFUSED, DATA, END, CLOSE, WINDOW = b"O", b"R", b"D", b"E", b"C", b"W"
START, TELL, TOLD, LEAVE = b"S", b"T", b"A", b"X"
NUMBER = struct.Struct("!I")

BLOCK = 32_768
"""Bytes of the largest frame."""
CREDIT = 262_144
"""Bytes of a tunnel that may be on their way in each direction; its receiver gives back what it has used."""
MAX_TUNNELS = 512
HEAD, TAIL = 8192, 24_576
"""Bytes that are kept of the beginning and the end of what the service prints."""
MAX_PORTS = 64
LISTENING = "0A"
SIGNS = str.maketrans(dict.fromkeys("'\";&|()", " "))
"""Of a shell's, which stand around the words of a command."""
QUICKACK = getattr(socket, "TCP_QUICKACK", None)
"""Linux forgets this option; without it, a service that writes twice waits 40 ms in between for us."""


class Tunnel:
    """One connection to the service."""

    def __init__(self, number: int, port: int) -> None:
        self.number = number
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.setblocking(False)
        self.is_open = False
        self.waiting = bytearray()
        """What the service has not taken yet."""
        self.credit = CREDIT
        """Bytes that may still be passed on from the service."""
        self.is_heard = False
        """Whether the service has said all."""
        self.is_ending = False
        """Whether nothing more comes from outside."""
        self.events = 0
        self.socket.connect_ex(("127.0.0.1", port))

    def wanted(self) -> int:
        """Return the events to wait for."""
        if not self.is_open:
            return selectors.EVENT_WRITE
        reads = selectors.EVENT_READ if self.credit > 0 and not self.is_heard else 0
        return reads | (selectors.EVENT_WRITE if self.waiting else 0)


class Worker:
    """Waits for frames, for connections and for what the service prints, all in one thread."""

    def __init__(self) -> None:
        self.orders = os.dup(0)
        self.replies = os.dup(1)
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        os.set_blocking(self.replies, False)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.orders, selectors.EVENT_READ, self.read_orders)
        self.unread = bytearray()
        self.unsent = bytearray()
        self.is_sending = False
        self.tunnels: dict[int, Tunnel] = {}
        self.service: subprocess.Popen[bytes] | None = None
        self.head = bytearray()
        self.tail = bytearray()
        self.printed = 0

    def serve(self) -> None:
        """Work until the orders end."""
        while True:
            for key, events in self.selector.select():
                key.data(events)

    def read_orders(self, _events: int) -> None:
        """Take what has come, and carry out what is complete."""
        block = os.read(self.orders, BLOCK)
        if not block:
            self.leave()
        self.unread += block
        while len(self.unread) >= HEADER.size:
            kind, number, length = HEADER.unpack_from(self.unread)
            end = HEADER.size + length
            if len(self.unread) < end:
                return
            content = bytes(self.unread[HEADER.size : end])
            del self.unread[:end]
            self.obey(kind, number, content)

    def obey(self, kind: bytes, number: int, content: bytes) -> None:
        """Carry out one order."""
        if kind == START:
            self.start(json.loads(content))
        elif kind == TELL:
            self.send(TOLD, number, json.dumps(self.facts()).encode())
        elif kind == LEAVE:
            self.leave()
        elif kind == OPEN:
            self.open(number, int(content))
        elif (tunnel := self.tunnels.get(number)) is None:
            return
        elif kind == DATA:
            tunnel.waiting += content
            self.write(tunnel)
        elif kind == END:
            tunnel.is_ending = True
            self.write(tunnel)
        elif kind == WINDOW:
            tunnel.credit += NUMBER.unpack(content)[0]
            self.attend(tunnel)
        elif kind == CLOSE:
            self.close(tunnel)

    def start(self, what: dict[str, Any]) -> None:
        """Start the service with what it prints going to us."""
        root = os.getcwd()
        programs = tempfile.mkdtemp(prefix="programs-")
        os.chmod(programs, 0o755)  # noqa: S103 - a service may go on as another user
        for name, command in what["programs"].items():
            place = os.path.join(programs, name)
            with open(place, "w", encoding="utf-8") as script:
                script.write(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
            os.chmod(place, 0o755)  # noqa: S103 - a script that its user runs
        fill = {"{root}": root}
        variables = os.environ | {name: filled(value, fill) for name, value in what["variables"].items()}
        variables["PATH"] = f"{programs}:{variables['PATH']}"
        arguments, folder = (
            [filled(argument, fill) for argument in what["arguments"]],
            os.path.join(root, what["folder"]),
        )
        from_service, for_service = os.pipe()
        try:
            let_scripts_run(arguments, folder, root)
            self.service = subprocess.Popen(
                arguments,
                cwd=folder,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=for_service,
                stderr=for_service,
                start_new_session=True,  # so that one which ends its whole group does not end us
            )
        except (OSError, ValueError) as error:
            self.keep(f"{error}\n".encode())
        os.close(for_service)
        self.selector.register(from_service, selectors.EVENT_READ, lambda _events: self.listen(from_service))

    def listen(self, descriptor: int) -> None:
        """Keep the beginning and the end of what the service prints."""
        block = os.read(descriptor, BLOCK)
        if not block:
            self.selector.unregister(descriptor)
            os.close(descriptor)
        self.keep(block)

    def keep(self, block: bytes) -> None:
        """Keep a piece of it."""
        self.printed += len(block)
        fits = HEAD - len(self.head)
        self.head += block[:fits]
        self.tail += block[fits:]
        del self.tail[:-TAIL]

    def facts(self) -> dict[str, Any]:
        """Return how the service is."""
        status = self.service.poll() if self.service else None
        left_out = self.printed - len(self.head) - len(self.tail)
        between = f"\n[{left_out} bytes]\n".encode() if left_out else b""
        return {
            "exit_status": 127 if self.service is None else (128 - status if status and status < 0 else status),
            "output": (self.head + between + self.tail).decode("utf-8", "replace"),
            "ports": listening_ports(),
        }

    def open(self, number: int, port: int) -> None:
        """Connect to a port of the service."""
        if len(self.tunnels) >= MAX_TUNNELS or number in self.tunnels:
            self.send(REFUSED, number, b"too many connections")
            return
        tunnel = self.tunnels[number] = Tunnel(number, port)
        self.attend(tunnel)

    def attend(self, tunnel: Tunnel) -> None:
        """Wait for what the tunnel needs now."""
        wanted = tunnel.wanted()
        if wanted == tunnel.events:
            return

        def act(events: int) -> None:
            self.act(tunnel, events)

        if not tunnel.events:
            self.selector.register(tunnel.socket, wanted, act)
        elif wanted:
            self.selector.modify(tunnel.socket, wanted, act)
        else:
            self.selector.unregister(tunnel.socket)
        tunnel.events = wanted

    def act(self, tunnel: Tunnel, events: int) -> None:
        """Go on with a tunnel that is ready."""
        if tunnel.number not in self.tunnels:  # closed by what came just before
            return
        if not tunnel.is_open:
            if error := tunnel.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                self.send(REFUSED, tunnel.number, os.strerror(error).encode())
                self.close(tunnel)
                return
            tunnel.is_open = True
            tunnel.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.send(OPEN, tunnel.number)
        if events & selectors.EVENT_READ:
            self.read(tunnel)
        if tunnel.number in self.tunnels:
            self.write(tunnel)

    def read(self, tunnel: Tunnel) -> None:
        """Pass on what the service says."""
        if QUICKACK is not None:
            tunnel.socket.setsockopt(socket.IPPROTO_TCP, QUICKACK, 1)
        try:
            block = tunnel.socket.recv(min(BLOCK, tunnel.credit))
        except BlockingIOError:
            return
        except OSError:  # it broke off
            self.send(CLOSE, tunnel.number)
            self.close(tunnel)
            return
        if block:
            tunnel.credit -= len(block)
            self.send(DATA, tunnel.number, block)
        else:
            tunnel.is_heard = True
            self.send(END, tunnel.number)

    def write(self, tunnel: Tunnel) -> None:
        """Pass on what was said to the service."""
        if tunnel.is_open:
            try:
                if tunnel.waiting:
                    sent = tunnel.socket.send(tunnel.waiting)
                    del tunnel.waiting[:sent]
                    self.send(WINDOW, tunnel.number, NUMBER.pack(sent))
                if tunnel.is_ending and not tunnel.waiting:
                    tunnel.socket.shutdown(socket.SHUT_WR)
                    tunnel.is_ending = False
            except BlockingIOError:
                pass
            except OSError:
                # It takes no more, but what it has said before may still be read.
                self.send(WINDOW, tunnel.number, NUMBER.pack(len(tunnel.waiting)))
                tunnel.waiting.clear()
                tunnel.is_ending = False
        self.attend(tunnel)

    def close(self, tunnel: Tunnel) -> None:
        """Forget a tunnel."""
        if tunnel.events:
            self.selector.unregister(tunnel.socket)
        tunnel.socket.close()
        del self.tunnels[tunnel.number]

    def send(self, kind: bytes, number: int, content: bytes = b"") -> None:
        """Say something as soon as it can be said."""
        self.unsent += HEADER.pack(kind, number, len(content)) + content
        self.flush(0)

    def flush(self, _events: int) -> None:
        """Write what can be written, and wait for the rest."""
        try:
            del self.unsent[: os.write(self.replies, self.unsent)]
        except BlockingIOError:
            pass
        except OSError:  # nobody listens any more
            self.leave()
        if bool(self.unsent) != self.is_sending:
            self.is_sending = bool(self.unsent)
            if self.is_sending:
                self.selector.register(self.replies, selectors.EVENT_WRITE, self.flush)
            else:
                self.selector.unregister(self.replies)

    def leave(self) -> None:
        """End the service, and this process."""
        if self.service:
            try:
                os.killpg(self.service.pid, signal.SIGKILL)
            except OSError:  # it has gone
                pass
        os._exit(0)


def filled(text: str, values: dict[str, str]) -> str:
    """Return a text with the places in it that are only known here."""
    for name, value in values.items():
        text = text.replace(name, value)
    return text


def let_scripts_run(arguments: list[str], folder: str, root: str) -> None:
    """Let the scripts of the submission that a command names be run: an image may have said so of its own copy."""
    for word in " ".join(arguments).translate(SIGNS).split():
        place = os.path.realpath(os.path.join(folder, word))
        if place.startswith(f"{root}/") and os.path.isfile(place) and not os.access(place, os.X_OK):
            with open(place, "rb") as file:
                is_script = file.read(2) == b"#!"
            if is_script:
                os.chmod(place, 0o755)  # noqa: S103 - as an image does


def listening_ports() -> list[int] | None:
    """Return the ports that something listens on in this network namespace, or `None` where that cannot be seen."""
    found: set[int] = set()
    tables = [table for table in ("/proc/net/tcp", "/proc/net/tcp6") if os.path.exists(table)]
    for table in tables:
        with open(table, encoding="ascii") as lines:
            rows = [line.split() for line in lines][1:]
        found.update(int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == LISTENING)
    return sorted(found)[:MAX_PORTS] if tables else None


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Worker().serve()
