"""A scorer's state as bytes, so that a stream goes on elsewhere without a jump. No picture, no embedding.

Layout, little endian: version, number of ids; each id as length and UTF-8; the moment (f64); the numbers (f32).
"""

import struct
from dataclasses import dataclass

import numpy as np

VERSION = 2
_HEAD = struct.Struct("<BB")
_MOMENT = struct.Struct("<d")


@dataclass(frozen=True, slots=True)
class ScorerState:
    """State at a moment: ids that must fit for it to be of use, and numbers (ages, angles, sums)."""

    ids: tuple[str, ...]
    at_s: float
    numbers: tuple[float, ...]


def pack(checkpoint: ScorerState) -> bytes:
    """Return the checkpoint as bytes: below 2 KB for the numbers of a scorer."""
    ids = [name.encode() for name in checkpoint.ids]
    return b"".join(
        (
            _HEAD.pack(VERSION, len(ids)),
            *(bytes((len(name),)) + name for name in ids),
            _MOMENT.pack(checkpoint.at_s),
            np.array(checkpoint.numbers, dtype="<f4").tobytes(),
        )
    )


def unpack(data: bytes) -> ScorerState | None:
    """Return the checkpoint, or None for one of another version: a new start is better than a wrong one.

    Raises:
        ValueError: The bytes are cut short or were never a checkpoint.
    """
    try:
        version, count = _HEAD.unpack_from(data)
        if version != VERSION:
            return None
        place, ids = _HEAD.size, []
        for _ in range(count):
            length = data[place]
            ids.append(data[place + 1 : place + 1 + length].decode())
            place += 1 + length
        (at_s,) = _MOMENT.unpack_from(data, place)
        numbers = np.frombuffer(data, dtype="<f4", offset=place + _MOMENT.size)
    except (struct.error, IndexError, UnicodeDecodeError) as err:
        raise ValueError(f"{len(data)} bytes are no checkpoint: {err}") from err
    return ScorerState(tuple(ids), at_s, tuple(numbers.tolist()))
