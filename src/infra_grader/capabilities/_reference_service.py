"""The least that a service can be: it reads a request and gives a short answer. What it costs is the way there.

Its text is handed to a Python interpreter in a sandbox that holds nothing of the learner's, or it runs beside us.
"""

from __future__ import annotations

import asyncio
import re
import socket
import sys

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"ok": true}\n'
LENGTH = re.compile(rb"(?i)\r\ncontent-length:\s*(\d+)")
PORT = 8000


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the requests of one connection."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            if found := LENGTH.search(head):
                await reader.readexactly(int(found[1]))
            writer.write(ANSWER)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def serve() -> None:
    """Serve until the end."""
    if len(sys.argv) > 1:  # the number of a socket that listens already
        server = await asyncio.start_server(answer, sock=socket.socket(fileno=int(sys.argv[1])))
    else:
        server = await asyncio.start_server(answer, "127.0.0.1", PORT, backlog=512)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
