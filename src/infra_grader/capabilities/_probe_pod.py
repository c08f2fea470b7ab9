"""What a probe pod runs: a relay from its loopback to addresses in the cluster, and a port at which it can be reached.

Its text is handed to the Python 3 of the probe's image, so it needs nothing but the standard library; its argument is
the text of a service that does nothing. A connection to the relay begins with a line of host and port; it is answered
by a line, `ok` or why not, and everything after that goes there and back as it is.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys

RELAY_PORT = 9000
"""On the loopback alone, to which a port of the pod is forwarded."""
OPEN_PORT = 8099
"""At which every pod may connect, to find out whether rules are enforced."""
CONNECT_S = 10.0
BLOCK = 65_536
LINE_S = 10.0


async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on one connection."""
    try:
        words = (await asyncio.wait_for(reader.readline(), LINE_S)).decode("ascii").split()
        there = await asyncio.wait_for(asyncio.open_connection(words[0], int(words[1])), CONNECT_S)
    except asyncio.TimeoutError:  # noqa: UP041 - not the same one before 3.11
        await hang_up(writer, "no connection came about in time")
        return
    except (OSError, ValueError, IndexError) as error:
        refused = isinstance(error, ConnectionRefusedError)
        await hang_up(writer, "the connection is refused" if refused else str(error) or "it cannot be connected to")
        return
    writer.write(b"ok\n")
    await asyncio.gather(pass_on(reader, there[1]), pass_on(there[0], writer))
    there[1].close()
    writer.close()


async def hang_up(writer: asyncio.StreamWriter, reason: str) -> None:
    """Say why, and end."""
    try:
        writer.write(reason.replace("\n", " ").encode("utf-8") + b"\n")
        await writer.drain()
    except ConnectionError:
        pass
    writer.close()


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on one direction, to its end."""
    try:
        while True:
            block = await reader.read(BLOCK)
            if not block:
                break
            writer.write(block)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except (ConnectionError, OSError):
        writer.close()


async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """End a connection that only wanted to know whether it can be made."""
    writer.close()


async def serve() -> None:
    """Serve until the pod ends."""
    await asyncio.start_server(greet, "", OPEN_PORT)
    server = await asyncio.start_server(relay, "127.0.0.1", RELAY_PORT, backlog=512)
    await server.serve_forever()


if __name__ == "__main__":
    with subprocess.Popen([sys.executable, "-I", "-B", "-c", sys.argv[1]]):
        asyncio.run(serve())
