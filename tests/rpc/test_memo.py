"""A value that many get is converted once, and its message goes when it goes."""

import gc

from record_updates import plain
from roompulse_server.rpc import convert
from roompulse_server.rpc.memo import Messages
from roompulse_server.types import MeetingKey

KEY = MeetingKey("default", "standup", "1f")


def test_everybody_gets_the_same_message() -> None:
    update, messages = plain(1), Messages()
    first = messages.update(update, KEY)
    assert messages.update(update, MeetingKey("default", "standup", "1f")) is first
    assert convert.update_to_proto(plain(1), KEY) == first


def test_a_value_of_another_meeting_is_converted_anew() -> None:
    update, messages = plain(1), Messages()
    messages.update(update, KEY)
    assert messages.update(update, MeetingKey("default", "standup", "2f")).meeting.uid == "2f"


def test_nothing_is_kept_of_a_value_that_is_gone() -> None:
    update, messages = plain(1), Messages()
    messages.update(update, KEY)
    gc.collect()
    assert len(messages._kept) == 1
    del update
    gc.collect()
    assert not messages._kept
