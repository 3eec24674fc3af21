"""Meetings as callers manage them: created once, listed in pages, read in parts; and what any gRPC tool may ask."""

from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from live_service import Service, config, packet, reason
from roompulse.v1 import common_pb2
from roompulse.v1 import meeting_service_pb2 as pb
from shared_data import image

pytestmark = [pytest.mark.asyncio(loop_scope="module")]

RESEARCH = common_pb2.PURPOSE_RESEARCH


def key(name: str) -> common_pb2.MeetingKey:
    return common_pb2.MeetingKey(id=name)


async def test_a_request_id_creates_once_and_an_active_meeting_is_not_made_again(roompulse: Service) -> None:
    request = pb.CreateMeetingRequest(meeting=key("once"), purpose=RESEARCH, title="Once", request_id="r-1")
    first = (await roompulse.meetings.CreateMeeting(request)).meeting
    again = (await roompulse.meetings.CreateMeeting(request)).meeting
    assert first == again
    assert (first.title, first.state, first.key.tenant) == ("Once", pb.Meeting.STATE_ACTIVE, "default")
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await roompulse.meetings.CreateMeeting(pb.CreateMeetingRequest(meeting=key("once"), purpose=RESEARCH))
    assert raised.value.code() is grpc.StatusCode.ALREADY_EXISTS
    assert reason(raised.value) == "MEETING_EXISTS"
    got = (await roompulse.meetings.GetMeeting(pb.GetMeetingRequest(meeting=key("once")))).meeting
    assert got == first


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"idle_timeout": Duration(seconds=1)}, "idle_timeout"),
        ({"title": "x" * 257}, "title"),
        ({"request_id": "x" * 65}, "request_id"),
        ({"retention": Duration(seconds=-5)}, "retention"),
        ({"time_zone": "Nowhere"}, "time_zone"),
        ({"meeting": common_pb2.MeetingKey(id="a", uid="b")}, "meeting.uid"),
    ],
)
async def test_a_wrong_field_is_named(roompulse: Service, fields: dict[str, object], field: str) -> None:
    request = pb.CreateMeetingRequest(meeting=key("wrong-field"), purpose=RESEARCH)
    request.MergeFrom(pb.CreateMeetingRequest(**fields))  # type: ignore[arg-type]
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await roompulse.meetings.CreateMeeting(request)
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert (raised.value.details() or "").startswith(field)


async def test_meetings_are_listed_in_pages_newest_first(roompulse: Service) -> None:
    for number in range(5):
        await roompulse.meetings.CreateMeeting(pb.CreateMeetingRequest(meeting=key("paged"), purpose=RESEARCH))
        if number < 4:
            await roompulse.meetings.EndMeeting(pb.EndMeetingRequest(meeting=key("paged")))
    seen: list[pb.Meeting] = []
    token = ""
    while True:
        request = pb.ListMeetingsRequest(meeting_id="paged", page_size=2, page_token=token)
        page = await roompulse.meetings.ListMeetings(request)
        assert len(page.meetings) <= 2
        seen += page.meetings
        if not (token := page.next_page_token):
            break
    assert len({meeting.key.uid for meeting in seen}) == 5
    began = [meeting.create_time.ToNanoseconds() for meeting in seen]
    assert began == sorted(began, reverse=True)
    active = pb.ListMeetingsRequest(meeting_id="paged", state=pb.Meeting.STATE_ACTIVE)
    assert [m.key.uid for m in (await roompulse.meetings.ListMeetings(active)).meetings] == [seen[0].key.uid]
    older = common_pb2.MeetingKey(id="paged", uid=seen[3].key.uid)
    assert (await roompulse.meetings.GetMeeting(pb.GetMeetingRequest(meeting=older))).meeting == seen[3]


@pytest.mark.parametrize("request_", [pb.ListMeetingsRequest(page_size=-1), pb.ListMeetingsRequest(page_token="junk")])
async def test_a_wrong_page_is_refused(roompulse: Service, request_: pb.ListMeetingsRequest) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await roompulse.meetings.ListMeetings(request_)
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert (raised.value.details() or "").startswith("page_")


async def test_the_record_is_read_in_parts(roompulse: Service) -> None:
    face = image("single_face.jpg").read_bytes()
    for who in ("ada", "bob"):
        await roompulse.stream(config("parts", who), [packet(i, face, i * 0.5) for i in range(6)])
    request = pb.ListUpdatesRequest(
        meeting=key("parts"), participant_id="bob", start_offset=Duration(seconds=1), end_offset=Duration(seconds=2)
    )
    updates = (await roompulse.meetings.ListUpdates(request)).updates
    assert [(u.participant_id, u.meeting_offset.ToMilliseconds()) for u in updates] == [("bob", 1000), ("bob", 1500)]
    people = (await roompulse.meetings.ListParticipants(pb.ListParticipantsRequest(meeting=key("parts")))).participants
    assert [(p.id, p.epoch, p.last_sequence, p.consent.state) for p in people] == [
        ("ada", 1, 6, common_pb2.CONSENT_STATE_GRANTED),
        ("bob", 1, 6, common_pb2.CONSENT_STATE_GRANTED),
    ]
    first = await roompulse.meetings.ListParticipants(pb.ListParticipantsRequest(meeting=key("parts"), page_size=1))
    rest = pb.ListParticipantsRequest(meeting=key("parts"), page_size=1, page_token=first.next_page_token)
    assert [p.id for p in (await roompulse.meetings.ListParticipants(rest)).participants] == ["bob"]


async def test_other_tenants_are_refused_the_same_way(roompulse: Service) -> None:
    other = common_pb2.MeetingKey(tenant="acme", id="parts")
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await roompulse.meetings.GetMeeting(pb.GetMeetingRequest(meeting=other))
    assert raised.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_health_and_reflection_are_served(roompulse: Service) -> None:
    channel: Any = roompulse.channel  # the stubs of both know only the blocking channel
    health: Any = health_pb2_grpc.HealthStub(channel)
    for service in ("", "roompulse.v1.AnalysisService", "roompulse.v1.SubscriptionService"):
        answer = await health.Check(health_pb2.HealthCheckRequest(service=service))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
    ask = reflection_pb2.ServerReflectionRequest(list_services="")
    async for answer in stub.ServerReflectionInfo(iter([ask])):
        names = {service.name for service in answer.list_services_response.service}
    assert {"roompulse.v1.AnalysisService", "roompulse.v1.MeetingService"} <= names
