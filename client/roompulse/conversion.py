"""The one place where protobuf and the client's own values meet.

Both directions are derived from the dataclass's annotations and the message's descriptor, field by field:

    float, int, bool, str, bytes   the same             WireEnum               enum number
    datetime (UTC)                 Timestamp            name_s: float          name: Duration, or name_ms: milliseconds
    a dataclass                    a message            tuple[X, ...]          repeated X
    Mapping[K, V]                  repeated messages of exactly two fields, key and value

`X | None` is absent where None. A test holds every field of every message against this table.
"""

import dataclasses
import json
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from roompulse import media, results
from roompulse.enums import WireEnum
from roompulse.v1 import (
    analysis_service_pb2,
    common_pb2,
    media_pb2,
    meeting_service_pb2,
    privacy_pb2,
    subscription_service_pb2,
    summary_pb2,
    update_pb2,
)

T = TypeVar("T")
Decode = Callable[[Any], Any]
Encode = Callable[[Message, str, Any], None]

MESSAGES: Mapping[type, type[Message]] = {
    media.VideoFormat: media_pb2.VideoFormat,
    media.Tile: media_pb2.Tile,
    results.Consent: common_pb2.Consent,
    results.MeetingKey: common_pb2.MeetingKey,
    results.PacketCounters: common_pb2.PacketCounters,
    results.GoingAway: common_pb2.GoingAway,
    results.Affect: update_pb2.Affect,
    results.Engagement: update_pb2.Engagement,
    results.Expressions: update_pb2.Expressions,
    results.Face: update_pb2.Face,
    results.Update: update_pb2.ParticipantUpdate,
    results.Rollup: update_pb2.Rollup,
    results.MeetingEvent: update_pb2.MeetingEvent,
    results.StreamOpened: analysis_service_pb2.StreamOpened,
    results.FlowNotice: analysis_service_pb2.FlowNotice,
    results.PacketFault: analysis_service_pb2.PacketFault,
    results.Heartbeat: analysis_service_pb2.Heartbeat,
    results.ImageFace: analysis_service_pb2.ImageFace,
    results.ImageResult: analysis_service_pb2.AnalyzeImageResponse,
    results.SubscriptionHeartbeat: subscription_service_pb2.SubscriptionHeartbeat,
    results.Meeting: meeting_service_pb2.Meeting,
    results.Participant: meeting_service_pb2.Participant,
    results.Notice: privacy_pb2.GetNoticeResponse,
    results.AuditEntry: privacy_pb2.AuditEntry,
    results.Moment: summary_pb2.Moment,
    results.MeetingPoint: summary_pb2.MeetingPoint,
    results.ParticipantSummary: summary_pb2.ParticipantSummary,
    results.Summary: summary_pb2.MeetingSummary,
}


def from_proto(kind: type[T], message: Message) -> T:
    """Return the dataclass `kind` that says what `message` says."""
    rules = _rules(kind, message.DESCRIPTOR)
    return kind(**{rule.name: rule.read(message) for rule in rules})


def to_proto(value: object) -> Message:
    """Return the message that says what `value` says; `value` is one of `MESSAGES`."""
    message = MESSAGES[type(value)]()
    _fill(message, value)
    return message


def to_dict(value: object) -> dict[str, Any]:
    """Return a value of `roompulse.results` as proto3 JSON's dictionary (lowerCamelCase names)."""
    return json_format.MessageToDict(to_proto(value))


def to_json(value: object) -> str:
    """Return a value of `roompulse.results` as one line of proto3 JSON."""
    return json.dumps(to_dict(value), ensure_ascii=False)


def format_to_proto(shape: media.VideoFormat) -> media_pb2.VideoFormat:
    """Return the message of a format."""
    message = media_pb2.VideoFormat()
    _fill(message, shape)
    return message


def tiles_to_proto(tiles: Iterable[media.Tile]) -> media_pb2.TileLayout:
    """Return the message of a gallery's tiles."""
    layout = media_pb2.TileLayout()
    for tile in tiles:
        _fill(layout.tiles.add(), tile)
    return layout


def key_to_proto(key: results.MeetingKey) -> common_pb2.MeetingKey:
    """Return the message of a meeting's key."""
    return common_pb2.MeetingKey(tenant=key.tenant, id=key.id, uid=key.uid)


def consent_to_proto(consent: results.Consent) -> common_pb2.Consent:
    """Return the message of a consent."""
    message = common_pb2.Consent()
    _fill(message, consent)
    return message


def seconds_to_duration(seconds: float) -> Duration:
    """Return a duration, rounded to a microsecond."""
    duration = Duration()
    duration.FromMicroseconds(round(seconds * 1e6))
    return duration


def datetime_to_timestamp(moment: datetime) -> Timestamp:
    """Return the timestamp of an aware datetime."""
    timestamp = Timestamp()
    timestamp.FromDatetime(moment.astimezone(UTC))
    return timestamp


@dataclasses.dataclass(frozen=True, slots=True)
class _Rule:
    """How one field of a dataclass is read from a message and written into one."""

    name: str
    proto_name: str
    has_presence: bool
    optional: bool
    decode: Decode
    encode: Encode

    def read(self, message: Message) -> Any:
        if self.optional and self.has_presence and not message.HasField(self.proto_name):
            return None
        return self.decode(getattr(message, self.proto_name))


def _rules(kind: Any, descriptor: Any) -> tuple[_Rule, ...]:
    return _RULES.get(kind) or _RULES.setdefault(kind, _derive_rules(kind, descriptor))


_RULES: dict[Any, tuple[_Rule, ...]] = {}


def _derive_rules(kind: Any, descriptor: Descriptor) -> tuple[_Rule, ...]:
    hints = typing.get_type_hints(kind)
    return tuple(_rule(field.name, hints[field.name], descriptor) for field in dataclasses.fields(kind))


def _rule(name: str, hint: Any, descriptor: Descriptor) -> _Rule:
    field = proto_field(name, descriptor)
    optional = isinstance(hint, types.UnionType)
    inner = next(part for part in typing.get_args(hint) if part is not types.NoneType) if optional else hint
    decode, encode = _codec(inner, field)
    return _Rule(name, field.name, field.has_presence, optional, decode, encode)


def proto_field(name: str, descriptor: Descriptor) -> FieldDescriptor:
    """Return the message's field behind a dataclass's field: the same name, or less its unit of seconds."""
    bare = name.removesuffix("_s")
    for candidate in (name, bare, f"{bare}_ms"):
        if candidate in descriptor.fields_by_name:
            return descriptor.fields_by_name[candidate]
    raise TypeError(f"{descriptor.name} has no field for {name!r}")


def _codec(hint: Any, field: FieldDescriptor) -> tuple[Decode, Encode]:
    origin = typing.get_origin(hint)
    if origin is tuple:
        return _repeated(typing.get_args(hint)[0], field)
    if origin is not None and issubclass(origin, Mapping):
        key, value = typing.get_args(hint)
        return _mapping(key, value, field)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return lambda part: from_proto(hint, part), lambda m, name, value: _fill_field(getattr(m, name), value)
    if isinstance(hint, type) and issubclass(hint, WireEnum):
        return hint, setattr
    if hint is datetime:
        return lambda t: t.ToDatetime(tzinfo=UTC), lambda m, n, v: getattr(m, n).CopyFrom(datetime_to_timestamp(v))
    if field.message_type is not None:
        return lambda d: d.ToMicroseconds() / 1e6, lambda m, n, v: getattr(m, n).CopyFrom(seconds_to_duration(v))
    if field.name.endswith("_ms"):
        return lambda ms: ms / 1000, lambda m, name, value: setattr(m, name, round(value * 1000))
    return hint, setattr


def _repeated(item: Any, field: FieldDescriptor) -> tuple[Decode, Encode]:
    if field.message_type is None:
        return tuple, lambda m, name, value: getattr(m, name).extend(value)

    def encode(message: Message, name: str, values: Any) -> None:
        for value in values:
            _fill_field(getattr(message, name).add(), value)

    return lambda entries: tuple(from_proto(item, entry) for entry in entries), encode


def _mapping(key: Any, value: Any, field: FieldDescriptor) -> tuple[Decode, Encode]:
    assert field.message_type is not None
    first, second = field.message_type.fields
    key_rule, value_rule = (
        _Rule(part.name, part.name, False, False, *_codec(hint, part)) for hint, part in ((key, first), (value, second))
    )

    def encode(message: Message, name: str, entries: Any) -> None:
        for one, other in entries.items():
            entry = getattr(message, name).add()
            key_rule.encode(entry, first.name, one)
            value_rule.encode(entry, second.name, other)

    return lambda entries: {key_rule.read(entry): value_rule.read(entry) for entry in entries}, encode


def _fill_field(message: Message, value: object) -> None:
    message.SetInParent()
    _fill(message, value)


def _fill(message: Message, value: object) -> None:
    for rule in _rules(type(value), message.DESCRIPTOR):
        part = getattr(value, rule.name)
        if part is not None:
            rule.encode(message, rule.proto_name, part)
