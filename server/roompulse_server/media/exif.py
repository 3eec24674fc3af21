"""Which way up a photograph is: the orientation tag of Exif."""

import struct

UPRIGHT = 1
ORIENTATIONS = range(1, 9)
ORIENTATION_TAG = 0x0112
SHORT = 3
PREFIX = b"Exif\x00\x00"


def orientation(block: bytes) -> int:
    """Return the orientation, 1 to 8, that an Exif block declares; 1 where it declares none or makes no sense.

    Args:
        block: The TIFF structure, with or without the prefix that JPEG puts before it (Exif 2.32, 4.5 and 4.6.4).
    """
    tiff = block.removeprefix(PREFIX)
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(tiff[:4])
    if order is None:
        return UPRIGHT
    try:
        return _read_directory(tiff, order)
    except struct.error:
        return UPRIGHT


def _read_directory(tiff: bytes, order: str) -> int:
    (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
    (count,) = struct.unpack_from(f"{order}H", tiff, directory)
    for index in range(count):
        tag, kind, _, value = struct.unpack_from(f"{order}HHIH", tiff, directory + 2 + 12 * index)
        if tag == ORIENTATION_TAG:
            return value if kind == SHORT and value in ORIENTATIONS else UPRIGHT
    return UPRIGHT
