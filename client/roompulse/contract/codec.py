"""The one place where protobuf and the client's own values meet.

Both directions are derived from the dataclass's annotations and the message's descriptor, field by field:

    float, int, bool, str, bytes   the same             WireEnum               enum number
    datetime (UTC)                 Timestamp            name_s: float          name: Duration, or name_ms: milliseconds
    a dataclass                    a message            tuple[X, ...]          repeated X
    Mapping[K, V]                  repeated messages of exactly two fields, key and value

`X | None` is absent where None. A test holds every field of every message against this table.
"""

import dataclasses
import functools
import json
import types
import typing
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from roompulse import argument, media, results
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
M = TypeVar("M", bound=Message)
Decode = Callable[[Any], Any]
Encode = Callable[[Message, FieldDescriptor, Any, str], None]

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
    """Return the message that says what `value` says; `value` is one of `MESSAGES`.

    Raises:
        InvalidArgument: It is none.
    """
    kind = MESSAGES.get(type(value))
    if kind is None:
        raise argument.refused("the value", value, "one of roompulse.results")
    message = kind()
    _fill(message, value, type(value).__name__)
    return message


def message_of(kind: type[M], /, **values: Any) -> M:
    """Return a message with these fields; what is None is left out. Seconds and datetimes go into fields of time.

    Raises:
        InvalidArgument: A value cannot be said in its field; names the field and the value.
    """
    message = kind()
    for name, value in values.items():
        if value is not None:
            write(message, _field(message, name), value, name)
    return message


def write(message: Message, field: FieldDescriptor, value: Any, path: str) -> None:
    """Say a value in a field; `path` is what errors call it.

    Raises:
        InvalidArgument: It cannot be said there.
    """
    if field.message_type is None and not field.is_repeated:
        setattr(message, field.name, argument.scalar(field, value, path))
    elif field.message_type is None:
        said = [
            argument.scalar(field, item, f"{path}[{number}]") for number, item in enumerate(argument.items(value, path))
        ]
        getattr(message, field.name).extend(said)
    elif field.is_repeated:
        for number, item in enumerate(argument.items(value, path)):
            _write_part(getattr(message, field.name).add(), item, f"{path}[{number}]")
    else:
        _write_part(getattr(message, field.name), value, path)


def _write_part(part: Message, value: Any, path: str) -> None:
    part.SetInParent()
    match part:
        case Duration():
            part.FromMicroseconds(round(argument.seconds(value, path) * 1e6))
        case Timestamp():
            part.FromDatetime(argument.moment(value, path))
        case _ if isinstance(value, type(part)):
            part.CopyFrom(value)
        case _:
            kinds = [kind for kind, message in MESSAGES.items() if isinstance(part, message)]
            if type(value) not in kinds:
                raise argument.refused(path, value, f"a {kinds[0].__name__}")
            _fill(part, value, path)


def to_dict(value: object) -> dict[str, Any]:
    """Return a value of `roompulse.results` as proto3 JSON's dictionary (lowerCamelCase names)."""
    return json_format.MessageToDict(to_proto(value))


def to_json(value: object) -> str:
    """Return a value of `roompulse.results` as one line of proto3 JSON."""
    return json.dumps(to_dict(value), ensure_ascii=False)


@dataclasses.dataclass(frozen=True, slots=True)
class _Rule:
    """How one field of a dataclass is read from a message and written into one."""

    name: str
    field: FieldDescriptor
    proto_name: str
    has_presence: bool
    optional: bool
    decode: Decode
    encode: Encode

    def read(self, message: Message) -> Any:
        if self.optional and self.has_presence and not message.HasField(self.proto_name):
            return None
        return self.decode(getattr(message, self.proto_name))

    def write(self, message: Message, value: object, path: str) -> None:
        if value is not None:
            self.encode(message, self.field, value, f"{path}.{self.name}")
        elif not self.optional:
            raise argument.refused(f"{path}.{self.name}", value, "given")


def _rules(kind: Any, descriptor: Any) -> tuple[_Rule, ...]:
    return _derived_rules(kind, descriptor)


@functools.cache
def _derived_rules(kind: Any, descriptor: Any) -> tuple[_Rule, ...]:
    hints = typing.get_type_hints(kind)
    return tuple(_rule(field.name, hints[field.name], descriptor) for field in dataclasses.fields(kind))


def _rule(name: str, hint: Any, descriptor: Descriptor) -> _Rule:
    field = proto_field(name, descriptor)
    optional = isinstance(hint, types.UnionType)
    inner = next(part for part in typing.get_args(hint) if part is not types.NoneType) if optional else hint
    decode, encode = _codec(inner, field)
    return _Rule(name, field, field.name, field.has_presence, optional, decode, encode)


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
        return lambda part: from_proto(hint, part), lambda m, f, v, path: _fill_part(getattr(m, f.name), v, hint, path)
    if isinstance(hint, type) and issubclass(hint, WireEnum):
        return hint, lambda m, f, v, path: setattr(m, f.name, hint.of(v))
    if hint is datetime:
        return lambda t: t.ToDatetime(tzinfo=UTC), write
    if field.message_type is not None:
        return lambda d: d.ToMicroseconds() / 1e6, write
    if field.name.endswith("_ms"):
        return lambda ms: ms / 1000, lambda m, f, v, path: write(m, f, round(argument.seconds(v, path) * 1000), path)
    return hint, write


def _repeated(item: Any, field: FieldDescriptor) -> tuple[Decode, Encode]:
    if field.message_type is None:
        return tuple, write

    def encode(message: Message, field: FieldDescriptor, values: Any, path: str) -> None:
        for number, value in enumerate(argument.items(values, path)):
            _fill_part(getattr(message, field.name).add(), value, item, f"{path}[{number}]")

    return lambda entries: tuple(from_proto(item, entry) for entry in entries), encode


def _mapping(key: Any, value: Any, field: FieldDescriptor) -> tuple[Decode, Encode]:
    assert field.message_type is not None
    first, second = field.message_type.fields
    key_rule, value_rule = (
        _Rule(part.name, part, part.name, False, False, *_codec(hint, part))
        for hint, part in ((key, first), (value, second))
    )

    def encode(message: Message, field: FieldDescriptor, entries: Any, path: str) -> None:
        for one, other in entries.items():
            entry = getattr(message, field.name).add()
            key_rule.write(entry, one, path)
            value_rule.write(entry, other, path)

    return lambda entries: {key_rule.read(entry): value_rule.read(entry) for entry in entries}, encode


def _field(message: Message, name: str) -> Any:
    return message.DESCRIPTOR.fields_by_name[name]


def _fill_part(part: Message, value: object, kind: type, path: str) -> None:
    if not isinstance(value, kind):
        raise argument.refused(path, value, f"a {kind.__name__}")
    part.SetInParent()
    _fill(part, value, path)


def _fill(message: Message, value: object, path: str) -> None:
    for rule in _rules(type(value), message.DESCRIPTOR):
        rule.write(message, getattr(value, rule.name), path)
