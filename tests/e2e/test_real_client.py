"""The client library and the command line against the real service."""

import asyncio
import json
import pathlib
import subprocess
import sys
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
import roompulse as client_library
from live_service import Service
from roompulse.enums import Presence
from roompulse.results import Face
from roompulse.sending import encoder
from shared_data import image, needs_shared, video

AGREED = ("--purpose", "research", "--consent", "granted")

pytestmark = [pytest.mark.asyncio(loop_scope="module")]


@dataclass(frozen=True, slots=True)
class Ended:
    exit_code: int
    stdout: str
    stderr: str


async def run(service: Service, *arguments: str) -> Ended:
    """Run the command line as a process."""
    command = [sys.executable, "-c", "from roompulse.cli import main; main()", *arguments, "--server", service.target]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = await process.communicate()
    return Ended(process.returncode or 0, out.decode(), err.decode())


@pytest.mark.parametrize("encode", ["copy", "jpeg", "h264"])
async def test_a_face_is_present_in_every_encoding_with_one_track(roompulse: Service, encode: str) -> None:
    clip = str(video("single_face.mp4"))
    flags = ["--meeting", f"present-{encode}", "--participant", "ada", "--speed", "max", *AGREED]
    result = await run(roompulse, "stream", clip, *flags, "--encode", encode, "--json")
    assert result.exit_code == 0, result.stderr
    updates = [line["update"] for line in map(json.loads, result.stdout.splitlines()) if "update" in line]
    present = [update for update in updates if update["presence"] == "PRESENCE_PRESENT"]
    assert len(updates) == 72
    assert len(present) >= 0.98 * len(updates)
    assert {update["face"]["track"] for update in present} == {1}
    assert "every packet is accounted for" in result.stderr


async def test_where_there_is_no_face_none_is_found(roompulse: Service) -> None:
    flags = ["--meeting", "nobody", "--participant", "ada", "--speed", "max", *AGREED]
    result = await run(roompulse, "stream", str(video("no_face.mp4")), *flags, "--json")
    assert result.exit_code == 0, result.stderr
    presences = {line["update"]["presence"] for line in map(json.loads, result.stdout.splitlines()) if "update" in line}
    assert presences == {"PRESENCE_NO_FACE"}


@needs_shared
async def test_the_summary_and_the_watch_of_the_command_line(roompulse: Service) -> None:
    flags = ["--meeting", "told", "--participant", "ada", "--speed", "max", *AGREED, "--rate", "5"]
    streamed = await run(roompulse, "stream", str(video("portrait_d9.mp4")), *flags)
    assert streamed.exit_code == 0, streamed.stderr
    assert (await run(roompulse, "end", "told")).exit_code == 0
    summed = json.loads((await run(roompulse, "summary", "told", "--json")).stdout)
    (person,) = summed["participants"]
    assert 0.2 <= person["engagement"]["mean"] <= 1
    shown = await run(roompulse, "summary", "told")
    assert f"{person['engagement']['mean']:.2f}" in shown.stdout
    watched = await run(roompulse, "watch", "told", "--from-start", "--json")
    seen = [json.loads(line) for line in watched.stdout.splitlines()]
    assert len([line for line in seen if "update" in line]) == int(person["updates"])
    listed = await run(roompulse, "meetings")
    assert "told" in listed.stdout


@needs_shared
async def test_images_are_shown_and_annotated(roompulse: Service, tmp_path: pathlib.Path) -> None:
    marked = tmp_path / "marked.png"
    picture = str(image("multi_face.jpg"))
    result = await run(roompulse, "image", picture, *AGREED, "--annotate", str(marked), "--json")
    assert result.exit_code == 0, result.stderr
    assert len(json.loads(result.stdout)["faces"]) == 5
    assert marked.stat().st_size > 10_000
    again = await run(roompulse, "image", str(marked), *AGREED, "--json")
    assert len(json.loads(again.stdout)["faces"]) == 5


async def test_a_check_says_what_would_keep_a_score_away(roompulse: Service) -> None:
    result = await run(roompulse, "check", str(video("no_face.mp4")), *AGREED)
    assert result.exit_code == 0, result.stderr
    assert "no face was found" in result.stdout


async def test_every_kind_of_picture_shows_the_same_face(roompulse: Service) -> None:
    shown = {kind: await shown_by(roompulse, kind, picture, details) for kind, picture, details in kinds_of_face()}
    boxes = np.array([[face.box.x, face.box.y, face.box.width, face.box.height] for face in shown.values()])
    assert np.abs(boxes - boxes[0]).max() < 0.02, shown
    assert len({face.track for face in shown.values()}) == 1


def kinds_of_face() -> list[tuple[str, Any, dict[str, Any]]]:
    with av.open(str(image("single_face.jpg"))) as container:
        frame = next(container.decode(video=0))
    frame = frame.reformat(640, round(frame.height * 640 / frame.width / 2) * 2, "yuv420p", dst_color_range="MPEG")
    frame.pts, frame.time_base = 9000, Fraction(1, 90_000)
    rgb, nv12 = frame.to_ndarray(format="rgb24"), frame.reformat(format="nv12")
    size = frame.width, frame.height
    planes = tuple(bytes(plane) for plane in frame.planes)  # padded, as decoders give them
    strides = tuple(plane.line_size for plane in frame.planes)
    return [
        ("a still's bytes", encoder.JpegEncoder().encode(frame).data, {"capture_s": 0.1}),
        ("a frame", frame, {}),
        ("RGB", rgb, {"pixels": "rgb", "capture_s": 0.1}),
        ("RGBA", np.dstack([rgb, rgb[:, :, 0]]), {"pixels": "rgba", "capture_s": 0.1}),
        ("grey", frame.to_ndarray(format="gray"), {"capture_s": 0.1}),
        ("I420", client_library.I420(planes, *size, strides=strides), {"capture_s": 0.1}),
        ("NV12", client_library.NV12(nv12.to_ndarray().tobytes(), *size), {"capture_s": 0.1}),
    ]


async def shown_by(service: Service, kind: str, picture: Any, details: dict[str, Any]) -> Face:
    """Send a picture twice, encoded and as it is; return the face that the second one shows."""
    settings: dict[str, Any] = {"purpose": "research", "consent": "granted", "delivery": "every_frame"}
    async with client_library.connect(service.target) as client:
        for encoder in ("jpeg", "raw"):
            async with client.analyze("kinds", f"{kind} {encoder}", encoder=encoder, **settings) as stream:
                await stream.send(picture, **details)
                await stream.finish()
                (update,) = [update async for update in stream.updates() if update.packet_index is not None]
                assert update.presence is Presence.PRESENT, (kind, encoder)
        assert len((await client.image(picture, purpose="research", consent="granted", pixels="rgb")).faces) == 1
    assert update.face is not None
    return update.face


async def test_the_library_streams_subscribes_and_goes_on(roompulse: Service) -> None:
    async with client_library.connect(roompulse.target) as client:
        async with client.analyze(
            "library", "ada", purpose="research", consent="granted", delivery="every_frame", media_zero_s=0
        ) as stream:
            sending = asyncio.create_task(stream.send_video(video("single_face.mp4"), speed=None))
            first = await anext(aiter(stream.updates()))
            assert first.presence is Presence.PRESENT
            await sending
            counters = await stream.finish()
            assert counters.received == counters.analyzed == 72
        await client.meetings.end("library")
        async with client.subscribe("library", from_offset_s=0, events=False, rollups=False) as subscription:
            some = [(await anext(aiter(subscription))) for _ in range(10)]
            token = subscription.resume_token
        async with client.subscribe("library", resume_token=token, events=False, rollups=False) as subscription:
            rest = [event async for event in subscription]
        recorded = [update async for update in client.meetings.updates("library")]
        assert [*some, *rest] == recorded
        with pytest.raises(client_library.errors.NotFound, match="never-was"):
            await client.meetings.get("never-was")


@needs_shared
async def test_the_blocking_library_does_the_same(roompulse: Service) -> None:
    def work() -> tuple[int, float | None]:
        with client_library.blocking.connect(roompulse.target) as client:
            with client.analyze(
                "blocking", "ada", purpose="research", consent="granted", delivery="every_frame"
            ) as stream:
                stream.send_video(video("single_face.mp4"), speed=None)
                counters = stream.finish()
            faces = client.image(image("multi_face.jpg"), purpose="research", consent="granted").faces
            assert len(faces) == 5
            return counters.analyzed, client.meetings.summary("blocking").participants[0].coverage

    assert (await asyncio.to_thread(work))[0] == 72


async def test_who_is_sending_when_the_meeting_ends_is_told_so(roompulse: Service) -> None:
    """Again and again, because gRPC hides the status only sometimes."""
    face = image("single_face.jpg").read_bytes()
    for number in range(6):
        meeting = f"ends-{number}"
        async with client_library.connect(roompulse.target) as client:
            ended = await told_of_the_end(client, meeting, face)
        assert isinstance(ended, client_library.errors.MeetingEnded), (number, ended)


async def told_of_the_end(client: client_library.Client, meeting: str, picture: bytes) -> Exception | None:
    """Send while the meeting is ended; return what the sender was told."""
    async with client.analyze(meeting, "ada", purpose="research", consent="granted") as stream:
        ending = asyncio.create_task(client.meetings.end(meeting))
        try:
            for index in range(10_000):
                await stream.send(client_library.Packet(picture, capture_s=index / 25))
        except client_library.RoompulseError as error:
            await ending
            await stream.aclose()
            return error
    return None
