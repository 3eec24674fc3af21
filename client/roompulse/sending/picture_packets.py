"""Pictures as a caller holds them → packets."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from roompulse.errors import InvalidArgument
from roompulse.media import Packet
from roompulse.sending import encoder
from roompulse.sending.picture import capture_of, encoded, is_still, packets_of, raw_packet, size_of, still_packet
from roompulse.sending.stream_connection import StreamConnection

log = logging.getLogger(__name__)


class PicturePackets:
    """Makes the packets of one stream. The encoder is made for the first picture that needs one."""

    def __init__(self, session: StreamConnection, encoder_name: encoder.EncoderName) -> None:
        """Keep what to encode with."""
        self._session, self._encoder_name = session, encoder_name
        self._logged_scaling = False

    async def packets(
        self,
        picture: object,
        pixels: encoder.Pixels,
        capture_s: float | None,
        capture_time: datetime | None,
        speaking: bool | None,
    ) -> Sequence[Packet]:
        """Return a picture's packet, or the packets that were given.

        Raises:
            InvalidArgument: A value is wrong; a Packet says its own.
        """
        given = packets_of(picture)
        if given is not None:
            if any(said is not None for said in (capture_s, capture_time, speaking)):
                raise InvalidArgument("a Packet says capture_s, capture_time and speaking itself")
            return given
        self._session.outbox.check_clock(capture_s, capture_time)
        if capture_s is None and not self._session.outbox.wall:
            capture_s = capture_of(picture)
        said = Packet(b"", capture_s, capture_time, speaking=speaking)  # refused before an encoder counts on it
        packet = await self._encoded(picture, pixels)
        return (replace(packet, capture_s=said.capture_s, capture_time=capture_time, speaking=speaking),)

    async def _encoded(self, picture: Any, pixels: encoder.Pixels) -> Packet:
        if is_still(picture):
            return still_packet(picture, self._session.outbox.shape)
        if self._encoder_name == "raw":
            packet = await asyncio.to_thread(raw_packet, picture, pixels)
        else:
            made = self._session.encoder = self._session.encoder or encoder.make_encoder(self._encoder_name)
            packet = await asyncio.to_thread(lambda: encoded(made, picture, pixels))
        self._log_scaling(picture)
        return packet

    def _log_scaling(self, picture: Any) -> None:
        width, height = size_of(picture)
        fitted = encoder.fitting(width, height)
        if fitted != (width, height) and not self._logged_scaling:
            self._logged_scaling = True
            log.warning("pictures of %d×%d are more than the service takes; sent as %d×%d", width, height, *fitted)
