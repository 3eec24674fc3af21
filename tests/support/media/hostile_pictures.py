"""Pictures that make C libraries talk: each can be decoded, and none of its warnings is anybody's business."""

import struct
import zlib

import cv2
import numpy as np
from shared_data import image


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def chatty_png(chunks: int = 30) -> bytes:
    """Return a PNG of noise for which libpng prints a line a chunk: their compressed text is cut short."""
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    whole = cv2.imencode(".png", noise)[1].tobytes()
    text = chunk(b"zTXt", b"x\0\0" + zlib.compress(b"a" * 100)[:-6])
    return whole[:33] + text * chunks + whole[33:]


def chatty_jpeg() -> bytes:
    """Return a face with a damaged middle, of which libjpeg prints "Corrupt JPEG data"."""
    face = image("single_face.jpg").read_bytes()
    half = len(face) // 2
    return face[:half] + b"\xff\x00\xff\x33" * 20 + face[half:]
