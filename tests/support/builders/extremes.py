"""Requests with one field at its extreme, made from the contract itself: whatever it grows by is tried, too."""

import math
from collections.abc import Iterator
from typing import Any, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

M = TypeVar("M", bound=Message)

F = FieldDescriptor
TEXTS = ("", "x" * 9_000, "é" * 5_000, "x" * 200_000, "\0", "\u202e\n\x1b[31m", '["\\ud800"]', '["\\ud800",1]')
WHOLE = {
    F.CPPTYPE_INT32: (-(2**31), -1, 2**31 - 1),
    F.CPPTYPE_UINT32: (1, 2**32 - 1),
    F.CPPTYPE_INT64: (-(2**63), -1, 2**63 - 1),
    F.CPPTYPE_UINT64: (2**63 - 1, 2**63, 2**64 - 1),
    F.CPPTYPE_ENUM: (-1, 99, 2**31 - 1),
    F.CPPTYPE_FLOAT: (math.inf, -math.inf, math.nan, 3.4e38, -1.0),
    F.CPPTYPE_DOUBLE: (math.inf, math.nan, 1e308),
    F.CPPTYPE_BOOL: (True, False),
}
MANY = 2_000


def extremes(base: M) -> Iterator[tuple[str, M]]:
    """Yield copies of a request, each with another field at an extreme, and the field's path."""
    for path, change in _changes(type(base)().DESCRIPTOR, ()):
        copy = type(base)()
        copy.CopyFrom(base)
        _apply(copy, path, change)
        yield ".".join(path), copy


def _changes(descriptor: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for field in descriptor.fields:
        here = (*path, field.name)
        if field.cpp_type == F.CPPTYPE_MESSAGE:
            yield from _changes(field.message_type, here)
        else:
            yield from ((here, value) for value in _values(field))


def _values(field: Any) -> Iterator[Any]:
    if field.cpp_type != F.CPPTYPE_STRING:
        values: tuple[Any, ...] = WHOLE[field.cpp_type]
    else:
        values = (b"", b"\xff" * 9_000) if field.type == F.TYPE_BYTES else TEXTS
    for value in values:
        yield [value] if field.is_repeated else value
    if field.is_repeated:
        yield [values[-1]] * MANY


def _apply(message: Any, path: tuple[str, ...], change: Any) -> None:
    *parents, name = path
    for parent in parents:
        field = message.DESCRIPTOR.fields_by_name[parent]
        inner = getattr(message, parent)
        if field.is_repeated:
            message = inner[0] if len(inner) else inner.add()
        else:
            inner.SetInParent()
            message = inner
    if isinstance(change, list):
        del getattr(message, name)[:]
        getattr(message, name).extend(change)
    else:
        setattr(message, name, change)
