"""The files that people really have, in each way of sending: through the service's own intake and decoder, no network.

`test_files.py` streams them to a service.
"""

import asyncio
from collections.abc import Sequence
from functools import cache

import av
import cv2
import numpy as np
import pytest
from file_cases import FILES, FileCase
from media_samples import Picture, mean_difference
from roompulse.conversion import format_to_proto
from roompulse.encode import Encoder
from roompulse.feed import Feed, FeedReport, Passing
from roompulse.media import Packet as Sent
from roompulse_server.errors import MediaError
from roompulse_server.media.decoder import Decoded, Decoder
from roompulse_server.meetings.config import MeetingRef, StreamConfig
from roompulse_server.meetings.intake import Incoming, Intake
from roompulse_server.rpc.convert_request import format_from_proto
from roompulse_server.types import Delivery, MediaLimits
from shared_data import needs_shared

pytestmark = needs_shared

MODES: tuple[Passing, ...] = ("copy", "jpeg", "h264", "raw")  # "auto" goes to a service, in test_files.py
SMALL = (24, 24)
CLOSE = 6.0  # grey levels, mean, of pictures of this size: what encoders lose


class Looked:
    """A sink in the service's place: what it would look at, small, and when; and what it would refuse."""

    def __init__(self) -> None:
        config = StreamConfig(MeetingRef("default", "files"), "ada", delivery=Delivery.EVERY_FRAME, media_zero_us=0)
        self._intake, self._decoder = Intake(config, 0, MediaLimits()), Decoder(MediaLimits(), admitted=True)
        self._sent = 0
        self.shown: list[tuple[float, Picture]] = []
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
        shape = format_from_proto(format_to_proto(sent.format)) if sent.format else None
        capture_us = round((sent.capture_s or 0.0) * 1e6)
        incoming = Incoming(self._sent, sent.data, capture_us, format=shape, decode_only=sent.decode_only)
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


def small(picture: Picture) -> Picture:
    return np.asarray(cv2.resize(picture, SMALL, interpolation=cv2.INTER_AREA), np.uint8)


def played(case: FileCase, mode: Passing) -> tuple[Looked, FeedReport]:
    """Return what the service would look at, and the report of sending."""
    sink = Looked()
    report = asyncio.run(Feed(sink, case.path, None, mode, skip_late=False).run())
    sink.finish()
    return sink, report


@cache
def whole(name: str) -> list[Picture]:
    """Return the pictures as another program decodes and shows them: without what an edit list hides."""
    with av.open(str(next(case.path for case in FILES if case.name == name))) as container:
        return [small(np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)) for frame in container.decode(video=0)]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", FILES, ids=lambda case: case.name)
def test_every_picture_that_is_shown_is_looked_at_when_it_is_shown(case: FileCase, mode: Passing) -> None:
    looked, report = played(case, mode)
    assert case.pictures - case.spared <= len(looked.shown) <= case.pictures
    if case.spared:
        assert len(looked.shown) < case.pictures
        assert len(looked.faults) <= case.spared
    else:
        assert not looked.faults
    times = [at_s for at_s, _ in looked.shown]
    expected = [number * case.period_s for number in range(case.pictures)]
    places = [round(at_s / case.period_s) for at_s in times]
    assert places == sorted(set(places))  # one picture a place, in the order of showing
    assert times == pytest.approx([expected[place] for place in places], abs=0.002)
    assert (places[0], places[-1]) == (0, case.pictures - 1)
    assert [finding.what for finding in report.findings if case.said in finding.what] or not case.said
    assert not report.findings or case.said


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["editlist_hidden_person.mp4", "late_key_300.mkv", "stamps_none.avi"])
def test_the_pictures_are_those_that_players_show(name: str, mode: Passing) -> None:
    """So nobody whom an edit list hides is ever looked at, and each picture has its own moment."""
    (case,) = (case for case in FILES if case.name == name)
    looked, _ = played(case, mode)
    for (_, picture), shown in zip(looked.shown, whole(name), strict=True):
        assert mean_difference(picture, shown) < CLOSE
