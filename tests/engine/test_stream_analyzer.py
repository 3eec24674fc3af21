"""One stream in a worker: each packet ends once, and what nobody looks at is not decoded."""

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain, repeat

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from media_samples import Picture, encode, moving, packet, packets, scene, still
from roompulse_vision.bitstream.access_unit import is_disposable
from roompulse_vision.enumerations import Delivery, DropReason, Encoding, Presence
from roompulse_vision.faces import face_reader as vision
from roompulse_vision.media.decoder import Decoder
from roompulse_vision.observation import DroppedPacket, Observation, SkippedPackets
from roompulse_vision.stream_analyzer import StreamAnalyzer
from roompulse_vision.stream_spec import FaceSelection, StreamSpec
from roompulse_vision.types import Box, MediaLimits, Packet

FRAMES_HZ = 24
PICTURE = still(scene(64, 48), ".jpg")


class Eye:
    """Keeps what it was shown; sees nobody."""

    def __init__(self) -> None:
        self.shown: list[tuple[float, Picture]] = []

    def watcher(self, *, every_face: bool = False, first_track: int = 1) -> "Eye":
        return self

    def look(self, picture: Picture, time_s: float, region: Box | None = None) -> vision.Look:
        self.shown.append((time_s, picture))
        return vision.Look(Presence.NO_FACE)


def in_time(units: list[bytes]) -> list[Packet]:
    """Return packets in the order of decoding, with the times of showing."""
    sent, decoder = packets(units, Encoding.H264), Decoder(MediaLimits())
    frames = [frame for each in sent for frame in decoder.decode(each).frames] + list(decoder.flush())
    place = {frame.packet.index: number for number, frame in enumerate(frames)}
    return [replace(each, offset_us=place[each.index] * 1_000_000 // FRAMES_HZ) for each in sent]


def watched(
    delivery: Delivery, rate_hz: float, sent: list[Packet], together: int = 1, waited: Iterable[float] = ()
) -> tuple[Eye, Counter[int]]:
    """Return what was looked at, and how often each packet came out unharmed.

    `together`: packets that come at once; `waited`: how long each of these has waited, seconds, by default not at all.
    """
    eye, ended, waits = Eye(), Counter[int](), chain(waited, repeat(0.0))
    pipeline = StreamAnalyzer(StreamSpec(FaceSelection.PRIMARY, delivery, rate_hz), 1, eye, MediaLimits())  # type: ignore[arg-type]
    for first in range(0, len(sent), together):
        wait_s = next(waits)
        pipeline.push(sent[first : first + together], time.monotonic() - wait_s)
        ended.update(job.packet.index for job in pipeline.advance(rate_hz))
    pipeline.finishing = True
    while not pipeline.done:
        ended.update(job.packet.index for job in pipeline.advance(rate_hz))
    for answer in pipeline.take_results():
        if isinstance(answer, SkippedPackets):
            ended.update(answer.packet_indices)
        elif isinstance(answer, Observation):
            ended[answer.packet_index] += 1
    return eye, ended


def test_pictures_that_are_due_are_as_in_the_whole_stream() -> None:
    sent = in_time(encode(Encoding.H264, moving(72), b_frames=2, group=24))
    every, _ = watched(Delivery.EVERY_FRAME, 0.0, sent)
    some, ended = watched(Delivery.LIVE, 3.0, sent)
    assert ended == Counter(range(72))
    assert 8 <= len(some.shown) <= 10
    whole = dict(every.shown)
    for time_s, picture in some.shown:
        np.testing.assert_array_equal(picture, whole[time_s])


def test_a_picture_that_nobody_needs_may_be_damaged() -> None:
    """It is not decoded, so that nobody learns of it."""
    sent = in_time(encode(Encoding.H264, moving(72), b_frames=2, group=24))
    before, _ = watched(Delivery.LIVE, 1.0, sent)
    looked_at = {time_s for time_s, _ in before.shown}
    damaged = [each if each.offset_us / 1e6 in looked_at else without_end(each) for each in sent]
    assert damaged != sent
    after, ended = watched(Delivery.LIVE, 1.0, damaged)
    assert ended == Counter(range(72))
    assert [time_s for time_s, _ in after.shown] == [time_s for time_s, _ in before.shown]


def stills(count: int) -> list[Packet]:
    return in_time(encode(Encoding.H264, moving(count), b_frames=0, group=count))


STILLS = stills(48)


def seen_at(eye: Eye) -> list[int]:
    """Return the numbers of the pictures that were looked at."""
    return [round(time_s * FRAMES_HZ) for time_s, _ in eye.shown]


def test_of_pictures_that_come_together_the_newest_is_looked_at() -> None:
    eye, ended = watched(Delivery.LIVE, 3.0, stills(48), together=3)
    assert ended == Counter(range(48))
    assert seen_at(eye) == [2, 8, 17, 26, 32, 41]
    every, _ = watched(Delivery.EVERY_FRAME, 3.0, stills(48), together=3)
    assert seen_at(every) == [0, 8, 16, 24, 32, 40]


def test_a_picture_that_has_waited_gives_way_to_the_next_one() -> None:
    waited = [0.0] * 8 + [5.0] * 2  # the 8th and 9th wait for the worker, the 10th does not
    eye, ended = watched(Delivery.LIVE, 3.0, stills(36), waited=waited)
    assert ended == Counter(range(36))
    assert seen_at(eye) == [0, 10, 16, 24, 32]


def test_nobody_gives_way_for_longer_than_half_a_period() -> None:
    eye, ended = watched(Delivery.LIVE, 3.0, stills(48), waited=[5.0] * 48)
    assert ended == Counter(range(48))
    late = [at - 8 * look for look, at in enumerate(seen_at(eye))]
    assert late[0] == 0
    assert len(late) == 6
    assert all(3 <= frames <= 4 for frames in late[1:])


def test_the_first_picture_gives_way_to_none() -> None:
    late = [replace(each, offset_us=each.offset_us + 30_000) for each in STILLS[:20]]
    eye, _ = watched(Delivery.LIVE, 8.0, late, waited=[5.0] * 20)
    assert eye.shown[0][0] == 0.03


@settings(max_examples=25, deadline=None)
@given(st.floats(0.5, 12.0), st.lists(st.sampled_from([0.0, 5.0]), min_size=48, max_size=48))
def test_giving_way_costs_no_look(rate_hz: float, waited: list[float]) -> None:
    """Each look keeps its own period: at most one fewer than of pictures that do not wait."""
    fresh, _ = watched(Delivery.LIVE, rate_hz, STILLS)
    eye, _ = watched(Delivery.LIVE, rate_hz, STILLS, waited=waited)
    assert len(fresh.shown) - 1 <= len(eye.shown) <= len(fresh.shown)


def without_end(packet: Packet) -> Packet:
    """Return a packet that nobody needs cut short, others as they are."""
    return replace(packet, data=packet.data[:12]) if is_disposable(Encoding.H264, packet.data) else packet


def test_packets_that_were_not_due_are_answered_together_between_the_other_answers() -> None:
    pipeline = StreamAnalyzer(StreamSpec(FaceSelection.PRIMARY, Delivery.LIVE, 1.0), 1, Eye(), MediaLimits())  # type: ignore[arg-type]
    for index, data in enumerate([PICTURE, PICTURE, PICTURE, b"rubbish", PICTURE, PICTURE]):
        pipeline.push([replace(packet(data, index=index), offset_us=index)], time.monotonic())
        pipeline.advance(1.0)
    before, fault, after = pipeline.take_results()
    assert before == SkippedPackets((1, 2), 2)
    assert isinstance(fault, DroppedPacket)
    assert (fault.packet_index, fault.reason) == (3, DropReason.FAULT)
    assert after == SkippedPackets((4, 5), 5)
    assert pipeline.take_results() == ()


def test_what_is_only_decoded_is_answered_for_and_never_looked_at() -> None:
    sent = in_time(encode(Encoding.H264, moving(48), b_frames=2, group=48))
    hidden = [replace(each, decode_only=each.index < 20) for each in sent]
    every, _ = watched(Delivery.EVERY_FRAME, 0.0, sent)
    whole = dict(every.shown)
    for delivery, rate_hz in ((Delivery.EVERY_FRAME, 0.0), (Delivery.LIVE, 60.0)):
        eye, ended = watched(delivery, rate_hz, hidden)
        assert set(ended) == set(range(20, 48))
        assert {time_s for time_s, _ in eye.shown} == {each.offset_us / 1e6 for each in sent[20:]}
        for time_s, picture in eye.shown:
            np.testing.assert_array_equal(picture, whole[time_s])


def test_after_a_packet_that_was_refused_nothing_is_looked_at_before_a_key_frame() -> None:
    sent = in_time(encode(Encoding.H264, moving(48), group=24))
    gapped = [replace(each, after_loss=each.index == 11) for each in sent if each.index != 10]
    eye, ended = watched(Delivery.EVERY_FRAME, 0.0, gapped)
    assert set(ended) == {*range(10), *range(24, 48)}
    assert len(eye.shown) == 34


def test_at_the_end_of_a_live_stream_nothing_newer_wins() -> None:
    sent = in_time(encode(Encoding.H264, moving(10), b_frames=3, group=24))
    _, ended = watched(Delivery.LIVE, 0.0, sent)
    assert ended == Counter(range(10))
