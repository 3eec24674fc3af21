"""What callers pass, checked before it becomes a field of a message: one clear sentence in place of protobuf's errors.

The service checks ranges and lengths; here it is only made sure that a value can be said at all. Pure.
"""

import math
import numbers
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from roompulse.errors import InvalidArgument

MOST_SECONDS = 315_576_000_000  # of google.protobuf.Duration: 10,000 years
LEAST_WALL_S, MOST_WALL_S = 946_684_800.0, 4_102_444_800.0  # the years 2000 to 2100
MOST_MEDIA_S = 366 * 86_400.0  # what the service takes as a time within the media
MOST_TRACKS = 1 << 31
MOST_WAIT_S = 1e7  # 115 days; beyond, clocks of the system overflow
_SHOWN = 80
_F = FieldDescriptor
_WHOLE = {
    _F.TYPE_INT32: (-(1 << 31), (1 << 31) - 1),
    _F.TYPE_UINT32: (0, (1 << 32) - 1),
    _F.TYPE_INT64: (-(1 << 63), (1 << 63) - 1),
    _F.TYPE_UINT64: (0, (1 << 64) - 1),
    _F.TYPE_ENUM: (-(1 << 31), (1 << 31) - 1),
}


def refused(path: str, value: object, right: str) -> InvalidArgument:
    """Return the error of a value that cannot be used: which argument, what it is, and what would be right."""
    said = shown(value) if isinstance(value, str | None) else f"{type(value).__name__} {shown(value)}"
    return InvalidArgument(f"{path} is {said}; it must be {right}", field=path)


def shown(value: object) -> str:
    """Return a value as Python writes it, on one line, and cut where it is long."""
    text = " ".join(repr(value).split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def scalar(field: FieldDescriptor, value: Any, path: str) -> Any:
    """Return a value as a scalar field takes it.

    Raises:
        InvalidArgument: It is of another kind, or out of the field's range.
    """
    if field.type == _F.TYPE_STRING:
        return text(value, path)
    if field.type == _F.TYPE_BYTES:
        return blob(value, path)
    if field.type == _F.TYPE_BOOL:
        return flag(value, path)
    return whole(value, path, *_WHOLE[field.type]) if field.type in _WHOLE else real(value, path)


def text(value: Any, path: str) -> str:
    """Return a text that UTF-8 can say."""
    if not isinstance(value, str):
        raise refused(path, value, "text")
    try:
        value.encode()
    except UnicodeEncodeError as err:
        lone = value[err.start]
        raise refused(path, value, f"text without {lone!r}, a lone surrogate: it is half of a character") from err
    return value


def blob(value: Any, path: str) -> bytes:
    """Return bytes; a copy of what is no `bytes` yet."""
    if not isinstance(value, bytes | bytearray | memoryview):
        raise refused(path, value, "bytes")
    return bytes(value)


def flag(value: Any, path: str) -> bool:
    """Return True or False, also of numpy's."""
    if not isinstance(value, bool) and type(value).__name__ not in ("bool", "bool_"):
        raise refused(path, value, "True or False")
    return bool(value)


def whole(value: Any, path: str, least: int, most: int) -> int:
    """Return a whole number within bounds."""
    found = int(value) if isinstance(value, numbers.Integral) and not isinstance(value, bool) else None
    if found is None or not least <= found <= most:
        raise refused(path, value, f"a whole number from {least} to {most}")
    return found


def real(value: Any, path: str) -> float:
    """Return a number."""
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        raise refused(path, value, "a number")
    try:
        return float(value)
    except OverflowError as err:
        raise refused(path, value, "a number that fits a float") from err


def seconds(value: Any, path: str, least: float = -MOST_SECONDS, most: float = MOST_SECONDS) -> float:
    """Return a finite number of seconds within bounds."""
    found = real(value, path)
    if not math.isfinite(found) or not least <= found <= most:
        bounds = "" if (least, most) == (-MOST_SECONDS, MOST_SECONDS) else f", {least:g} to {most:g}"
        raise refused(path, value, f"a finite number of seconds{bounds}")
    return found


def media_seconds(value: Any, path: str) -> float:
    """Return a time within the media; more than a year, as seconds of wall clocks are, is refused with what helps."""
    found = real(value, path)
    if any(LEAST_WALL_S <= found / parts <= MOST_WALL_S for parts in (1, 1e3, 1e6, 1e9)):  # people count in any of them
        raise InvalidArgument(
            f"{path} {found:.0f} is {found / 86_400:.0f} days into the media, which looks like a time of a wall clock: "
            'open the stream with clock="wall" and give capture_time, or count from the beginning of the media',
            field=path,
        )
    if MOST_MEDIA_S < found < math.inf:
        raise InvalidArgument(
            f"{path} {found:g} is more than a year into the media; count from its beginning", field=path
        )
    return seconds(found, path)


def moment(value: Any, path: str) -> datetime:
    """Return an aware datetime, as UTC."""
    if not isinstance(value, datetime):
        raise refused(path, value, "a datetime with a time zone")
    if value.tzinfo is None:
        raise InvalidArgument(f"{path} {value} has no time zone; use an aware datetime", field=path)
    try:
        return value.astimezone(UTC)
    except (OverflowError, ValueError) as err:
        raise refused(path, value, "a moment of the years 1 to 9999 in UTC") from err


def one_of(value: Any, path: str, choices: tuple[str, ...]) -> str:
    """Return one of a few words."""
    if not isinstance(value, str) or value not in choices:
        raise refused(path, value, f"one of {', '.join(choices)}")
    return value


def path(value: Any, name: str) -> str:
    """Return the name of a file, URL or device, which the system can hold."""
    if not isinstance(value, str | os.PathLike):
        raise refused(name, value, "a file, URL or device, as text or a path")
    try:
        found = os.fsdecode(value)
        os.fsencode(found)
    except UnicodeError as err:
        raise refused(name, value, "a name that the file system can hold") from err
    if "\0" in found:
        raise refused(name, value, "a name without a null character")
    return found


def items(value: Any, path: str) -> list[Any]:
    """Return what a list, tuple or other iterable holds; a text or bytes are no list of their characters."""
    if isinstance(value, str | bytes | bytearray | memoryview) or not isinstance(value, Iterable):
        raise refused(path, value, "a list")
    return list(value)
