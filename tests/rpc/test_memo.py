"""A value that many get is converted once, and its message goes when it goes."""

import gc
import weakref

from record_updates import plain
from roompulse_server.rpc import convert
from roompulse_server.rpc.memo import converted_once
from roompulse_server.types import MeetingKey, Update

KEY = MeetingKey("default", "standup", "1f")


def test_everybody_gets_the_same_message() -> None:
    update = plain(1)
    first = convert.update_to_proto(update, KEY)
    assert convert.update_to_proto(update, MeetingKey("default", "standup", "1f")) is first
    assert convert.update_to_proto(plain(1), KEY) == first


def test_a_value_of_another_meeting_is_converted_anew() -> None:
    update = plain(1)
    convert.update_to_proto(update, KEY)
    assert convert.update_to_proto(update, MeetingKey("default", "standup", "2f")).meeting.uid == "2f"


class Message:
    """Unlike a proto, it can be asked whether it still lives."""

    def __init__(self, update: Update, key: MeetingKey) -> None:
        self.sequence, self.key = update.sequence, key


def test_nothing_is_kept_of_a_value_that_is_gone() -> None:
    update, convert_once = plain(1), converted_once(Message)
    message = weakref.ref(convert_once(update, KEY))
    gc.collect()
    assert message() is not None
    del update
    gc.collect()
    assert message() is None
