"""The least that a service can be: it reads a request and gives a short answer. What it costs is the way there.

Its text is handed to a Python interpreter in a sandbox that holds nothing of the learner's.
"""

from __future__ import annotations

import asyncio
import re

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
    server = await asyncio.start_server(answer, "127.0.0.1", PORT, backlog=512)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
