"""Every wrong input gets its own answer, and the next frame works."""

import os
import signal
import struct
import zlib
from collections.abc import Callable
from itertools import islice

import grpc
import pytest
from live_service import (
    GRANTED,
    Service,
    annexb,
    balances,
    config,
    dropped,
    final_counters,
    jpeg,
    kinds,
    packet,
    pictures,
    reason,
    updates_of,
)
from roompulse.v1 import analysis_service_pb2 as pb
from roompulse.v1 import common_pb2, media_pb2, meeting_service_pb2, subscription_service_pb2, update_pb2
from shared_data import image, needs_shared, video

pytestmark = [pytest.mark.asyncio(loop_scope="module")]


def png_bomb(side: int = 12_000) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = zlib.compress(bytes(1 + side * 3) * side, 9)
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def face() -> bytes:
    return image("single_face.jpg").read_bytes()


def faults(responses: list[pb.AnalyzeVideoResponse]) -> list[tuple[int, str, str]]:
    return [
        (r.fault.packet_index, pb.FaultReason.Name(r.fault.reason).removeprefix("FAULT_REASON_"), r.fault.message)
        for r in responses
        if r.WhichOneof("event") == "fault"
    ]


RAW = media_pb2.VideoFormat(encoding=media_pb2.ENCODING_I420, width=320, height=240, strides=[300, 160, 160])

CASES: dict[str, tuple[Callable[[], bytes], media_pb2.VideoFormat | None, str, str]] = {
    "truncated JPEG": (lambda: face()[: len(face()) // 2], None, "CORRUPT", "cut short|truncated|not a whole"),
    "PNG bomb": (png_bomb, None, "TOO_MANY_PIXELS", "12000"),
    "wrong stride": (lambda: bytes(320 * 240 * 3 // 2), RAW, "WRONG_LAYOUT", "300"),
    "empty": (lambda: b"", None, "EMPTY", "no bytes"),
    "a GIF": (lambda: b"GIF89a" + bytes(100), None, "UNKNOWN_FORMAT", "JPEG"),
    "too many bytes": (lambda: b"\xff\xd8" + bytes(3 * 1024 * 1024), None, "TOO_MANY_BYTES", "2097152|2 MiB|2,097,152"),
}


@pytest.mark.parametrize("name", CASES)
async def test_a_bad_packet_costs_itself_alone(roompulse: Service, name: str) -> None:
    make, form, expected, words = CASES[name]
    bad = packet(0, make(), format=form) if form is not None else packet(0, make())
    good = packet(1, face(), format=media_pb2.VideoFormat(encoding=media_pb2.ENCODING_JPEG))
    responses = await roompulse.stream(config("wrong", name.replace(" ", "-")), [bad, good])
    assert [(i, r) for i, r, _ in faults(responses)] == [(0, expected)]
    assert any(word in faults(responses)[0][2] for word in words.split("|")), faults(responses)
    (update,) = updates_of(responses)
    assert update.update.packet_index == 1
    assert update.update.presence == update_pb2.PRESENCE_PRESENT
    counters = final_counters(responses)
    assert (counters.received, counters.analyzed, dropped(counters)) == (2, 1, {"FAULT": 1})


async def test_h264_that_starts_without_a_key_frame_waits_for_one(roompulse: Service) -> None:
    units = [unit for unit, _ in annexb(video("single_face.mp4"))]
    begin = units[3:8] + units[:20]
    responses = await roompulse.stream(
        config("wrong", "no-key", media_pb2.ENCODING_H264), [packet(i, unit) for i, unit in enumerate(begin)]
    )
    assert [(i, r) for i, r, _ in faults(responses)] == [(0, "NO_KEY_FRAME")]
    assert any(r.flow.key_frame_requested for r in responses)
    counters = final_counters(responses)
    assert dropped(counters).pop("WAITING_FOR_KEY_FRAME") == 5
    assert counters.analyzed == 20
    assert balances(counters)


async def test_indices_must_rise_and_times_must_be_there(roompulse: Service) -> None:
    timeless = pb.AnalyzeVideoRequest(packets=[media_pb2.VideoPacket(index=9, data=face())])
    requests = [packet(5, face()), packet(5, face()), timeless, packet(10, face(), 0.01), packet(11, face(), 1.0)]
    responses = await roompulse.stream(config("wrong", "order"), requests)
    assert [(i, r) for i, r, _ in faults(responses)] == [(5, "WRONG_INDEX"), (9, "WRONG_TIME"), (10, "WRONG_TIME")]
    assert final_counters(responses).analyzed == 2


async def test_a_hundred_bad_packets_in_a_row_end_the_stream(roompulse: Service) -> None:
    call = roompulse.analysis.AnalyzeVideo(
        iter([pb.AnalyzeVideoRequest(config=config("wrong", "junk")), *(packet(i, b"junk") for i in range(150))])
    )
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        async for _ in call:
            pass
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reason(raised.value) == "TOO_MANY_FAULTS"
    assert "100 packets in a row" in (raised.value.details() or "")


async def test_packets_before_the_config(roompulse: Service) -> None:
    call = roompulse.analysis.AnalyzeVideo(iter([packet(0, face())]))
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call.read()
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reason(raised.value) == "CONFIG_MISSING"
    await roompulse.stream(config("wrong", "after"), [packet(0, face())])


async def test_a_second_config_ends_the_stream(roompulse: Service) -> None:
    again = pb.AnalyzeVideoRequest(config=config("wrong", "twice"))
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await roompulse.stream(config("wrong", "twice"), [again])
    assert reason(raised.value) == "CONFIG_REPEATED"


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"participant_id": ""}, "participant_id", "1 to 128"),
        ({"meeting": common_pb2.MeetingKey(id="tab\there")}, "meeting.id", r"'tab\there'"),
        ({"update_rate_hz": 500.0}, "update_rate_hz", "500"),
        ({"time_zone": "Mars/Base"}, "time_zone", "Mars/Base"),
        ({"source": 99}, "source", "99"),
        ({"tiles": media_pb2.TileLayout(tiles=[media_pb2.Tile(participant_id="a")])}, "tiles[0].box", "(0, 0, 0, 0)"),
        ({"format": media_pb2.VideoFormat(rotation_deg=45)}, "format.rotation_deg", "45"),
    ],
)
async def test_a_wrong_config_names_field_and_value(
    roompulse: Service, fields: dict[str, object], field: str, words: str
) -> None:
    message = config("wrong", "config")
    message.MergeFrom(pb.StreamConfig(**fields))  # type: ignore[arg-type]
    if "participant_id" in fields:
        message.participant_id = ""
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await roompulse.stream(message, [])
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert field in (raised.value.details() or "")
    assert words in (raised.value.details() or "")


async def test_unknown_meetings(roompulse: Service) -> None:
    key = common_pb2.MeetingKey(id="never-was")
    calls: list[grpc.aio.UnaryUnaryCall[object, object] | grpc.aio.UnaryStreamCall[object, object]] = [
        roompulse.meetings.GetMeeting(meeting_service_pb2.GetMeetingRequest(meeting=key)),  # type: ignore[list-item]
        roompulse.meetings.EndMeeting(meeting_service_pb2.EndMeetingRequest(meeting=key)),  # type: ignore[list-item]
        roompulse.meetings.GetMeetingSummary(meeting_service_pb2.GetMeetingSummaryRequest(meeting=key)),  # type: ignore[list-item]
        roompulse.meetings.ListUpdates(meeting_service_pb2.ListUpdatesRequest(meeting=key)),  # type: ignore[list-item]
    ]
    for call in calls:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await call  # type: ignore[misc]
        assert raised.value.code() is grpc.StatusCode.NOT_FOUND
        assert reason(raised.value) == "MEETING_NOT_FOUND"
        assert "never-was" in (raised.value.details() or "")
    subscription = roompulse.subscriptions.SubscribeUpdates(
        subscription_service_pb2.SubscribeUpdatesRequest(meeting=key)
    )
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await subscription.read()
    assert reason(raised.value) == "MEETING_NOT_FOUND"


async def test_an_ended_meeting_is_refused_unless_a_new_occurrence_is_asked_for(roompulse: Service) -> None:
    await roompulse.stream(config("ended", "ada"), [packet(0, face())])
    key = common_pb2.MeetingKey(id="ended")
    ended = await roompulse.meetings.EndMeeting(meeting_service_pb2.EndMeetingRequest(meeting=key))
    again = await roompulse.meetings.EndMeeting(meeting_service_pb2.EndMeetingRequest(meeting=key))
    assert ended.meeting == again.meeting
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await roompulse.stream(config("ended", "ada"), [])
    assert raised.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert reason(raised.value) == "MEETING_ENDED"
    responses = await roompulse.stream(config("ended", "ada", new_occurrence=True), [packet(0, face())])
    assert responses[0].opened.meeting.uid not in ("", ended.meeting.key.uid)
    assert updates_of(responses)[0].update.sequence == 1


@pytest.mark.parametrize(
    ("purpose", "expected"),
    [
        (common_pb2.PURPOSE_UNSPECIFIED, "PURPOSE_MISSING"),
        (common_pb2.PURPOSE_WORKPLACE_MONITORING, "PURPOSE_REFUSED"),
        (common_pb2.PURPOSE_EDUCATION, "PURPOSE_REFUSED"),
    ],
)
async def test_purposes_gate_inference(
    roompulse: Service, purpose: common_pb2.Purpose.ValueType, expected: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await roompulse.stream(config(f"purpose-{purpose}", "ada", purpose=purpose), [])
    assert reason(raised.value) == expected
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await roompulse.analysis.AnalyzeImage(pb.AnalyzeImageRequest(data=face(), purpose=purpose, consent=GRANTED))
    assert reason(raised.value) == expected


@needs_shared
async def test_without_consent_nothing_is_analysed(roompulse: Service) -> None:
    silent = config("consent", "ada", consent=common_pb2.Consent())
    responses = await roompulse.stream(silent, [packet(i, face(), i * 0.5) for i in range(8)])
    assert "consent" in responses[0].opened.warnings[0]
    counters = final_counters(responses)
    assert (counters.analyzed, dropped(counters)) == (0, {"NO_CONSENT": 8})
    for response in updates_of(responses):
        assert response.update.presence == update_pb2.PRESENCE_NO_CONSENT
        assert not response.update.HasField("face")
        assert response.update.engagement.no_score_reason == update_pb2.NO_SCORE_REASON_NO_CONSENT
    refused = common_pb2.Consent(state=common_pb2.CONSENT_STATE_REFUSED)
    await roompulse.stream(config("consent", "bob", consent=refused), [])
    again = await roompulse.stream(config("consent", "bob"), [packet(0, face())])
    assert again[0].opened.consent.state == common_pb2.CONSENT_STATE_REFUSED  # a reconnect never grants again
    assert dropped(final_counters(again)) == {"NO_CONSENT": 1}
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await roompulse.analysis.AnalyzeImage(pb.AnalyzeImageRequest(data=face(), purpose=common_pb2.PURPOSE_RESEARCH))
    assert reason(raised.value) == "CONSENT_MISSING"


async def test_an_image_that_cannot_be_used_says_why(roompulse: Service) -> None:
    request = pb.AnalyzeImageRequest(data=png_bomb(), purpose=common_pb2.PURPOSE_RESEARCH, consent=GRANTED)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await roompulse.analysis.AnalyzeImage(request)
    assert reason(raised.value) == "PICTURE_UNUSABLE"
    assert "12000" in (raised.value.details() or "")
    request.data = face()
    assert len((await roompulse.analysis.AnalyzeImage(request)).faces) == 1


async def everything(call: "grpc.aio.StreamStreamCall[pb.AnalyzeVideoRequest, pb.AnalyzeVideoResponse]") -> None:
    while await call.read() is not grpc.aio.EOF:
        pass


async def test_a_second_stream_replaces_the_first_which_is_told(roompulse: Service) -> None:
    first = roompulse.analysis.AnalyzeVideo()
    await first.write(pb.AnalyzeVideoRequest(config=config("replace", "ada")))
    opened = await first.read()
    assert isinstance(opened, pb.AnalyzeVideoResponse)
    second = await roompulse.stream(config("replace", "ada"), [packet(0, face())])
    assert second[0].opened.epoch > opened.opened.epoch
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await everything(first)
    assert raised.value.code() is grpc.StatusCode.ABORTED
    assert reason(raised.value) == "STREAM_REPLACED"
    assert updates_of(second)[0].update.epoch == second[0].opened.epoch


async def test_a_worker_killed_mid_stream_costs_its_packets_and_nothing_else(roompulse: Service) -> None:
    units = [unit for unit, _ in annexb(video("portrait_d0.mp4"))]
    call = roompulse.analysis.AnalyzeVideo()
    await call.write(pb.AnalyzeVideoRequest(config=config("killed", "ada", media_pb2.ENCODING_H264)))
    responses: list[pb.AnalyzeVideoResponse] = []

    async def read_until(enough: Callable[[pb.AnalyzeVideoResponse], bool]) -> None:
        while True:
            response = await call.read()
            assert isinstance(response, pb.AnalyzeVideoResponse), kinds(responses)
            responses.append(response)
            if enough(response):
                return

    for index in range(10):
        await call.write(packet(index, units[index]))
    await read_until(lambda response: response.WhichOneof("event") == "update")
    (victim,) = (worker.pid for worker in roompulse.app.parts.engine._workers)
    os.kill(victim, signal.SIGKILL)
    await read_until(lambda response: response.flow.key_frame_requested)
    for index in range(10, 40):
        await call.write(packet(index, units[index - 10]))  # again from the key frame
    await call.done_writing()
    await read_until(lambda response: response.flow.final)
    counters = responses[-1].flow.counters
    assert counters.received == 40
    assert balances(counters)
    assert counters.pending == 0
    assert counters.analyzed >= 30
    assert set(dropped(counters)) <= {"WORKER_LOST", "WAITING_FOR_KEY_FRAME"}
    sequences = [response.update.sequence for response in updates_of(responses)]
    assert sequences == list(range(1, len(sequences) + 1))
    assert len({response.update.face.track for response in updates_of(responses)}) == 2  # may be another person
    with pytest.raises(ProcessLookupError):
        os.kill(victim, 0)


async def test_pictures_of_a_real_video_as_jpeg_work_after_all_that(roompulse: Service) -> None:
    frames = [packet(i, jpeg(frame), at) for i, (frame, at) in enumerate(islice(pictures(video("single_face.mp4")), 5))]
    responses = await roompulse.stream(config("wrong", "last", media_pb2.ENCODING_JPEG), frames)
    assert final_counters(responses).analyzed == 5
