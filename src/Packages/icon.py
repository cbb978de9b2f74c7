#!/usr/bin/env python3
"""Draws the icon of the packages, icon.png: a hallmark, struck after the test. Nothing but the standard library: src/Packages/icon.py src/Packages/icon.png"""
import math
import struct
import sys
import zlib

SIZE, SAMPLES = 128, 4
FIELD, LIGHT, METAL = (22, 44, 62), (38, 74, 98), (231, 196, 116)


def distance(x, y, ax, ay, bx, by):
    """From a point to a line segment."""
    dx, dy = bx - ax, by - ay
    along = max(0.0, min(1.0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)))
    return math.hypot(x - ax - along * dx, y - ay - along * dy)


def shield(x, y):
    """Below zero inside the cartouche: a square with cut corners, as punches for gold and silver have them. x, y from -1 to 1."""
    x, y = abs(x), abs(y)
    return max(x - 0.94, y - 0.94, (x + y - 1.46) / math.sqrt(2))


def letter(x, y):
    """Below zero inside the A: two strokes, and a bar that is a check mark."""
    strokes = min(
        distance(x, y, -0.42, 0.52, 0.0, -0.52),
        distance(x, y, 0.0, -0.52, 0.42, 0.52),
        distance(x, y, -0.20, 0.16, -0.02, 0.32),
        distance(x, y, -0.02, 0.32, 0.24, 0.04),
    )
    return strokes - 0.082


def colour(x, y):
    edge = shield(x, y)
    if edge > 0:
        return (0, 0, 0, 0)
    if letter(x, y) < 0 or -0.13 < edge < -0.07:
        return (*METAL, 255)
    share = (1 - y) / 2
    return (*(round(dark + (light - dark) * share) for dark, light in zip(FIELD, LIGHT)), 255)


def pixel(column, row):
    red = green = blue = alpha = 0
    for i in range(SAMPLES):
        for j in range(SAMPLES):
            r, g, b, a = colour((column + (i + 0.5) / SAMPLES) / SIZE * 2 - 1, (row + (j + 0.5) / SAMPLES) / SIZE * 2 - 1)
            red, green, blue, alpha = red + r * a, green + g * a, blue + b * a, alpha + a
    if alpha == 0:
        return bytes(4)
    return bytes((red // alpha, green // alpha, blue // alpha, alpha // SAMPLES**2))


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


rows = b"".join(b"\0" + b"".join(pixel(column, row) for column in range(SIZE)) for row in range(SIZE))
with open(sys.argv[1], "wb") as file:
    file.write(b"\x89PNG\r\n\x1a\n")
    file.write(chunk(b"IHDR", struct.pack(">IIBBBBB", SIZE, SIZE, 8, 6, 0, 0, 0)))
    file.write(chunk(b"IDAT", zlib.compress(rows, 9)))
    file.write(chunk(b"IEND", b""))
