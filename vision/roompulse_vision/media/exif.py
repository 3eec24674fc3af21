"""Which way up a photograph is: the orientation tag of Exif."""

import struct

UPRIGHT = 1
ORIENTATIONS = range(1, 9)
ORIENTATION_TAG = 0x0112
VALUE_LAYOUTS = {3: "H", 4: "I"}  # SHORT, as Exif has it, and LONG, as some writers do
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
        entry = directory + 2 + 12 * index
        tag, kind = struct.unpack_from(f"{order}HH", tiff, entry)
        if tag == ORIENTATION_TAG and kind in VALUE_LAYOUTS:
            (value,) = struct.unpack_from(order + VALUE_LAYOUTS[kind], tiff, entry + 8)
            return value if value in ORIENTATIONS else UPRIGHT
    return UPRIGHT
