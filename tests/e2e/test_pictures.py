"""One picture through every way in: the same expression, the same box. And who is in a room or a gallery."""

from collections.abc import Callable

import av
import numpy as np
import pytest
from live_service import GRANTED, Service, balances, config, encoded, final_counters, packet, updates_of
from numpy.typing import NDArray
from roompulse.v1 import analysis_service_pb2 as pb
from roompulse.v1 import common_pb2, media_pb2, meeting_service_pb2, update_pb2
from shared_data import image, needs_shared

pytestmark = [pytest.mark.asyncio(loop_scope="module")]

Bgr = NDArray[np.uint8]
Sent = tuple[bytes, media_pb2.VideoFormat]
MATRICES = {"BT601": "ITU601", "BT709": "ITU709"}


def picture(name: str, width: int = 640) -> av.VideoFrame:
    """Return a still as an RGB frame whose sides every subsampling divides."""
    with av.open(str(image(name))) as container:
        frame = next(container.decode(video=0))
    height = round(frame.height * width / frame.width / 16) * 16
    return frame.reformat(width=width, height=height, format="rgb24", dst_color_range="JPEG")


def still(frame: av.VideoFrame, codec: str, pix_fmt: str, **options: str) -> bytes:
    context = av.CodecContext.create(codec, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt, context.options = frame.width, frame.height, pix_fmt, options
    context.time_base, context.qmin, context.qmax = 1, 1, 1  # type: ignore[assignment]
    shown = frame.reformat(format=pix_fmt)
    shown.pts = 0
    return b"".join(bytes(unit) for unit in (*context.encode(shown), *context.encode(None)))


def planes(frame: av.VideoFrame, layout: str, matrix: str, full: bool) -> bytes:
    converted = frame.reformat(
        format=layout,
        src_color_range="JPEG",
        dst_colorspace=MATRICES[matrix],
        dst_color_range="JPEG" if full else "MPEG",
    )
    return converted.to_ndarray().tobytes()


def form(frame: av.VideoFrame, encoding: str, **fields: object) -> media_pb2.VideoFormat:
    number = media_pb2.Encoding.Value(f"ENCODING_{encoding}")
    return media_pb2.VideoFormat(encoding=number, width=frame.width, height=frame.height, **fields)  # type: ignore[arg-type]


def yuv(encoding: str, layout: str, matrix: str, full: bool) -> Callable[[av.VideoFrame], Sent]:
    def make(frame: av.VideoFrame) -> Sent:
        return planes(frame, layout, matrix, full), form(
            frame,
            encoding,
            matrix=media_pb2.ColorMatrix.Value(f"COLOR_MATRIX_{matrix}"),
            range=media_pb2.COLOR_RANGE_FULL if full else media_pb2.COLOR_RANGE_LIMITED,
        )

    return make


def padded(frame: av.VideoFrame) -> Sent:
    rows = frame.to_ndarray()
    wide = np.zeros((frame.height, frame.width * 3 + 64), np.uint8)
    wide[:, : frame.width * 3] = rows.reshape(frame.height, -1)
    return wide.tobytes(), form(frame, "RGB24", strides=[wide.shape[1]])


def turned(degrees: int) -> Callable[[av.VideoFrame], Sent]:
    def make(frame: av.VideoFrame) -> Sent:
        rows = np.ascontiguousarray(
            np.rot90(frame.to_ndarray(), degrees // 90)
        )  # counter-clockwise: undone by the field
        shape = av.VideoFrame(rows.shape[1], rows.shape[0], "rgb24")
        return rows.tobytes(), form(shape, "RGB24", rotation_deg=degrees)

    return make


def exif(orientation: int, rotation_deg: int) -> Callable[[av.VideoFrame], Sent]:
    def make(frame: av.VideoFrame) -> Sent:
        rows: Bgr = np.ascontiguousarray(np.rot90(frame.to_ndarray(), {1: 0, 6: 1, 3: 2, 8: 3}[orientation]), np.uint8)
        data = still(av.VideoFrame.from_ndarray(rows, "rgb24"), "mjpeg", "yuvj444p")
        entry = b"\x01\x12\x00\x03\x00\x00\x00\x01" + orientation.to_bytes(2, "big") + b"\x00\x00"
        tiff = b"Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01" + entry + b"\x00\x00\x00\x00"
        segment = b"\xff\xe1" + (len(tiff) + 2).to_bytes(2, "big") + tiff
        return data[:2] + segment + data[2:], media_pb2.VideoFormat(rotation_deg=rotation_deg)

    return make


def stream_of(codec: str, encoding: str, **options: str) -> Callable[[av.VideoFrame], Sent]:
    def make(frame: av.VideoFrame) -> Sent:
        unit, _ = next(iter(encoded([(frame, 0.0)], codec, **options)))
        return unit, form(frame, encoding)

    return make


WAYS: dict[str, Callable[[av.VideoFrame], Sent]] = {
    "PNG": lambda f: (still(f, "png", "rgb24"), media_pb2.VideoFormat()),
    "JPEG 4:4:4": lambda f: (still(f, "mjpeg", "yuvj444p"), form(f, "JPEG")),
    "JPEG 4:2:0": lambda f: (still(f, "mjpeg", "yuvj420p"), form(f, "JPEG")),
    "WebP": lambda f: (still(f, "libwebp", "bgra", lossless="1"), form(f, "WEBP")),
    "RGB24": lambda f: (f.to_ndarray().tobytes(), form(f, "RGB24")),
    "BGR24": lambda f: (f.reformat(format="bgr24").to_ndarray().tobytes(), form(f, "BGR24")),
    "RGBA": lambda f: (f.reformat(format="rgba").to_ndarray().tobytes(), form(f, "RGBA")),
    "RGB24 padded": padded,
    **{
        f"{encoding} {matrix} {'full' if full else 'limited'}": yuv(encoding, layout, matrix, full)
        for encoding, layout in (("I420", "yuv420p"), ("NV12", "nv12"))
        for matrix in MATRICES
        for full in (False, True)
    },
    **{f"turned {degrees}": turned(degrees) for degrees in (90, 180, 270)},
    "EXIF 6": exif(6, 0),
    "EXIF 8": exif(8, 0),
    "EXIF 3 and the field": exif(3, 180),
    "EXIF 6 and the field": exif(6, 90),
    "EXIF 1 and no turn": exif(1, 0),
    "H.264": stream_of("libx264", "H264", crf="2", tune="zerolatency"),
    "VP8": stream_of("libvpx", "VP8", crf="4", **{"b:v": "8M"}),
    "VP9": stream_of("libvpx-vp9", "VP9", lossless="1", deadline="realtime"),
}


@needs_shared
async def test_one_picture_through_every_way_in(roompulse: Service) -> None:
    frame = picture("single_face.jpg")
    reference: update_pb2.ParticipantUpdate | None = None
    for number, (name, make) in enumerate(WAYS.items()):
        data, format = make(frame)
        responses = await roompulse.stream(config("ways", f"p{number}"), [packet(0, data, format=format)])
        (response,) = updates_of(responses)
        update = response.update
        reference = reference or update
        close(name, update, reference, frame)


def close(
    name: str, update: update_pb2.ParticipantUpdate, reference: update_pb2.ParticipantUpdate, frame: av.VideoFrame
) -> None:
    assert update.presence == update_pb2.PRESENCE_PRESENT, name
    for label in update.affect.raw.DESCRIPTOR.fields_by_name:
        difference = abs(getattr(update.affect.raw, label) - getattr(reference.affect.raw, label))
        assert difference <= 0.02, (name, label, difference)
    for side, pixels in (("x", frame.width), ("y", frame.height), ("width", frame.width), ("height", frame.height)):
        difference = abs(getattr(update.face.box, side) - getattr(reference.face.box, side)) * pixels
        assert difference <= 1.0, (name, side, difference)


@needs_shared
async def test_a_mirrored_picture_gives_the_person_their_own_sides(roompulse: Service) -> None:
    rows = picture("single_face.jpg").to_ndarray()
    flipped = np.ascontiguousarray(rows[:, ::-1])
    shape = form(av.VideoFrame.from_ndarray(rows, "rgb24"), "RGB24")
    plain, mirrored = [
        updates_of(await roompulse.stream(config("mirror", who, mirrored=who == "me"), [packet(0, data, format=shape)]))
        for who, data in (("you", rows.tobytes()), ("me", flipped.tobytes()))
    ]
    one, other = plain[0].update.face, mirrored[0].update.face
    assert one.pose.yaw_deg == pytest.approx(other.pose.yaw_deg, abs=4)
    assert one.pose.roll_deg == pytest.approx(other.pose.roll_deg, abs=6)  # the detector is not symmetric
    assert other.box.x == pytest.approx(1 - one.box.x - one.box.width, abs=0.01)
    assert other.landmarks.right_eye.x > other.landmarks.left_eye.x  # in the picture as it was sent
    assert one.landmarks.right_eye.x < one.landmarks.left_eye.x


@needs_shared
async def test_an_image_shows_all_five_people(roompulse: Service) -> None:
    request = pb.AnalyzeImageRequest(
        data=image("multi_face.jpg").read_bytes(), purpose=common_pb2.PURPOSE_RESEARCH, consent=GRANTED
    )
    response = await roompulse.analysis.AnalyzeImage(request)
    assert len(response.faces) == 5
    assert {face.presence for face in response.faces} == {update_pb2.PRESENCE_PRESENT}
    sizes = [face.face.quality.size_px for face in response.faces]
    areas = [face.face.box.width * face.face.box.height for face in response.faces]
    assert areas == sorted(areas, reverse=True)
    assert min(sizes) > 32
    for face in response.faces:
        total = sum(getattr(face.affect.raw, label) for label in face.affect.raw.DESCRIPTOR.fields_by_name)
        assert total == pytest.approx(1, abs=1e-3)
    request.max_faces = 2
    assert len((await roompulse.analysis.AnalyzeImage(request)).faces) == 2


@needs_shared
@pytest.mark.parametrize("name", ["negative_dog_1.jpg", "negative_dog_2.jpg", "negative_llama.jpg"])
async def test_animals_are_no_faces(roompulse: Service, name: str) -> None:
    request = pb.AnalyzeImageRequest(
        data=image(name).read_bytes(), purpose=common_pb2.PURPOSE_RESEARCH, consent=GRANTED
    )
    assert not (await roompulse.analysis.AnalyzeImage(request)).faces


@needs_shared
async def test_a_room_names_its_faces_and_needs_everybodys_consent(roompulse: Service) -> None:
    data = image("multi_face.jpg").read_bytes()
    room = {"source": media_pb2.SOURCE_ROOM}
    packets = [packet(i, data, i * 0.2) for i in range(6)]
    refused = await roompulse.stream(config("room", "board-room", **room), packets)
    assert final_counters(refused).analyzed == 0
    assert "everyone_consented" in refused[0].opened.warnings[0]
    responses = await roompulse.stream(config("room", "board-room", everyone_consented=True, **room), packets)
    found = {r.update.participant_id for r in updates_of(responses) if r.update.HasField("face")}
    assert found == {f"board-room#{track}" for track in range(1, 6)}
    key = common_pb2.MeetingKey(id="room")
    people = (
        await roompulse.meetings.ListParticipants(meeting_service_pb2.ListParticipantsRequest(meeting=key))
    ).participants
    assert {person.found_in for person in people if "#" in person.id} == {"board-room"}
    summary = (
        await roompulse.meetings.GetMeetingSummary(meeting_service_pb2.GetMeetingSummaryRequest(meeting=key))
    ).summary
    assert found <= {person.participant_id for person in summary.participants}
    assert summary.counters.received == 12
    assert balances(summary.counters)


async def test_a_gallery_gives_each_tile_to_its_participant(roompulse: Service) -> None:
    one = picture("single_face.jpg", 480)
    rows = one.to_ndarray()
    grid: Bgr = np.concatenate([rows, np.full_like(rows, 90), rows], axis=1)
    shape = form(av.VideoFrame.from_ndarray(np.ascontiguousarray(grid), "rgb24"), "RGB24")

    def tile(name: str, column: int, consent: common_pb2.Consent | None = GRANTED) -> media_pb2.Tile:
        box = common_pb2.Box(x=column / 3, y=0, width=1 / 3, height=1)
        return media_pb2.Tile(participant_id=name, box=box, consent=consent)

    layout = media_pb2.TileLayout(tiles=[tile("ada", 0), tile("empty", 1), tile("shy", 2, None)])
    less = media_pb2.TileLayout(tiles=[tile("ada", 2), tile("empty", 1)])
    requests = [packet(i, grid.tobytes(), i * 0.2, format=shape) for i in range(4)]
    requests.append(pb.AnalyzeVideoRequest(tiles=less))
    requests += [packet(i, grid.tobytes(), i * 0.2, format=shape) for i in range(4, 6)]
    gallery = config("gallery", "grid", source=media_pb2.SOURCE_GALLERY, tiles=layout)
    updates = [response.update for response in updates_of(await roompulse.stream(gallery, requests))]
    ada = [u for u in updates if u.participant_id == "ada"]
    assert [u.presence for u in ada] == [update_pb2.PRESENCE_PRESENT] * 6
    assert {round(u.face.box.x + u.face.box.width / 2, 1) for u in ada} == {0.2, 0.8}  # in the whole picture
    assert {u.presence for u in updates if u.participant_id == "empty"} == {update_pb2.PRESENCE_NO_FACE}
    shy = [u.presence for u in updates if u.participant_id == "shy"]
    assert shy[0] == update_pb2.PRESENCE_NO_CONSENT
    assert shy[-1] == update_pb2.PRESENCE_LEFT
    assert not any(u.HasField("face") for u in updates if u.participant_id == "shy")
    assert [u.sequence for u in ada] == list(range(1, 7))
