"""A sink in the service's place: what its own intake and decoder would look at, without network and without models."""

import asyncio
import pathlib
from collections.abc import Sequence

import cv2
import numpy as np
from media_samples import Picture
from roompulse.contract.codec import message_of
from roompulse.media import Packet as Sent
from roompulse.sending.encoder import Encoder
from roompulse.sending.video_player import FeedReport, Passing, VideoPlayer
from roompulse.v1 import media_pb2
from roompulse_server.rpc.convert_request import format_from_proto
from roompulse_server.streams.packet_admission import IncomingPacket, PacketAdmission
from roompulse_server.types.requests import MeetingRef, StreamConfig
from roompulse_vision.enumerations import Delivery
from roompulse_vision.errors import MediaError
from roompulse_vision.media.decoder import Decoded, Decoder
from roompulse_vision.types import MediaLimits

SMALL = (24, 24)


class Looked:
    """Keeps what would be looked at, small, with its moment and its size, and what is wrong with packets."""

    def __init__(self) -> None:
        config = StreamConfig(MeetingRef("default", "files"), "ada", delivery=Delivery.EVERY_FRAME, media_zero_us=0)
        self._intake, self._decoder = PacketAdmission(config, 0, MediaLimits()), Decoder(MediaLimits(), admitted=True)
        self._sent = 0
        self.shown: list[tuple[float, Picture]] = []
        self.sizes: list[tuple[int, int]] = []
        self.faults: list[str] = []

    async def send(self, picture: Sequence[Sent]) -> int:
        for packet in picture:
            self._sent += 1
            self._take(packet)
        return self._sent

    def use_encoder(self, encoder: Encoder) -> None:
        """Ask for nothing."""

    def finish(self) -> None:
        self._look(self._decoder.finish())

    def _take(self, sent: Sent) -> None:
        shape = format_from_proto(message_of(media_pb2.VideoPacket, format=sent.format).format) if sent.format else None
        capture_us = round((sent.capture_s or 0.0) * 1e6)
        incoming = IncomingPacket(self._sent, sent.data, capture_us, format=shape, decode_only=sent.decode_only)
        packet, fault = self._intake.accept(incoming, 0)
        self.faults += [fault.message] if fault else []
        if packet is None:
            return
        try:
            self._look(self._decoder.decode(packet))
        except MediaError as error:
            self.faults.append(error.message)

    def _look(self, decoded: Decoded) -> None:
        assert not decoded.waiting_for_key_frame
        self.faults += [error.message for _, error in decoded.damaged]
        self.shown += [(frame.packet.offset_us / 1e6, small(frame.picture())) for frame in decoded.frames]
        self.sizes += [(frame.width, frame.height) for frame in decoded.frames]

    @property
    def times(self) -> list[float]:
        return [at_s for at_s, _ in self.shown]


def small(picture: Picture) -> Picture:
    return np.asarray(cv2.resize(picture, SMALL, interpolation=cv2.INTER_AREA), np.uint8)


def played(path: pathlib.Path, mode: Passing, track: int | None = None) -> tuple[Looked, FeedReport]:
    """Return what the service would look at, and the report of sending."""
    sink = Looked()
    report = asyncio.run(VideoPlayer(sink, path, None, mode, skip_late=False, track=track).run())
    sink.finish()
    return sink, report
