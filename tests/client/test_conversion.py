"""Messages become values and messages again, with nothing lost on the way."""

import dataclasses
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fake_service import an_update
from google.protobuf import json_format
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st
from roompulse import enums, results
from roompulse.contract import codec
from roompulse.errors import InvalidArgument
from roompulse.v1 import common_pb2, media_pb2, update_pb2

pytestmark = pytest.mark.versions

KINDS = sorted(codec.MESSAGES, key=lambda kind: kind.__name__)


def filled(message: Any) -> Message:
    """Set every field of a message to something that is not its default."""
    for number, field in enumerate(message.DESCRIPTOR.fields, 2):
        if field.is_repeated and field.message_type is not None:
            filled(getattr(message, field.name).add())
        elif field.is_repeated:
            getattr(message, field.name).append("text" if field.type == field.TYPE_STRING else number)
        elif field.message_type is not None:
            _fill_message(getattr(message, field.name), number)
        else:
            setattr(message, field.name, _value(field, number))
    return message  # type: ignore[no-any-return]


def _fill_message(part: Any, number: int) -> None:
    kind = part.DESCRIPTOR.full_name
    if kind == "google.protobuf.Duration":
        part.FromMicroseconds(number * 1_000_001)
    elif kind == "google.protobuf.Timestamp":
        part.FromMicroseconds(1_790_000_000_000_000 + number)
    else:
        filled(part)


def _value(field: Any, number: int) -> Any:
    if field.enum_type is not None:
        return 1
    by_type = {field.TYPE_STRING: f"text {number}", field.TYPE_BYTES: b"bytes", field.TYPE_BOOL: True}
    return by_type.get(field.type, 1000 if field.name.endswith("_ms") else number)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_field_of_a_message_travels_both_ways(kind: type) -> None:
    message = filled(codec.MESSAGES[kind]())
    assert codec.to_proto(codec.from_proto(kind, message)) == message


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_field_of_a_message_has_its_own_field(kind: type) -> None:
    descriptor: Any = codec.MESSAGES[kind].DESCRIPTOR
    ours = [codec.proto_field(field.name, descriptor).name for field in dataclasses.fields(kind)]
    assert sorted(ours) == sorted(field.name for field in descriptor.fields)


def test_absent_is_none_and_not_zero() -> None:
    update = codec.from_proto(results.Update, update_pb2.ParticipantUpdate())
    assert (update.face, update.affect, update.engagement, update.speaking, update.packet_index) == (None,) * 5
    spoken = codec.from_proto(results.Update, update_pb2.ParticipantUpdate(speaking=False, packet_index=0))
    assert (spoken.speaking, spoken.packet_index) == (False, 0)


def test_a_label_that_the_model_lacks_stays_absent() -> None:
    expressions = codec.from_proto(results.Expressions, update_pb2.Expressions(neutral=0.25, happiness=0.75))
    assert expressions.contempt is None
    assert dict(expressions) == {"neutral": 0.25, "happiness": 0.75}
    assert expressions.top == "happiness"
    assert results.Expressions().top is None


def test_counters_become_a_mapping() -> None:
    message = common_pb2.PacketCounters(received=5, analyzed=2, not_due=1)
    message.dropped.add(reason=common_pb2.DROP_REASON_SUPERSEDED, count=2)
    counters = codec.from_proto(results.PacketCounters, message)
    assert counters.dropped == {enums.DropReason.SUPERSEDED: 2}
    assert counters.balanced
    assert not dataclasses.replace(counters, received=6).balanced


def test_a_number_that_a_newer_server_invented_is_unspecified() -> None:
    message = update_pb2.ParticipantUpdate()
    message.presence = 99  # type: ignore[assignment]
    assert codec.from_proto(results.Update, message).presence is enums.Presence.UNSPECIFIED


def test_json_is_the_service_s_own() -> None:
    message = an_update("ada", 7, offset_s=1.5)
    value = codec.from_proto(results.Update, message)
    json = codec.to_dict(value)
    assert json["meetingOffset"] == "1.500s"
    assert json["sequence"] == "7"
    assert json["engagement"]["score"] == 0.7
    assert json_format.ParseDict(json, update_pb2.ParticipantUpdate()) == codec.to_proto(value)


@given(st.floats(-1e6, 1e6))
def test_seconds_keep_their_microseconds(seconds: float) -> None:
    offset = codec.message_of(media_pb2.VideoPacket, capture_offset=seconds).capture_offset
    assert math.isclose(offset.ToMicroseconds() / 1e6, seconds, abs_tol=5e-7)


def test_a_moment_of_any_zone_is_the_same_moment() -> None:
    moment = datetime(2026, 11, 23, 9, tzinfo=UTC)
    elsewhere = (moment + timedelta(0)).astimezone()
    time = codec.message_of(media_pb2.VideoPacket, capture_time=elsewhere).capture_time
    assert time.ToDatetime(tzinfo=UTC) == moment


@pytest.mark.parametrize("said", ["self-view", "SELF_VIEW", "self view", 2, enums.Purpose.SELF_VIEW])
def test_an_enumeration_is_named_as_one_likes(said: str | int) -> None:
    assert enums.Purpose.of(said) is enums.Purpose.SELF_VIEW


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(InvalidArgument, match="'spying' is no Purpose; one of: research, self view"):
        enums.Purpose.of("spying")


@pytest.mark.parametrize("said", [99, True, None, 1.0, b"research", ""])
def test_what_names_no_member_is_refused(said: Any) -> None:
    with pytest.raises(InvalidArgument, match="is no Purpose"):
        enums.Purpose.of(said)
