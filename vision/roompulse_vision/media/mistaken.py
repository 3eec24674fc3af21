"""What bytes are, by their first ones, where they are none of the stills that are read; and what would be right."""

from roompulse_vision.bitstream.access_unit import is_annex_b

STILL = "send JPEG, PNG or WebP"
FILE = "send the access units in it one by one, not the file"
MAGICS = {
    b"GIF8": ("GIF", STILL),
    b"II*\x00": ("TIFF", STILL),
    b"MM\x00*": ("TIFF", STILL),
    b"BM": ("BMP", STILL),
    b"\x00\x00\x00\x0cjP": ("JPEG 2000", STILL),
    b"\xff\x4f\xff\x51": ("JPEG 2000", STILL),
    b"#?RADIANCE": ("Radiance HDR", STILL),
    b"\x1a\x45\xdf\xa3": ("a WebM or Matroska file", FILE),
    b"DKIF": ("an IVF file", FILE),
    b"FLV\x01": ("an FLV file", FILE),
}


def named(data: bytes) -> str:
    """Return what the bytes are and what would be right, for example `GIF; send JPEG, PNG or WebP`."""
    known = container(data) or next((known for magic, known in MAGICS.items() if data.startswith(magic)), None)
    if known is None and is_annex_b(data):
        known = ("H.264 or H.265 as Annex B (start codes)", "declare ENCODING_H264 for H.264")
    name, remedy = known or (f"no picture known here (they begin with {data[:8].hex(' ')})", STILL)
    return f"{name}; {remedy}"


def container(data: bytes) -> tuple[str, str] | None:
    """Return what file the bytes begin, and what would be right; None where they begin none."""
    if data[4:8] == b"ftyp":
        kind = data[8:12].decode("ascii", "replace")
        return f"an ISO media file ({kind!r}: MP4, AVIF, HEIC …)", f"{STILL}, or access units"
    if data.startswith(b"RIFF") and data[8:12] == b"AVI ":
        return "an AVI file", FILE
    return next((known for magic, known in MAGICS.items() if known[1] is FILE and data.startswith(magic)), None)
