"""Pictures that are drawn for a request: valid files of any size, without a library, other ones from another seed."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Iterator
from typing import Literal

Format = Literal["png", "jpeg", "gif", "bmp"]
Mode = Literal["RGB", "L", "RGBA"]
CHANNELS = {"L": (1, 0), "RGB": (3, 2), "RGBA": (4, 6)}
"""Bytes of a pixel, and PNG's number for it."""
CONTENT_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "gif": "image/gif", "bmp": "image/bmp"}
TILE = 8
GIF_RUN = 100
"""Codes before the table is cleared, so that they never grow: 128 grey tones need 8 bits, and 9 after 127 codes."""


def draw_picture(form: Format, width: int, height: int, mode: Mode, source: random.Random) -> bytes:
    """Return a picture of random tiles; JPEG and GIF are grey, whatever the mode."""
    across, down = -(-width // TILE), -(-height // TILE)
    tiles = [[source.randrange(256) for _ in range(across)] for _ in range(down)]
    if form == "png":
        return _png(width, height, mode, tiles)
    if form == "bmp":
        return _bmp(width, height, tiles)
    if form == "gif":
        return _gif(width, height, tiles)
    return _jpeg(width, height, tiles)


def _row(tiles: list[int], width: int, mode: str) -> bytes:
    """Return the pixels of a row."""
    channels = CHANNELS[mode][0]
    pixels = [bytes(((tone * (place + 1) + 40 * place) % 256 if place < 3 else 255) for place in range(channels))
              for tone in tiles]  # fmt: skip
    return b"".join(pixel * TILE for pixel in pixels)[: width * channels]


def _png(width: int, height: int, mode: str, tiles: list[list[int]]) -> bytes:
    rows = b"".join(b"\0" + _row(tiles[y // TILE], width, mode) for y in range(height))
    header = struct.pack("!IIBBBBB", width, height, 8, CHANNELS[mode][1], 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack("!I", len(content)) + name + content + struct.pack("!I", zlib.crc32(name + content))
        for name, content in parts
    )


def _bmp(width: int, height: int, tiles: list[list[int]]) -> bytes:
    padding = bytes(-width * 3 % 4)
    rows = b"".join(_row(tiles[y // TILE], width, "RGB") + padding for y in reversed(range(height)))
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, len(rows), 2835, 2835, 0, 0)
    return struct.pack("<2sIHHI", b"BM", 54 + len(rows), 0, 0, 54) + header + rows


def _gif(width: int, height: int, tiles: list[list[int]]) -> bytes:
    palette = b"".join(bytes([tone * 2] * 3) for tone in range(128))
    pixels = b"".join(_row([tone // 2 for tone in tiles[y // TILE]], width, "L") for y in range(height))
    codes = [code for start in range(0, len(pixels), GIF_RUN) for code in (128, *pixels[start : start + GIF_RUN])]
    content = bytes([*codes, 129])  # each code has 8 bits: 128 clears the table, 129 ends
    blocks = b"".join(bytes([len(part)]) + part for part in _cut(content, 255))
    screen = struct.pack("<6sHHBBB", b"GIF89a", width, height, 0xF6, 0, 0)
    image = struct.pack("<BHHHHB", 0x2C, 0, 0, width, height, 0)
    return screen + palette + image + b"\x07" + blocks + b"\0;"


def _cut(content: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


def _jpeg(width: int, height: int, tiles: list[list[int]]) -> bytes:
    """Return a baseline JPEG of one component, where each block has one tone: all codes have a fixed length."""
    quantities = b"\0" + bytes([8] * 64)
    frame = struct.pack("!BHHB", 8, height, width, 1) + b"\x01\x11\x00"
    # Twelve sizes of a difference, each a code of 4 bits; after it, the one code of 1 bit that ends the block.
    of_first = b"\x00" + bytes([0, 0, 0, 12] + [0] * 12) + bytes(range(12))
    of_rest = b"\x10" + bytes([1] + [0] * 15) + b"\x00"
    bits: list[str] = []
    before = 0
    for row in tiles:
        for tone in row:
            difference = tone - 128 - before
            before = tone - 128
            size = abs(difference).bit_length()
            coded = difference if difference >= 0 else difference + (1 << size) - 1
            bits.append(f"{size:04b}" + (f"{coded:0{size}b}" if size else "") + "0")
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    scan = bytes(int(text[place : place + 8], 2) for place in range(0, len(text), 8)).replace(b"\xff", b"\xff\x00")
    start = b"\x01\x01\x00\x00\x3f\x00"
    parts = ((0xDB, quantities), (0xC0, frame), (0xC4, of_first), (0xC4, of_rest), (0xDA, start))
    segments = b"".join(struct.pack("!BBH", 0xFF, mark, len(content) + 2) + content for mark, content in parts)
    return b"\xff\xd8" + segments + scan + b"\xff\xd9"
