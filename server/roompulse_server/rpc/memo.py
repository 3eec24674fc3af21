"""What many subscribers get is converted once: a message is kept for as long as the value that it says."""

import weakref
from collections.abc import Callable
from typing import Any, TypeVar

from roompulse.v1 import update_pb2

from roompulse_server.rpc import convert
from roompulse_server.types import MeetingKey, Rollup, Update

Message = TypeVar("Message")


class Messages:
    """Messages of updates and roll-ups. Put one into a message of your own, which copies it; change nothing in it.

    Values are told by identity: comparing takes as long as converting.
    """

    def __init__(self) -> None:
        self._kept: dict[int, tuple[weakref.ref[Any], MeetingKey, Any]] = {}

    def update(self, value: Update, key: MeetingKey) -> update_pb2.ParticipantUpdate:
        return self._once(convert.update_to_proto, value, key)

    def rollup(self, value: Rollup, key: MeetingKey) -> update_pb2.Rollup:
        return self._once(convert.rollup_to_proto, value, key)

    def _once(self, to_proto: Callable[[Any, MeetingKey], Message], value: Any, key: MeetingKey) -> Message:
        name = id(value)
        known = self._kept.get(name)
        if known is not None and known[1] == key:
            message: Message = known[2]
            return message
        message = to_proto(value, key)
        self._kept[name] = weakref.ref(value, lambda _: self._kept.pop(name, None)), key, message
        return message
