"""A client that knows the contract's descriptors and comments alone, as an author in Go, Java or Node does."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.rpc import error_details_pb2, status_pb2
from live_service import Service
from shared_data import ROOT, image

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(60), pytest.mark.versions]

FACE = image("single_face.jpg").read_bytes() if image("single_face.jpg").exists() else b""
AGREED = {"state": "CONSENT_STATE_GRANTED"}


class Foreign:
    """Calls by name, with messages made from the published descriptors; nothing of this project's packages."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel
        self._pool = descriptor_pool.DescriptorPool()
        files = descriptor_pb2.FileDescriptorSet.FromString((ROOT / "protos" / "baseline.binpb").read_bytes())
        for file in files.file:
            self._pool.Add(file)

    def message(self, name: str, **fields: Any) -> Any:
        kind: Any = message_factory.GetMessageClass(self._pool.FindMessageTypeByName(f"roompulse.v1.{name}"))
        return kind(**fields)

    def number(self, enumeration: str, name: str) -> int:
        value = self._pool.FindEnumTypeByName(f"roompulse.v1.{enumeration}").values_by_name[name].number
        return int(value)

    def call(self, service: str, method: str, *requests: Any) -> Any:
        """Start a call; one whose client side streams gets its requests by `write`."""
        found: Any = self._pool.FindServiceByName(f"roompulse.v1.{service}").methods_by_name[method]
        answer: Any = message_factory.GetMessageClass(found.output_type)
        ways = {
            (False, False): self._channel.unary_unary,
            (False, True): self._channel.unary_stream,
            (True, True): self._channel.stream_stream,
        }
        way: Any = ways[found.client_streaming, found.server_streaming]
        path = f"/roompulse.v1.{service}/{method}"
        return way(path, lambda message: message.SerializeToString(), answer.FromString)(*requests)


@pytest_asyncio.fixture(loop_scope="module")
async def foreign(roompulse: Service) -> AsyncIterator[Foreign]:
    async with grpc.aio.insecure_channel(roompulse.target) as channel:  # with the library's own limits
        yield Foreign(channel)


def config(foreign: Foreign, meeting: dict[str, str], who: str, **fields: Any) -> Any:
    """Return the first message of a stream."""
    stream = foreign.message(
        "StreamConfig", meeting=meeting, participant_id=who, purpose="PURPOSE_RESEARCH", consent=AGREED, **fields
    )
    return foreign.message("AnalyzeVideoRequest", config=stream)


def picture(foreign: Foreign, **fields: Any) -> Any:
    return foreign.message("AnalyzeVideoRequest", packets=[{"data": FACE} | fields])


async def until(call: Any, event: str) -> list[Any]:
    """Read up to the first message of a kind."""
    answers = [await call.read()]
    while answers[-1].WhichOneof("event") != event:
        answers.append(await call.read())
    return answers


async def rest(call: Any) -> list[Any]:
    """Read until the service has ended the call."""
    answers: list[Any] = []
    while (answer := await call.read()) is not grpc.aio.EOF:
        answers.append(answer)
    return answers


def error_of(raised: grpc.aio.AioRpcError) -> tuple[status_pb2.Status, error_details_pb2.ErrorInfo]:
    """Read an error as the comment at the top of error.proto says."""
    trailer = dict(raised.trailing_metadata() or ())["grpc-status-details-bin"]
    status = status_pb2.Status.FromString(trailer if isinstance(trailer, bytes) else trailer.encode())
    info = error_details_pb2.ErrorInfo()
    assert any(detail.Unpack(info) for detail in status.details)
    return status, info


async def test_a_stream_without_indices_and_times_ends_by_half_close(foreign: Foreign) -> None:
    call = foreign.call("AnalysisService", "AnalyzeVideo")
    await call.write(config(foreign, {"id": "foreign"}, "ada"))
    await call.write(picture(foreign))
    answers = await until(call, "update")
    assert answers[0].WhichOneof("event") == "opened"
    assert answers[-1].update.packet_index == 0
    assert (await until(call, "heartbeat"))[-1].heartbeat.HasField("time")
    await call.write(picture(foreign))
    await call.write(picture(foreign, data=b"junk"))
    await call.done_writing()
    ending = await rest(call)
    assert await call.code() is grpc.StatusCode.OK
    assert [answer.fault.packet_index for answer in ending if answer.HasField("fault")] == [2]
    assert ending[-1].WhichOneof("event") == "flow"
    notice, counters = ending[-1].flow, ending[-1].flow.counters
    assert (notice.final, notice.detail) == (True, "finished")
    dropped = sum(entry.count for entry in counters.dropped)
    assert (counters.received, counters.analyzed + counters.not_due + dropped, counters.pending) == (3, 3, 0)


async def test_packets_and_a_control_come_in_one_message(foreign: Foreign) -> None:
    call = foreign.call("AnalysisService", "AnalyzeVideo")
    every = {"delivery": "DELIVERY_EVERY_FRAME"}
    await call.write(config(foreign, {"id": "together"}, "ada", **every))
    both = picture(foreign, capture_offset={"seconds": 1})
    both.camera.on = False
    await call.write(foreign.message("AnalyzeVideoRequest"))
    await call.write(both)
    await call.done_writing()
    updates = [answer.update for answer in await rest(call) if answer.WhichOneof("event") == "update"]
    present = foreign.number("Presence", "PRESENCE_PRESENT")
    off = foreign.number("Presence", "PRESENCE_CAMERA_OFF")
    assert [update.presence for update in updates] == [present, off]


async def test_a_packet_that_needs_a_time_is_answered_with_what_would_be_right(foreign: Foreign) -> None:
    call = foreign.call("AnalysisService", "AnalyzeVideo")
    await call.write(config(foreign, {"id": "timeless"}, "ada", delivery="DELIVERY_EVERY_FRAME"))
    await call.write(picture(foreign))
    await call.write(picture(foreign, capture_time={"seconds": 1_790_000_000}))
    await call.done_writing()
    faults = [answer.fault for answer in await rest(call) if answer.WhichOneof("event") == "fault"]
    assert [fault.packet_index for fault in faults] == [0, 1]
    assert {fault.reason for fault in faults} == {foreign.number("FaultReason", "FAULT_REASON_WRONG_TIME")}
    assert "only LIVE packets" in faults[0].message
    assert "capture_time: it is for CLOCK_WALL" in faults[1].message


async def test_a_stream_that_was_cut_goes_on_and_gives_way_to_a_newer_one(foreign: Foreign) -> None:
    def opening(**fields: Any) -> Any:
        return config(foreign, meeting, "ada", stream_id="one", delivery="DELIVERY_EVERY_FRAME", **fields)

    meeting = {"id": "cut"}
    call = foreign.call("AnalysisService", "AnalyzeVideo")
    await call.write(opening())
    opened = (await until(call, "opened"))[-1].opened
    await call.write(picture(foreign, index=1, capture_offset={}))
    seen = (await until(call, "update"))[-1].update
    call.cancel()
    meeting = {"uid": opened.meeting.uid}
    again = foreign.call("AnalysisService", "AnalyzeVideo")
    await again.write(opening(resumed=True))
    resumed = (await until(again, "opened"))[-1].opened
    assert (resumed.last_sequence, resumed.epoch > opened.epoch) == (seen.sequence, True)
    newer = foreign.call("AnalysisService", "AnalyzeVideo")
    await newer.write(config(foreign, meeting, "ada", stream_id="two"))
    await until(newer, "opened")
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await rest(again)
    assert error_of(raised.value)[1].reason == "STREAM_REPLACED"
    late = foreign.call("AnalysisService", "AnalyzeVideo")
    await late.write(opening(resumed=True))
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await rest(late)
    assert error_of(raised.value)[1].reason == "STREAM_REPLACED"
    await newer.done_writing()
    await rest(newer)


async def stream(foreign: Foreign, who: str, seconds: Sequence[int]) -> None:
    call = foreign.call("AnalysisService", "AnalyzeVideo")
    every = {"delivery": "DELIVERY_EVERY_FRAME", "media_zero_ms": 0}
    await call.write(config(foreign, {"id": "followed"}, who, **every))
    for number, second in enumerate(seconds):
        await call.write(picture(foreign, index=number, capture_offset={"seconds": second}))
    await call.done_writing()
    await rest(call)


def told(answers: Sequence[Any], who: str) -> list[int]:
    return [a.update.sequence for a in answers if a.HasField("update") and a.update.participant_id == who]


async def test_a_subscription_goes_on_from_the_token_of_any_message(foreign: Foreign) -> None:
    await stream(foreign, "ada", [0])
    subscribe = foreign.message("SubscribeUpdatesRequest", meeting={"id": "followed"}, participant_ids=["ada", "bob"])
    call = foreign.call("SubscriptionService", "SubscribeUpdates", subscribe)
    first = await call.read()
    assert first.WhichOneof("event") == "heartbeat"
    await stream(foreign, "bob", [1, 2])
    await stream(foreign, "ada", [3, 4])
    live = [first]
    while told(live, "ada") != [2, 3]:
        live.append(await call.read())
    call.cancel()
    assert all(answer.resume_token for answer in live)
    ended = await foreign.call(
        "MeetingService", "EndMeeting", foreign.message("EndMeetingRequest", meeting={"id": "followed"})
    )
    for place, answer in enumerate(live):
        resume = foreign.message(
            "SubscribeUpdatesRequest",
            meeting={"uid": ended.meeting.key.uid},
            participant_ids=["bob", "ada"],
            resume_token=answer.resume_token,
            without_rollups=True,
            slow_policy="SLOW_POLICY_CONFLATE",
        )
        after = foreign.call("SubscriptionService", "SubscribeUpdates", resume)
        answers = await rest(after)
        assert await after.code() is grpc.StatusCode.OK
        assert all(answer.resume_token for answer in answers)
        for who, most in (("ada", 3), ("bob", 2)):
            before = told(live[: place + 1], who)
            begins = before[-1] if before else most - 2
            assert told(answers, who) == list(range(begins + 1, most + 1))


REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("MeetingService/GetMeeting", {"meeting": {"id": "nowhere"}}, "MEETING_NOT_FOUND", "meeting"),
    ("MeetingService/GetMeeting", {"meeting": {"id": "a\nb"}}, "INVALID_ARGUMENT", "meeting.id"),
    ("MeetingService/ListMeetings", {"page_size": -1}, "INVALID_ARGUMENT", "page_size"),
    ("MeetingService/ListMeetings", {"tenant": "acme"}, "TENANT_UNKNOWN", ""),
    ("AnalysisService/AnalyzeImage", {"purpose": 1}, "CONSENT_MISSING", ""),
    ("AnalysisService/AnalyzeImage", {}, "PURPOSE_MISSING", ""),
]


@pytest.mark.parametrize(("path", "fields", "reason", "field"), REFUSED)
async def test_an_error_says_its_reason_and_field_as_the_contract_says(
    foreign: Foreign, path: str, fields: dict[str, Any], reason: str, field: str
) -> None:
    service, _, method = path.partition("/")
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await foreign.call(service, method, foreign.message(f"{method}Request", **fields))
    status, info = error_of(raised.value)
    assert (info.domain, info.reason, status.code) == ("roompulse.dev", reason, raised.value.code().value[0])
    assert foreign.number("ErrorReason", f"ERROR_REASON_{info.reason}") > 0
    request = error_details_pb2.BadRequest()
    violations = [v.field for detail in status.details if detail.Unpack(request) for v in request.field_violations]
    assert violations == ([field] if field else [])


async def test_a_client_that_reads_while_it_sends_needs_no_answer_first(foreign: Foreign) -> None:
    call = foreign.call("AnalysisService", "AnalyzeVideo")
    requests = [config(foreign, {"id": "at-once"}, "ada", delivery="DELIVERY_EVERY_FRAME")]
    requests += [picture(foreign, index=n, capture_offset={"nanos": n * 40_000_000}) for n in range(5)]

    async def send() -> None:
        for request in requests:
            await call.write(request)
        await call.done_writing()

    _, answers = await asyncio.gather(send(), rest(call))
    assert [a.update.packet_index for a in answers if a.HasField("update")] == list(range(5))
