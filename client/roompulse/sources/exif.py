"""Which way up a still picture is, by its Exif block; the first block counts. Pure."""

import struct

UPRIGHT = 1
_TAG = 0x0112
_LAYOUTS = {3: "H", 4: "I"}  # SHORT, as Exif has it, and LONG, as some writers do
_ORDERS = {b"II*\x00": "<", b"MM\x00*": ">"}
_MAX_PARTS = 4096


def orientation(data: bytes) -> int:
    """Return the orientation, 1 to 8, of a JPEG, PNG or WebP; 1 where it says none."""
    try:
        return _from_tiff(_block(data).removeprefix(b"Exif\x00\x00"))
    except (struct.error, IndexError):
        return UPRIGHT


def _block(data: bytes) -> bytes:
    if data.startswith(b"\xff\xd8"):
        return _in_jpeg(data)
    if data.startswith(b"\x89PNG"):
        return _in_chunks(data, 8, ">I4s", b"eXIf", trailer=4)
    return _in_chunks(data, 12, "<4sI", b"EXIF", trailer=0)


def _in_jpeg(data: bytes) -> bytes:
    """Walk the segments before the first scan (ITU-T T.81, B.1.1)."""
    position = 2
    for _ in range(_MAX_PARTS):
        marker = data[position + 1]
        if data[position] != 0xFF or marker == 0xDA:
            break
        if marker == 0xFF:  # a fill byte
            position += 1
            continue
        (length,) = struct.unpack_from(">H", data, position + 2)
        if marker == 0xE1 and data.startswith(b"Exif\x00\x00", position + 4):
            return data[position + 4 : position + 2 + length]
        position += 2 + length
    return b""


def _in_chunks(data: bytes, position: int, head: str, wanted: bytes, trailer: int) -> bytes:
    """Walk the chunks of a PNG, or of a WebP, whose chunks have even lengths."""
    for _ in range(_MAX_PARTS):
        one, other = struct.unpack_from(head, data, position)
        kind, length = (one, other) if isinstance(one, bytes) else (other, one)
        if kind == wanted:
            return data[position + 8 : position + 8 + length]
        position += 8 + length + (trailer or length % 2)
    return b""


def _from_tiff(tiff: bytes) -> int:
    order = _ORDERS.get(tiff[:4])
    if order is None:
        return UPRIGHT
    (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
    (count,) = struct.unpack_from(f"{order}H", tiff, directory)
    for index in range(count):
        entry = directory + 2 + 12 * index
        tag, kind = struct.unpack_from(f"{order}HH", tiff, entry)
        if tag == _TAG and kind in _LAYOUTS:
            (value,) = struct.unpack_from(order + _LAYOUTS[kind], tiff, entry + 8)
            return value if 1 <= value <= 8 else UPRIGHT
    return UPRIGHT
