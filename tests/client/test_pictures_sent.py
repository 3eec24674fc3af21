"""Whatever kind of picture a bot holds, the service gets its colours, its size, its turn and its time."""

from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np
import pytest
import roompulse
from fake_service import FakeService
from numpy.typing import NDArray
from roompulse import I420, NV12, Packet, VideoFormat
from roompulse.enums import Encoding
from roompulse.errors import InvalidArgument
from roompulse.sending.encoder import JpegEncoder, picture_of
from roompulse.v1 import media_pb2

pytestmark = pytest.mark.versions

Bgr = NDArray[np.uint8]
WIDTH, HEIGHT = 96, 48
COLOURS = [(40, 40, 200), (30, 200, 60), (210, 70, 40), (128, 128, 128), (16, 16, 16), (240, 240, 240)]
PICTURE: Bgr = np.repeat(np.repeat(np.array([COLOURS], np.uint8), HEIGHT, 0), WIDTH // len(COLOURS), 1)
YUV: Bgr = np.asarray(cv2.cvtColor(PICTURE, cv2.COLOR_BGR2YUV_I420), np.uint8)  # BT.601, limited range
Y, U, V = YUV[:48], YUV[48:60].reshape(24, 48), YUV[60:].reshape(24, 48)
UV: Bgr = np.stack([U, V], -1).reshape(24, -1)


def padded(plane: Bgr, stride: int) -> bytes:
    """Return a plane with rows of `stride` bytes, the last one without its padding."""
    wide = np.full((plane.shape[0], stride), 77, np.uint8)
    wide[:, : plane.shape[1]] = plane
    return wide.tobytes()[: stride * (plane.shape[0] - 1) + plane.shape[1]]


def video_frame(layout: str = "yuv420p") -> av.VideoFrame:
    return picture_of(PICTURE).reformat(format=layout, dst_colorspace="ITU601", dst_color_range="MPEG")


def alpha(picture: Bgr) -> Bgr:
    return np.concatenate([picture, np.full_like(picture[:, :, :1], 9)], axis=2)


KINDS: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
    "a BGR array": (lambda: PICTURE, {}),
    "an RGB array": (lambda: PICTURE[:, :, ::-1], {"pixels": "rgb"}),
    "a BGRA array": (lambda: alpha(PICTURE), {}),
    "an RGBA array": (lambda: alpha(PICTURE[:, :, ::-1]), {"pixels": "rgba"}),
    "an av.VideoFrame": (video_frame, {}),
    "an av.VideoFrame of NV12": (lambda: video_frame("nv12"), {}),
    "an av.VideoFrame of RGB": (lambda: video_frame("rgb24"), {}),
    "I420 arrays": (lambda: I420((Y, U, V)), {}),
    "I420 views of wider arrays": (lambda: I420((np.hstack([Y, Y])[:, :WIDTH], U, V)), {}),
    "I420 in one buffer": (lambda: I420(YUV.tobytes(), WIDTH, HEIGHT), {}),
    "I420 in one array": (lambda: I420(YUV, WIDTH, HEIGHT), {}),
    "I420 padded": (
        lambda: I420(
            (padded(Y, 128), bytearray(padded(U, 64)), memoryview(padded(V, 50))), WIDTH, HEIGHT, (128, 64, 50)
        ),
        {},
    ),
    "NV12 arrays": (lambda: NV12((Y, UV)), {}),
    "NV12 in one buffer": (lambda: NV12(bytearray(Y.tobytes() + UV.tobytes()), WIDTH, HEIGHT), {}),
    "NV12 padded": (
        lambda: NV12(padded(Y, 112) + bytes(16) + padded(UV, 104), WIDTH, HEIGHT, (112, 104)),
        {},
    ),
}


def shown(packet: media_pb2.VideoPacket, shape: media_pb2.VideoFormat) -> Bgr:
    """Decode what the service got, by other means than the client's."""
    data = np.frombuffer(packet.data, np.uint8)
    size = (shape.height, shape.width)
    match shape.encoding:
        case media_pb2.ENCODING_I420 | media_pb2.ENCODING_NV12:
            code = cv2.COLOR_YUV2BGR_NV12 if shape.encoding == media_pb2.ENCODING_NV12 else cv2.COLOR_YUV2BGR_I420
            return np.asarray(cv2.cvtColor(data.reshape(size[0] * 3 // 2, size[1]), code), np.uint8)
        case media_pb2.ENCODING_RGB24:
            return data.reshape(*size, 3)[:, :, ::-1]
        case media_pb2.ENCODING_BGR24:
            return data.reshape(*size, 3)
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.asarray(decoded, np.uint8)


async def sent(client: roompulse.Client, service: FakeService, picture: Any, encoder: Any, **details: Any) -> Bgr:
    async with client.analyze("standup", "ada", consent="granted", encoder=encoder) as stream:
        assert await stream.send(picture, **details) == 1
    (packet,) = service.packets
    return shown(packet, packet.format)


@pytest.mark.parametrize("encoder", ["jpeg", "raw"])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_picture_arrives_with_its_colours(
    client: roompulse.Client, service: FakeService, kind: str, encoder: str
) -> None:
    make, details = KINDS[kind]
    arrived = await sent(client, service, make(), encoder, **details)
    assert arrived.shape == PICTURE.shape
    middles = slice(WIDTH // 12, None, WIDTH // 6)
    difference = np.abs(arrived[HEIGHT // 2, middles].astype(int) - PICTURE[HEIGHT // 2, middles])
    assert difference.max() <= 8, kind


@pytest.mark.parametrize("encoder", ["jpeg", "raw"])
@pytest.mark.parametrize("shape", [(HEIGHT, WIDTH), (HEIGHT, WIDTH, 1)])
async def test_grey_stays_grey_over_its_whole_range(
    client: roompulse.Client, service: FakeService, shape: tuple[int, ...], encoder: str
) -> None:
    grey = np.linspace(0, 255, HEIGHT * WIDTH).astype(np.uint8).reshape(shape)
    await sent(client, service, grey, encoder)
    (packet,) = service.packets
    if encoder == "raw":
        assert packet.format.range == media_pb2.COLOR_RANGE_FULL
        assert packet.data[: grey.size] == grey.tobytes()
        assert set(packet.data[grey.size :]) == {128}
    else:
        assert np.abs(shown(packet, packet.format)[:, :, 1].astype(int) - grey.reshape(HEIGHT, WIDTH)).max() <= 8


@pytest.mark.parametrize("encoder", ["jpeg", "raw", "h264"])
async def test_planes_keep_their_turn(client: roompulse.Client, service: FakeService, encoder: str) -> None:
    async with client.analyze("standup", "ada", consent="granted", encoder=encoder) as stream:  # type: ignore[arg-type]
        await stream.send(NV12((Y, UV), rotation_deg=90))
    assert service.packets[0].format.rotation_deg == 90


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
async def test_the_bytes_of_a_still_travel_as_they_are(
    client: roompulse.Client, service: FakeService, suffix: str, kind: type
) -> None:
    data = cv2.imencode(suffix, PICTURE)[1].tobytes()
    async with client.analyze("standup", "ada", consent="granted") as stream:
        await stream.send(kind(data), capture_s=1.5, speaking=True)
    (packet,) = service.packets
    assert (packet.data, packet.capture_offset.ToMilliseconds(), packet.speaking) == (data, 1500, True)


async def test_a_still_in_a_stream_of_video_says_what_it_is(client: roompulse.Client, service: FakeService) -> None:
    still = JpegEncoder().encode(picture_of(PICTURE)).data
    h264 = VideoFormat(Encoding.H264, rotation_deg=90)
    async with client.analyze("standup", "ada", consent="granted", format=h264) as stream:
        await stream.send(b"\x00\x00\x00\x01\x67")
        await stream.send(still)
    unit, picture = service.packets
    assert not unit.HasField("format")
    assert (picture.format.encoding, picture.format.rotation_deg) == (media_pb2.ENCODING_JPEG, 90)


async def test_a_frame_s_own_time_is_its_capture_time(client: roompulse.Client, service: FakeService) -> None:
    frame = video_frame()
    async with client.analyze("standup", "ada", consent="granted") as stream:
        frame.pts, frame.time_base = 180_000, Fraction(1, 90_000)  # as aiortc stamps
        await stream.send(frame)
        await stream.send(frame, capture_s=7.0)
        for pts in (-90_000, 1 << 60, None):
            frame.pts = pts
            await stream.send(frame)
    offsets = [packet.capture_offset.ToMicroseconds() / 1e6 for packet in service.packets]
    assert offsets[:2] == [2.0, 7.0]
    assert all(0 <= offset < 60 for offset in offsets[2:])


async def test_a_picture_that_is_refused_leaves_no_gap_in_the_video(
    client: roompulse.Client, service: FakeService
) -> None:
    async with client.analyze("standup", "ada", consent="granted", encoder="h264") as stream:
        await stream.send(PICTURE)
        for wrong in ({"capture_s": float("nan")}, {"speaking": "yes"}, {"capture_time": datetime.now(UTC)}):
            with pytest.raises(InvalidArgument):
                await stream.send(255 - PICTURE, **wrong)
        await stream.send(PICTURE)
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    frames = [frame for packet in service.packets for frame in decoder.decode(av.Packet(packet.data))]
    frames += decoder.decode(None)
    assert len(frames) == 2
    luma = [np.asarray(frame.to_ndarray()[:HEIGHT], int) for frame in frames]
    assert np.abs(luma[0] - luma[1]).max() <= 8


async def test_by_the_wall_clock_a_picture_says_its_moment(client: roompulse.Client, service: FakeService) -> None:
    moment = datetime(2026, 11, 23, 9, tzinfo=UTC)
    frame = video_frame()
    frame.pts, frame.time_base = 5, Fraction(1, 1)
    async with client.analyze("standup", "ada", consent="granted", clock="wall") as stream:
        await stream.send(PICTURE, capture_time=moment)
        await stream.send(frame)
        await stream.camera(False, capture_time=moment)
        with pytest.raises(InvalidArgument, match="give capture_time"):
            await stream.send(PICTURE, capture_s=1.0)
    assert service.packets[0].capture_time.ToDatetime(tzinfo=UTC) == moment
    assert not service.packets[1].HasField("capture_offset")
    assert service.controls[0].camera.capture_time.ToDatetime(tzinfo=UTC) == moment


WRONG: list[tuple[Callable[[], Any], dict[str, Any], str]] = [
    (lambda: PICTURE.astype(np.float32), {}, r"not \(48, 96, 3\) of float32"),
    (lambda: PICTURE[:, :, :2], {}, r"3 or 4 or 1 channels for pixels='bgr', not \(48, 96, 2\)"),
    (lambda: PICTURE, {"pixels": "rgba"}, "4 channels for pixels='rgba'"),
    (lambda: PICTURE, {"pixels": "yuv"}, "pixels is 'yuv'; it must be one of bgr, rgb, bgra, rgba, gray"),
    (lambda: PICTURE[:8], {}, "the picture is 96×8; a side has 16 to 16384 pixels"),
    (lambda: b"GIF89a" + bytes(30), {}, "no JPEG, PNG or WebP .they begin with 47 49 46"),
    (lambda: b"", {}, "they begin with nothing"),
    (lambda: "picture.jpg", {}, "str is no picture that can be sent"),
    (lambda: [PICTURE], {}, "a list holds Packets, not ndarray"),
    (lambda: Packet(b"\xff\xd8\xff"), {"capture_s": 1.0}, "a Packet says capture_s, capture_time and speaking itself"),
]


@pytest.mark.parametrize(("make", "details", "sentence"), WRONG)
async def test_what_is_no_picture_costs_a_sentence_and_nothing_else(
    client: roompulse.Client, service: FakeService, make: Callable[[], Any], details: dict[str, Any], sentence: str
) -> None:
    async with client.analyze("standup", "ada", consent="granted") as stream:
        with pytest.raises(InvalidArgument, match=sentence):
            await stream.send(make(), **details)
        assert await stream.send(PICTURE) == 1
    assert len(service.packets) == 1


BAD_PLANES: list[tuple[Callable[[], Any], str]] = [
    (lambda: I420((Y, U)), "I420 takes 3 planes or one buffer, and 3 strides or none; not 2 planes and 0 strides"),
    (lambda: NV12((Y, UV), strides=(96,)), "NV12 takes 2 planes .* not 2 planes and 1 strides"),
    (lambda: I420((Y, U, V[:-1])), r"plane V of I420 is \(23, 48\); it must be \(24, 48\)"),
    (lambda: I420((Y, U.astype(np.uint16), V)), "plane U of I420 is an array of uint16"),
    (
        lambda: I420((Y.tobytes(), U.tobytes(), V.tobytes())),
        "height is int 0; it must be a whole number from 16 to 16384",
    ),
    (lambda: I420(YUV.tobytes(), WIDTH, 20000), "height is int 20000"),
    (lambda: I420(YUV.tobytes()[:-1], WIDTH, HEIGHT), "plane V of I420 has 1151 bytes; 24 rows of 48 bytes"),
    (lambda: NV12(bytes(WIDTH * HEIGHT * 2), WIDTH, HEIGHT), r"plane UV of NV12 has 4608 bytes; .* \(say the strides"),
    (lambda: NV12((padded(Y, 128), UV.tobytes()), WIDTH, HEIGHT), "plane Y of NV12 has 6112 bytes; .* take 4608"),
    (lambda: NV12((Y.tobytes(), UV), WIDTH, HEIGHT, (64, 96)), "the stride of plane Y of NV12 is 64; a row takes 96"),
    (lambda: NV12((Y, UV), rotation_deg=45), "rotation_deg is int 45; it must be 0, 90, 180 or 270"),
    (lambda: NV12((Y, UV), matrix="bt470"), "'bt470' is no ColorMatrix"),
    (lambda: NV12(5, 96, 48), "data is int 5; it must be a list"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("make", "sentence"), BAD_PLANES)
def test_planes_that_do_not_fit_are_refused_when_they_are_named(make: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(InvalidArgument, match=sentence):
        make()


def test_planes_are_not_copied_before_they_are_sent() -> None:
    luma = Y.copy()
    picture = I420((luma, U, V))
    luma[0, 0] = 201
    assert picture.packet().data[0] == 201
    assert (picture.width, picture.height) == (WIDTH, HEIGHT)


@pytest.mark.parametrize(("width", "height"), [(17, 16), (33, 31), (640, 360)])
@pytest.mark.parametrize("kind", [I420, NV12])
def test_planes_of_odd_sizes_have_their_chroma_rounded_up(kind: type[I420 | NV12], width: int, height: int) -> None:
    chroma = 2 * ((width + 1) // 2) * ((height + 1) // 2)
    data = np.arange(width * height + chroma, dtype=np.uint32).astype(np.uint8).tobytes()
    picture = kind(data, width, height)
    assert picture.packet().data == data
    frame = picture.frame()
    assert (frame.width, frame.height) == (width, height)
    assert bytes(frame.planes[0])[:width] == data[:width]
