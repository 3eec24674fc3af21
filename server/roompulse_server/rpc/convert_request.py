"""Protos of requests → domain values. Pure; unknown enumeration numbers are refused, naming field and value."""

import math
from collections.abc import Callable
from enum import IntEnum
from typing import Any, Literal, TypeVar

from roompulse.v1 import analysis_service_pb2, common_pb2, media_pb2
from roompulse_vision import enumerations
from roompulse_vision import types as vision

from roompulse_server import types
from roompulse_server.errors import InvalidArgumentError
from roompulse_server.rpc.convert import us_from_duration, us_from_timestamp
from roompulse_server.streams.analysis_service import DEFAULT_MAX_FACES, ImageRequest
from roompulse_server.streams.packet_admission import IncomingPacket
from roompulse_server.types.requests import MeetingRef, StreamConfig, TileConfig

E = TypeVar("E", bound=IntEnum)

_CAPTURE: dict[types.Clock, tuple[Literal["capture_offset", "capture_time"], Callable[[Any], int]]] = {
    types.Clock.MEDIA: ("capture_offset", us_from_duration),
    types.Clock.WALL: ("capture_time", us_from_timestamp),
}


def enum_from_proto(kind: type[E], number: int, path: str, default: E | None = None) -> E:
    """Return the member; 0 gives `default` where there is one.

    Raises:
        InvalidArgumentError: The number has no member.
    """
    if number == 0 and default is not None:
        return default
    try:
        return kind(number)
    except ValueError:
        names = ", ".join(f"{member.value} {member.name}" for member in kind)
        raise InvalidArgumentError(path, f"{number} is none of {names}") from None


def ref_from_proto(key: common_pb2.MeetingKey) -> MeetingRef:
    return MeetingRef(key.tenant, key.id, key.uid)


def consent_from_proto(consent: common_pb2.Consent, path: str) -> types.Consent | None:
    """Return the consent, or None where none is stated."""
    state = enum_from_proto(types.ConsentState, consent.state, f"{path}.state")
    if state is types.ConsentState.UNSPECIFIED:
        return None
    return types.Consent(state, consent.recorded_by, consent.wording_version)


def format_from_proto(format: media_pb2.VideoFormat) -> vision.VideoFormat:
    return vision.VideoFormat(
        encoding=enum_from_proto(enumerations.Encoding, format.encoding, "format.encoding"),
        width=format.width,
        height=format.height,
        strides=tuple(format.strides),
        matrix=enum_from_proto(enumerations.ColorMatrix, format.matrix, "format.matrix"),
        range=enum_from_proto(enumerations.ColorRange, format.range, "format.range"),
        rotation_deg=format.rotation_deg,
        horizontal_flip=format.horizontal_flip,
        pixel_aspect_width=format.pixel_aspect_width,
        pixel_aspect_height=format.pixel_aspect_height,
    )


def tiles_from_proto(layout: media_pb2.TileLayout) -> tuple[TileConfig, ...]:
    return tuple(
        TileConfig(
            types.Tile(
                tile.participant_id,
                vision.Box(*(_finite(value) for value in (tile.box.x, tile.box.y, tile.box.width, tile.box.height))),
                tile.display_name,
                tile.speaking if tile.HasField("speaking") else None,
            ),
            consent_from_proto(tile.consent, f"tiles[{index}].consent"),
        )
        for index, tile in enumerate(layout.tiles)
    )


def config_from_proto(config: analysis_service_pb2.StreamConfig) -> StreamConfig:
    return StreamConfig(
        meeting=ref_from_proto(config.meeting),
        participant=config.participant_id,
        display_name=config.display_name,
        purpose=enum_from_proto(types.Purpose, config.purpose, "purpose"),
        consent=consent_from_proto(config.consent, "consent"),
        new_occurrence=config.new_occurrence,
        source=enum_from_proto(types.Source, config.source, "source", types.Source.CAMERA),
        content=enum_from_proto(types.Content, config.content, "content", types.Content.CAMERA),
        delivery=enum_from_proto(enumerations.Delivery, config.delivery, "delivery", enumerations.Delivery.LIVE),
        clock=enum_from_proto(types.Clock, config.clock, "clock", types.Clock.MEDIA),
        format=format_from_proto(config.format),
        mirrored=config.mirrored,
        update_rate_hz=config.update_rate_hz,
        analysis_rate_hz=config.analysis_rate_hz,
        tiles=tiles_from_proto(config.tiles),
        media_zero_us=config.media_zero_ms * 1000 if config.HasField("media_zero_ms") else None,
        everyone_consented=config.everyone_consented,
        time_zone=config.time_zone,
        stream_id=config.stream_id,
        resumed=config.resumed,
    )


def capture_from_proto(message: media_pb2.VideoPacket | media_pb2.CameraChange, clock: types.Clock) -> int | None:
    """Return the capture time in microseconds by the stream's clock, or None where it is missing.

    Raises:
        InvalidArgumentError: It is of the other clock.
    """
    name, to_us = _CAPTURE[clock]
    if message.HasField(name):
        return to_us(getattr(message, name))
    for other, (wrong, _) in _CAPTURE.items():
        if message.HasField(wrong):
            what = f"it is for CLOCK_{other.name}, and the clock of this stream is CLOCK_{clock.name}: give {name}"
            raise InvalidArgumentError(wrong, what)
    return None


def _finite(value: float) -> float:
    return value if math.isfinite(value) else -1.0  # outside every picture: the check of the box names it


def incoming_from_proto(packet: media_pb2.VideoPacket, clock: types.Clock) -> IncomingPacket:
    format, capture_us, wrong, wrong_time = None, None, "", ""
    try:
        format = format_from_proto(packet.format) if packet.HasField("format") else None
    except InvalidArgumentError as error:
        wrong = f"{error.field}: {error.message}"
    try:
        capture_us = capture_from_proto(packet, clock)
    except InvalidArgumentError as error:
        wrong_time = f"{error.field}: {error.message}"
    return IncomingPacket(
        index=packet.index,
        data=packet.data,
        capture_us=capture_us,
        speaking=packet.speaking if packet.HasField("speaking") else None,
        format=format,
        wrong_format=wrong,
        wrong_time=wrong_time,
        decode_only=packet.decode_only,
    )


def image_from_proto(request: analysis_service_pb2.AnalyzeImageRequest) -> ImageRequest:
    return ImageRequest(
        data=request.data,
        format=format_from_proto(request.format),
        purpose=enum_from_proto(types.Purpose, request.purpose, "purpose"),
        consent=consent_from_proto(request.consent, "consent"),
        max_faces=request.max_faces or DEFAULT_MAX_FACES,
    )
