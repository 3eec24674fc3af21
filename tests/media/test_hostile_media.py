"""Bytes that mean harm: little memory for bombs, and nothing but `MediaError` for anything at all."""

import subprocess
import sys
from contextlib import suppress
from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from media_samples import black_png, encode, mean_difference, moving, packet, packets, scene, still
from roompulse_vision.enumerations import Encoding
from roompulse_vision.errors import MediaError
from roompulse_vision.media.decoder import Decoder
from roompulse_vision.types import MediaLimits

VIDEO = [Encoding.H264, Encoding.VP8, Encoding.VP9, Encoding.AV1]
RAW = [Encoding.I420, Encoding.NV12, Encoding.RGB24, Encoding.BGR24, Encoding.RGBA]
fuzzed = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

BOMB = """
import resource, sys
from roompulse_vision.errors import MediaError
from roompulse_vision.media.decoder import Decoder
from roompulse_vision.types import MediaLimits, Packet, VideoFormat
import cv2, numpy

bomb = sys.stdin.buffer.read()
peak_kib = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = peak_kib()
try:
    Decoder(MediaLimits()).decode(Packet(0, bomb, VideoFormat(), 0, 0, 0))
except MediaError as error:
    print(error.reason.name)
try:
    cv2.imdecode(numpy.frombuffer(bomb, numpy.uint8), cv2.IMREAD_COLOR)
except cv2.error:
    print("refused by OpenCV too")
print(peak_kib() - before)
"""


def test_a_png_bomb_costs_no_memory() -> None:
    bomb = black_png(8000, 8000)
    assert len(bomb) < 10_000
    done = subprocess.run([sys.executable, "-c", BOMB], input=bomb, capture_output=True, check=True, timeout=60)
    reason, by_opencv, grown_kib = done.stdout.decode().splitlines()
    assert (reason, by_opencv) == ("TOO_MANY_PIXELS", "refused by OpenCV too")
    assert int(grown_kib) < 20_000


def survives(decoder: Decoder, data: bytes, encoding: Encoding, index: int = 0, **format_: int) -> None:
    """Decode and make all pictures; anything but a `MediaError` fails the test."""
    with suppress(MediaError):
        frames = decoder.decode(packet(data, encoding, index, **format_)).frames
        for frame in (*frames, *decoder.flush()):
            assert frame.picture().shape == (frame.height, frame.width, 3)


@cache
def units(encoding: Encoding) -> tuple[bytes, ...]:
    if encoding in VIDEO:
        return tuple(encode(encoding, moving(6, 96, 64), group=3))
    return tuple(still(scene(96, 64), extension) for extension in (".jpg", ".png", ".webp"))


@fuzzed
@given(st.sampled_from(list(Encoding)), st.binary(max_size=2000), st.integers(0, 200), st.integers(0, 200))
def test_any_bytes(encoding: Encoding, data: bytes, width: int, height: int) -> None:
    survives(Decoder(MediaLimits()), data, encoding, width=width, height=height)


MAGIC = [
    b"\xff\xd8\xff\xe0",
    b"\xff\xd8\xff\xc0",
    b"\x89PNG\r\n\x1a\n",
    b"RIFF\x00\x00\x00\x00WEBPVP8X",
    b"RIFF    WEBPVP8L",
]


@fuzzed
@given(st.sampled_from(MAGIC), st.binary(max_size=400))
def test_any_bytes_behind_a_known_beginning(magic: bytes, data: bytes) -> None:
    survives(Decoder(MediaLimits()), magic + data, Encoding.UNSPECIFIED)


Flips = list[tuple[int, int]]
flips = st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 255)), min_size=1, max_size=8)


def flipped(data: bytes, where: Flips) -> bytes:
    changed = bytearray(data)
    for position, bits in where:
        changed[position % len(changed)] ^= bits
    return bytes(changed)


@fuzzed
@given(st.integers(0, 2), flips)
def test_damaged_stills(kind: int, where: Flips) -> None:
    survives(Decoder(MediaLimits()), flipped(units(Encoding.UNSPECIFIED)[kind], where), Encoding.UNSPECIFIED)


@pytest.mark.parametrize("encoding", VIDEO)
@fuzzed
@given(at=st.integers(0, 5), where=flips, keep=st.integers(1, 10**6))
@example(at=4, where=[(18, 1)], keep=49)  # of AV1: what is left of it fails the next key frame
def test_damaged_video_and_then_a_whole_group(encoding: Encoding, at: int, where: Flips, keep: int) -> None:
    """Whatever a damaged packet does, a key frame and what follows it are decoded as if nothing had been."""
    sound = units(encoding)
    decoder = Decoder(MediaLimits())
    hurt = flipped(sound[at], where)
    for index, unit in enumerate([*sound[:at], hurt[: 1 + keep % len(hurt)], *sound[at + 1 :]]):
        try:
            for frame in decoder.decode(packet(unit, encoding, index)).frames:
                frame.picture()
        except MediaError:
            continue
    frames = [frame for each in packets(sound[:3], encoding, first=6) for frame in decoder.decode(each).frames]
    frames += decoder.flush()
    healed = {frame.packet.index: frame.picture() for frame in frames if frame.packet.index >= 6}
    assert list(healed) == [6, 7, 8]
    for picture, clean in zip(healed.values(), clean_pictures(encoding), strict=True):
        assert np.array_equal(picture, clean)


@cache
def clean_pictures(encoding: Encoding) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.uint8]], ...]:
    decoder = Decoder(MediaLimits())
    frames = [frame for each in packets(units(encoding)[:3], encoding) for frame in decoder.decode(each).frames]
    return tuple(frame.picture() for frame in (*frames, *decoder.flush()))


@fuzzed
@given(
    st.sampled_from(RAW), st.integers(0, 40), st.integers(0, 40), st.lists(st.integers(0, 200), max_size=3),
    st.binary(max_size=6000),
)  # fmt: skip
def test_any_raw_layout(encoding: Encoding, width: int, height: int, strides: list[int], data: bytes) -> None:
    sent = packet(data, encoding, width=width, height=height, strides=tuple(strides))
    with suppress(MediaError):
        (frame,) = Decoder(MediaLimits()).decode(sent).frames
        assert frame.picture().shape == (height, width, 3)


@pytest.mark.parametrize(
    ("picture", "kind"),
    [
        (np.full((48, 64), 77, np.uint8), "grey"),
        (np.full((48, 64), 77 * 257, np.uint16), "16-bit grey"),
        (np.full((48, 64, 3), 77 * 257, np.uint16), "16-bit colour"),
        (np.dstack([np.full((48, 64, 3), 77, np.uint8), np.zeros((48, 64), np.uint8)]), "transparent"),
        (np.dstack([np.full((48, 64, 3), 77 * 257, np.uint16), np.zeros((48, 64), np.uint16)]), "16-bit transparent"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_unusual_png(picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], kind: str) -> None:
    done, data = cv2.imencode(".png", picture)
    assert done, kind
    (frame,) = Decoder(MediaLimits()).decode(packet(data.tobytes())).frames
    assert mean_difference(frame.picture(), np.full((48, 64, 3), 77, np.uint8)) <= 1


def test_nothing_can_be_left_out_before_a_key_frame() -> None:
    sent = packets(encode(Encoding.H264, moving(12), b_frames=2), Encoding.H264)
    decoder = Decoder(MediaLimits())
    assert not any(decoder.can_do_without(each) for each in sent)
    decoder.decode(sent[0])
    assert any(decoder.can_do_without(each) for each in sent)
    decoder.skip_to_key_frame()
    assert not any(decoder.can_do_without(each) for each in sent)
