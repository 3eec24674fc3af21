"""Opening what a name stands for, and saying in one sentence why it cannot be opened."""

import io
import os
import pathlib
import re
import struct
from collections.abc import Mapping

import av
from av.container import InputContainer

from roompulse.errors import SourceError

OPEN_TIMEOUT_S = 10.0
STILL_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF")
STILL_SUFFIXES = (".jpg", ".jpeg", ".jfif", ".png", ".webp")
_DEVICE = "/dev/video"
_TEXT = re.compile(rb"[\t\n\r\x20-\x7e\x80-\xff]+")
_MAX_BOXES = 10_000


def is_local(name: str) -> bool:
    """Tell whether a name is one of a file here, whatever characters are in it, and not of a URL or a device."""
    return not name.startswith(_DEVICE) and os.path.exists(name)


def still_bytes(name: str) -> bytes | None:
    """Return the bytes of a still picture; None where the name stands for something else."""
    path = pathlib.Path(name)
    if path.suffix.lower() not in STILL_SUFFIXES or not path.is_file():
        return None
    data = path.read_bytes()
    return data if data.startswith(STILL_MAGIC) else None


def open_container(name: str, options: Mapping[str, str]) -> InputContainer:
    """Open a file, a URL or a device.

    Stills are opened from their bytes, which say what they are: FFmpeg would go by the suffix, and take "shot %d.jpg"
    for a pattern. Files have "file:" before their name, or "10:15.mp4" would be a protocol.

    Raises:
        SourceError: Why it cannot be opened, and what helps.
    """
    device = name.startswith(_DEVICE)
    try:
        data = still_bytes(name)
        return av.open(
            f"file:{name}" if data is None and is_local(name) else io.BytesIO(data) if data is not None else name,
            "r",
            format="v4l2" if device else None,
            options=dict(options),
            timeout=OPEN_TIMEOUT_S,
        )
    except (FileNotFoundError, av.error.ProtocolNotFoundError) as err:
        raise SourceError(f"there is no file {name}") from err
    except av.error.InvalidDataError as err:
        raise SourceError(_why_no_video(name)) from err
    except (av.FFmpegError, OSError) as err:
        raise SourceError(f"{name} cannot be opened: {err.strerror or err}") from err


def _why_no_video(name: str) -> str:
    nothing = f"{name} is no video that can be read"
    if not is_local(name):
        return nothing
    with open(name, "rb") as file:
        head = file.read(256)
        if not head:
            return f"{name} is empty: it has no bytes"
        if _TEXT.fullmatch(head):
            begin = head.split(b"\n")[0][:40].decode("utf-8", "replace")
            return f"{nothing}: it is text, and begins with {begin!r}; was an error page saved in its place?"
        if head[4:8] == b"ftyp" and not _has_index(file):
            return (
                f"{name} is an MP4 whose index (moov) is missing: the recording was cut off before it was closed. "
                "Tools such as untrunc rebuild it from a whole recording of the same device; to be safe from this, "
                "record MKV or fragmented MP4"
            )
    return nothing


def _has_index(file: io.BufferedReader) -> bool:
    """Walk the boxes of an MP4 (ISO/IEC 14496-12, 4.2) and tell whether one of them is its index."""
    file.seek(0)
    for _ in range(_MAX_BOXES):
        head = file.read(8)
        if len(head) < 8:
            return False
        size, kind = struct.unpack(">I4s", head)
        if kind == b"moov":
            return True
        if size == 1:
            size = int.from_bytes(file.read(8), "big") - 8
        if size < 8:
            return False
        file.seek(size - 8, os.SEEK_CUR)
    return False
