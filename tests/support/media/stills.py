"""Still pictures with Exif blocks, as cameras and editors write them."""

import struct
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
SHORT, LONG = 3, 4
UPRIGHT = 1

# What a camera stores for each orientation, so that turning it gives the picture back (Exif 2.32, 4.6.4).
AS_STORED: dict[int, Callable[[Picture], Picture]] = {
    1: lambda picture: picture,
    2: np.fliplr,
    3: lambda picture: np.rot90(picture, 2),
    4: np.flipud,
    5: lambda picture: picture.transpose(1, 0, 2),
    6: np.rot90,
    7: lambda picture: np.rot90(picture, 2).transpose(1, 0, 2),
    8: lambda picture: np.rot90(picture, 3),
}


def stored(picture: Picture, orientation: int) -> Picture:
    return np.ascontiguousarray(AS_STORED[orientation](picture))


def tiff(orientation: int, order: str = "<", kind: int = SHORT) -> bytes:
    """Return an Exif block without its prefix: the maker's name, then the orientation."""
    head = (b"II*\x00" if order == "<" else b"MM\x00*") + struct.pack(f"{order}I", 8)
    value = struct.pack(f"{order}HH", orientation, 0) if kind == SHORT else struct.pack(f"{order}I", orientation)
    entries = struct.pack(f"{order}HHII", 0x010F, 2, 1, 0) + struct.pack(f"{order}HHI", 0x0112, kind, 1) + value
    return head + struct.pack(f"{order}H", 2) + entries + bytes(4)


def jpeg_with(data: bytes, *blocks: bytes) -> bytes:
    """Return a JPEG with Exif blocks before all else."""
    segments = (b"\xff\xe1" + struct.pack(">H", len(block) + 8) + b"Exif\0\0" + block for block in blocks)
    return data[:2] + b"".join(segments) + data[2:]
