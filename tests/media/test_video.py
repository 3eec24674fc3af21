"""Encoded video through the decoder: waiting, recovering, changing, reordering; and real recordings whole."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import av
import cv2
import numpy as np
import pytest
from media_samples import Picture, encode, mean_difference, moving, packet, packets, scene, still
from roompulse_vision.enumerations import Encoding, FaultReason
from roompulse_vision.errors import MediaError
from roompulse_vision.media.decoder import Decoded, Decoder, Frame
from roompulse_vision.types import MediaLimits, Packet
from shared_data import needs_shared, video

VIDEO = [Encoding.H264, Encoding.VP8, Encoding.VP9, Encoding.AV1]
CLOSE = 4.0  # grey levels, mean: the encoders' loss on a moving, wrapped scene (measured: 1.7 to 2.6)


@dataclass
class Run:
    """What became of each packet, by index."""

    frames: list[Frame] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    without_picture: list[int] = field(default_factory=list)
    faults: dict[int, MediaError] = field(default_factory=dict)

    def take(self, decoded: Decoded) -> None:
        self.frames += decoded.frames
        self.without_picture += [empty.index for empty in decoded.without_picture]
        self.faults |= {damaged.index: error for damaged, error in decoded.damaged}

    @property
    def shown(self) -> list[int]:
        return [frame.packet.index for frame in self.frames]

    @property
    def accounted(self) -> list[int]:
        return sorted([*self.shown, *self.waiting, *self.without_picture, *self.faults])


def run(sent: Sequence[Packet], decoder: Decoder | None = None) -> Run:
    decoder = decoder or Decoder(MediaLimits())
    seen = Run()
    for each in sent:
        try:
            decoded = decoder.decode(each)
        except MediaError as error:
            seen.faults[each.index] = error
            continue
        seen.waiting += [each.index] if decoded.waiting_for_key_frame else []
        seen.take(decoded)
    seen.take(decoder.finish())
    return seen


def damaged(unit: bytes) -> bytes:
    """Return an access unit whose second half is lost."""
    return unit[: len(unit) // 2]


def assert_shows(frame: Frame, picture: Picture) -> None:
    assert mean_difference(frame.picture(), picture) < CLOSE


@pytest.mark.parametrize("encoding", VIDEO)
def test_every_picture_comes_out_with_its_packet(encoding: Encoding) -> None:
    pictures = moving(10)
    seen = run(packets(encode(encoding, pictures, group=5), encoding))
    assert seen.shown == list(range(10))
    for frame in seen.frames:
        assert_shows(frame, pictures[frame.packet.index])


def test_b_frames_come_with_the_packets_that_brought_them() -> None:
    pictures = moving(20)
    units = encode(Encoding.H264, pictures, group=10, b_frames=2)
    seen = run(packets(units, Encoding.H264))
    assert seen.shown != sorted(seen.shown)
    assert sorted(seen.shown) == list(range(20))
    for picture, frame in zip(pictures, seen.frames, strict=True):  # shown in the order in which they were taken
        assert_shows(frame, picture)


@pytest.mark.parametrize("encoding", VIDEO)
def test_a_stream_without_a_key_frame_waits_for_one(encoding: Encoding) -> None:
    units = encode(encoding, moving(12), group=5)
    decoder = Decoder(MediaLimits())
    assert not decoder.needs_key_frame
    assert decoder.decode(packet(units[2], encoding, 2)).waiting_for_key_frame
    assert decoder.needs_key_frame
    seen = run(packets(units[3:], encoding, first=3), decoder)
    assert seen.waiting == [3, 4]
    assert seen.shown == list(range(5, 12))
    assert not seen.faults


@pytest.mark.parametrize(("encoding", "b_frames"), [*((encoding, 0) for encoding in VIDEO), (Encoding.H264, 2)])
def test_the_size_may_change_and_nothing_is_lost(encoding: Encoding, b_frames: int) -> None:
    small, large = moving(7), moving(7, 320, 192)
    units = [unit for pictures in (small, large, small) for unit in encode(encoding, pictures, b_frames=b_frames)]
    seen = run(packets(units, encoding))
    assert sorted(seen.shown) == list(range(21))
    for picture, frame in zip([*small, *large, *small], seen.frames, strict=True):
        assert (frame.height, frame.width) == picture.shape[:2]
        assert_shows(frame, picture)


@pytest.mark.parametrize("b_frames", [0, 2])
def test_a_damaged_packet_costs_itself_and_the_next_key_frame_heals(b_frames: int) -> None:
    pictures = moving(18)
    units = encode(Encoding.H264, pictures, group=6, b_frames=b_frames)
    broken = next(index for index in range(7, 12) if len(units[index]) > 200)
    seen = run(packets([*units[:broken], damaged(units[broken]), *units[broken + 1 :]], Encoding.H264))
    assert list(seen.faults) == [broken]
    assert seen.faults[broken].reason is FaultReason.CORRUPT
    assert "key frame now" in seen.faults[broken].message
    assert not seen.waiting
    assert sorted(seen.shown) == [index for index in range(18) if index != broken]
    assert seen.accounted == list(range(18))
    for picture, frame in zip(pictures[12:], seen.frames[-6:], strict=True):
        assert_shows(frame, picture)


@pytest.mark.parametrize("encoding", VIDEO)
def test_units_that_fail_one_after_the_other_wait_for_a_key_frame(encoding: Encoding) -> None:
    units = encode(encoding, moving(14), group=12)
    sent = [units[0], *(damaged(unit)[:12] for unit in units[1:6]), *units[6:]]
    seen = run(packets(sent, encoding))
    assert seen.accounted == list(range(14))
    assert {0, 12, 13} <= set(seen.shown)
    if encoding in (Encoding.VP8, Encoding.VP9):  # H.264 conceals what is missing, AV1 shows what it has once more
        assert (list(seen.faults), seen.waiting) == ([1, 2, 3], list(range(4, 12)))


@pytest.mark.parametrize("encoding", VIDEO)
def test_rubbish_in_the_middle_costs_itself_and_the_wait(encoding: Encoding) -> None:
    units = encode(encoding, moving(12), group=6)
    end_of_header = units[6].index(b"\x00\x00\x01\x65") + 20 if encoding is Encoding.H264 else 30
    rubbish = units[6][:end_of_header]
    sent = [*packets(units[:3], encoding), packet(rubbish, encoding, 3), *packets(units[4:], encoding, 4)]
    seen = run(sent)
    assert seen.faults[3].reason is FaultReason.CORRUPT
    assert seen.waiting == [4, 5]
    assert seen.shown == [0, 1, 2, *range(6, 12)]


def test_parameter_sets_may_come_alone_and_once() -> None:
    units = encode(Encoding.H264, moving(8), group=4)
    parameters, pictures = [], []
    for unit in units:
        nals = [b"\x00\x00\x00\x01" + nal.rstrip(b"\x00") for nal in unit.split(b"\x00\x00\x01")[1:]]
        parameters.append(b"".join(nal for nal in nals if nal[4] & 0x1F in (7, 8)))
        pictures.append(b"".join(nal for nal in nals if nal[4] & 0x1F not in (7, 8)))
    sent = [parameters[0], pictures[0], *pictures[1:3], damaged(pictures[3]), *pictures[4:]]
    seen = run(packets(sent, Encoding.H264))
    assert seen.without_picture == [0]
    assert list(seen.faults) == [4]
    assert seen.shown == [1, 2, 3, 5, 6, 7, 8]


def test_an_av1_sequence_header_may_come_alone() -> None:
    key, *others = encode(Encoding.AV1, moving(3))
    end = 4 + key[3]  # temporal delimiter of two bytes, then the sequence header: type, size, payload
    assert key[2] >> 3 == 1
    seen = run(packets([key[:end], key[end:], *others], Encoding.AV1))
    assert seen.without_picture == [0]
    assert seen.shown == [1, 2, 3]


def test_missing_parameter_sets_are_named() -> None:
    unit = encode(Encoding.H264, moving(1))[0]
    nals = [b"\x00\x00\x00\x01" + nal for nal in unit.split(b"\x00\x00\x01")[1:]]
    bare = b"".join(nal for nal in nals if nal[4] & 0x1F == 5)
    fault = run([packet(bare, Encoding.H264)]).faults[0]
    assert fault.reason is FaultReason.CORRUPT
    assert "SPS and PPS" in fault.message


def test_an_open_group_can_be_entered_at_its_recovery_point() -> None:
    pictures = moving(24)
    options = {"x264-params": "keyint=8:min-keyint=4:scenecut=0:open-gop=1"}
    units = encode(Encoding.H264, pictures, b_frames=2, options=options)
    seen = run(packets(units[1:], Encoding.H264, first=1))
    assert not seen.faults
    assert seen.waiting[0] == 1
    assert len(seen.frames) > 12
    for picture, frame in zip(pictures[-len(seen.frames) :], seen.frames, strict=True):
        assert_shows(frame, picture)


def test_left_out_packets_are_announced() -> None:
    units = encode(Encoding.H264, moving(18), group=6, b_frames=2)
    decoder = Decoder(MediaLimits())
    first = [frame for each in packets(units[:4], Encoding.H264) for frame in decoder.decode(each).frames]
    decoder.skip_to_key_frame()
    assert decoder.needs_key_frame
    rest = run(packets(units[8:], Encoding.H264, first=8), decoder)
    assert rest.waiting == [8, 9, 10, 11]
    assert sorted([*(frame.packet.index for frame in first), *rest.shown]) == [0, 1, 2, 3, *range(12, 18)]


def test_the_format_may_change_from_packet_to_packet() -> None:
    pictures = moving(5)
    sent = [
        *packets(encode(Encoding.H264, pictures, b_frames=2), Encoding.H264),
        packet(still(scene(64, 48), ".png"), Encoding.JPEG, 5),
        *packets(encode(Encoding.VP8, pictures), Encoding.VP8, first=6),
        *packets(encode(Encoding.H264, pictures, b_frames=2), Encoding.H264, first=11),
        packet(scene(64, 48).tobytes(), Encoding.BGR24, 16, width=64, height=48),
    ]
    seen = run(sent)
    assert sorted(seen.shown) == list(range(17))
    expected = [*pictures, scene(64, 48), *pictures, *pictures, scene(64, 48)]
    for picture, frame in zip(expected, seen.frames, strict=True):
        assert_shows(frame, picture)


def test_rotation_belongs_to_the_packet() -> None:
    units = encode(Encoding.VP8, [scene(160, 96)] * 2)
    sent = [packet(units[0], Encoding.VP8), packet(units[1], Encoding.VP8, 1, rotation_deg=90)]
    assert [(frame.width, frame.height) for frame in run(sent).frames] == [(160, 96), (96, 160)]


def test_pixels_of_a_bitstream_are_made_square_unless_the_sender_says_otherwise() -> None:
    """H.264's own aspect ratio (VUI) counts where the format declares none, as with matrix and range."""
    expected = scene(192, 96)
    squeezed = np.asarray(cv2.resize(expected, (96, 96), interpolation=cv2.INTER_AREA), np.uint8)
    unit = encode(Encoding.H264, [squeezed], options={"x264-params": "sar=2/1"})[0]
    (frame,) = run([packet(unit, Encoding.H264)]).frames
    assert (frame.width, frame.height) == (192, 96)
    assert_shows(frame, expected)
    square = packet(unit, Encoding.H264, pixel_aspect_width=1, pixel_aspect_height=1)
    assert [(frame.width, frame.height) for frame in run([square]).frames] == [(96, 96)]
    tall = packet(unit, Encoding.H264, pixel_aspect_width=1, pixel_aspect_height=2)
    assert [(frame.width, frame.height) for frame in run([tall]).frames] == [(96, 192)]


@pytest.mark.parametrize(("encoding", "b_frames"), [*((encoding, 0) for encoding in VIDEO), (Encoding.H264, 2)])
def test_what_is_only_decoded_is_never_shown_and_the_rest_is_whole(encoding: Encoding, b_frames: int) -> None:
    pictures = moving(20)
    sent = packets(encode(encoding, pictures, group=20, b_frames=b_frames), encoding)
    hidden = [replace(each, decode_only=each.index < 8) for each in sent]
    seen, whole = run(hidden), run(sent)
    assert sorted(seen.without_picture) == list(range(8))
    assert sorted(seen.shown) == list(range(8, 20))
    reference = {frame.packet.index: frame.picture() for frame in whole.frames}
    for frame in seen.frames:
        np.testing.assert_array_equal(frame.picture(), reference[frame.packet.index])


def test_a_still_that_is_only_decoded_is_not_shown() -> None:
    seen = run([replace(packet(still(scene(64, 48), ".png")), decode_only=True)])
    assert (seen.frames, seen.without_picture) == ([], [0])


def test_hidden_frames_are_packets_without_picture() -> None:
    units = encode(Encoding.VP8, moving(6))
    units[2] = bytes((units[2][0] & ~0x10,)) + units[2][1:]  # the show_frame bit of RFC 6386, 9.1
    seen = run(packets(units, Encoding.VP8))
    assert seen.without_picture == [2]
    assert seen.shown == [0, 1, 3, 4, 5]


def test_an_empty_packet_does_not_break_the_stream() -> None:
    units = encode(Encoding.VP8, moving(4))
    seen = run([*packets(units[:2], Encoding.VP8), packet(b"", Encoding.VP8, 2), *packets(units[2:], Encoding.VP8, 3)])
    assert seen.faults[2].reason is FaultReason.EMPTY
    assert seen.shown == [0, 1, 3, 4]


def test_frames_outlive_their_decoder() -> None:
    decoder = Decoder(MediaLimits())
    (frame,) = decoder.decode(packet(encode(Encoding.VP8, moving(1))[0], Encoding.VP8)).frames
    decoder.close()
    decoder.close()
    assert_shows(frame, moving(1)[0])
    assert decoder.flush() == ()


def access_units(name: str) -> Iterator[tuple[bytes, int]]:
    """Yield a recording's access units as Annex B, with their presentation times."""
    with av.open(str(video(name))) as container:
        stream = container.streams.video[0]
        to_annex_b = av.BitStreamFilterContext("h264_mp4toannexb", in_stream=stream)
        for demuxed in container.demux(stream):
            if demuxed.size:
                for unit in to_annex_b.filter(demuxed):
                    assert unit.pts is not None
                    yield bytes(unit), unit.pts


RECORDINGS = [
    *("single_face", "no_face", "WolfgangLanger_Pexels", "portrait_d0", "portrait_d12", "portrait_d18"),
    *("portrait_d19", "portrait_d3", "portrait_d9", "portrait_s18", "portrait_s20", "portrait_s29"),
]


@needs_shared
@pytest.mark.parametrize("name", RECORDINGS)
def test_recordings_decode_whole_and_in_order(name: str) -> None:
    decoder = Decoder(MediaLimits())
    units = list(access_units(f"{name}.mp4"))
    times: list[int] = []
    for index, (unit, _) in enumerate(units):
        decoded = decoder.decode(packet(unit, Encoding.H264, index))
        assert not decoded.waiting_for_key_frame
        times += [units[frame.packet.index][1] for frame in decoded.frames]
    times += [units[frame.packet.index][1] for frame in decoder.flush()]
    assert times == sorted(time for _, time in units)


@needs_shared
def test_a_recording_looks_as_another_decoder_shows_it() -> None:
    """The reference ignores matrix and range; this recording (BT.601, limited) is of the kind that it gets right."""
    name = "WolfgangLanger_Pexels.mp4"
    with av.open(str(video(name))) as container:
        references = [frame.to_ndarray(format="bgr24") for frame in islice(container.decode(video=0), 20)]
    units = [unit for unit, _ in islice(access_units(name), 30)]
    frames = run(packets(units, Encoding.H264)).frames[:20]
    for frame, reference in zip(frames, references, strict=True):
        assert mean_difference(frame.picture(), np.asarray(reference, np.uint8)) < 0.5


def test_the_other_pictures_are_the_same_without_those_that_nobody_needs() -> None:
    """Bit for bit: so a service that looks three times a second need not decode all of a stream with B-frames."""
    sent = packets(encode(Encoding.H264, moving(48), b_frames=2, group=24), Encoding.H264)
    whole = {frame.packet.index: frame.picture() for frame in run(sent).frames}
    decoder, needed = Decoder(MediaLimits()), []
    seen = Run()
    for each in sent:
        if not decoder.can_do_without(each):
            needed.append(each.index)
            decoded = decoder.decode(each)
            seen.frames += decoded.frames
            assert not decoded.without_picture
    seen.frames += decoder.flush()
    assert len(needed) < 0.7 * len(sent)
    assert sorted(seen.shown) == needed
    for frame in seen.frames:
        np.testing.assert_array_equal(frame.picture(), whole[frame.packet.index])
