"""What many get is converted once: a message is kept for as long as the value that it says."""

import weakref
from collections.abc import Callable
from typing import Any, TypeVar

from roompulse_server.types import MeetingKey

Value = TypeVar("Value")
Message = TypeVar("Message")


def converted_once(convert: Callable[[Value, MeetingKey], Message]) -> Callable[[Value, MeetingKey], Message]:
    """Return `convert` for values that hundreds of subscribers get: it gives all of them one message.

    Put it into a message of your own, which copies it; change nothing in it. Values are told by identity: comparing
    takes as long as converting.
    """
    kept: dict[int, tuple[weakref.ref[Any], MeetingKey, Message]] = {}

    def converted(value: Value, key: MeetingKey) -> Message:
        name = id(value)
        known = kept.get(name)
        if known is not None and known[1] == key:
            return known[2]
        message = convert(value, key)
        kept[name] = weakref.ref(value, lambda _: kept.pop(name, None)), key, message
        return message

    return converted
