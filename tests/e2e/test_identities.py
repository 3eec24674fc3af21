"""Who is who, through the real service: ids as platforms give them, found faces, tiles that are said again."""

import re

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from live_service import GRANTED, Service, begin, config, everything, packet, reason, refusal, updates_of
from roompulse.v1 import analysis_service_pb2 as pb
from roompulse.v1 import common_pb2, media_pb2, meeting_service_pb2, privacy_pb2, update_pb2
from roompulse.v1 import subscription_service_pb2 as sub
from shared_data import image

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(60)]

FACE = image("single_face.jpg").read_bytes() if image("single_face.jpg").exists() else b""
WHOLE = common_pb2.Box(width=1, height=1)
WITHDRAWN = common_pb2.Consent(state=common_pb2.CONSENT_STATE_WITHDRAWN)


async def people(service: Service, meeting: common_pb2.MeetingKey) -> dict[str, meeting_service_pb2.Participant]:
    request = meeting_service_pb2.ListParticipantsRequest(meeting=meeting)
    return {person.id: person for person in (await service.meetings.ListParticipants(request)).participants}


@pytest.mark.parametrize(
    ("meeting", "who"),
    [("4zAa/bC+d==", "16778240/ada=="), ("\u3000", "\u3000"), ("朝\u200d会", "a\u200cb\u00ad"), ("a b#1?x=%2F", "#1")],
)
async def test_an_id_goes_everywhere_as_it_is(roompulse: Service, meeting: str, who: str) -> None:
    opened, *rest = await roompulse.stream(config(meeting, who), [packet(0, FACE)])
    key = opened.opened.meeting
    assert (key.id, [r.update.participant_id for r in updates_of(rest)]) == (meeting, [who])
    assert set(await people(roompulse, key)) == {who}
    render = meeting_service_pb2.RenderReportRequest(meeting=key, format=meeting_service_pb2.REPORT_FORMAT_CSV)
    first, *_ = [part async for part in roompulse.meetings.RenderReport(render)]
    assert re.fullmatch(r"roompulse-[A-Za-z0-9._-]+\.csv", first.file_name)
    await roompulse.meetings.EndMeeting(meeting_service_pb2.EndMeetingRequest(meeting=key))
    everything_of = sub.SubscribeUpdatesRequest(meeting=key, participant_ids=[who], from_offset=Duration())
    answers = [answer async for answer in roompulse.subscriptions.SubscribeUpdates(everything_of)]
    assert who in {answer.update.participant_id for answer in answers}
    middle = sub.SubscribeUpdatesRequest(meeting=key, participant_ids=[who], resume_token=answers[0].resume_token)
    assert [answer async for answer in roompulse.subscriptions.SubscribeUpdates(middle)] == answers[1:]
    await roompulse.meetings.DeleteParticipant(privacy_pb2.DeleteParticipantRequest(meeting=key, participant_id=who))
    assert await people(roompulse, key) == {}


async def test_a_uid_alone_names_a_meeting_in_every_call(roompulse: Service) -> None:
    create = meeting_service_pb2.CreateMeetingRequest(
        meeting=common_pb2.MeetingKey(id="by-uid"), purpose=common_pb2.PURPOSE_RESEARCH, title="Weekly 週次"
    )
    made = (await roompulse.meetings.CreateMeeting(create)).meeting
    uid = common_pb2.MeetingKey(uid=made.key.uid)
    stream = config("", "ada")
    stream.meeting.CopyFrom(uid)
    opened, *_ = await roompulse.stream(stream, [packet(0, FACE)])
    assert opened.opened.meeting == made.key
    assert set(await people(roompulse, uid)) == {"ada"}
    assert (
        await roompulse.meetings.GetMeeting(meeting_service_pb2.GetMeetingRequest(meeting=uid))
    ).meeting.key == made.key
    summed = await roompulse.meetings.GetMeetingSummary(meeting_service_pb2.GetMeetingSummaryRequest(meeting=uid))
    assert (summed.summary.title, summed.summary.meeting) == ("Weekly 週次", made.key)
    ended = await roompulse.meetings.EndMeeting(meeting_service_pb2.EndMeetingRequest(meeting=uid))
    assert ended.meeting.key == made.key
    with pytest.raises(grpc.aio.AioRpcError, match="by-uid") as refused:
        await roompulse.stream(stream, [])
    assert reason(refused.value) == "MEETING_ENDED"
    both = common_pb2.MeetingKey(id="another", uid=made.key.uid)
    call = roompulse.meetings.GetMeeting(meeting_service_pb2.GetMeetingRequest(meeting=both))
    assert await refusal(call) == "MEETING_NOT_FOUND"


async def test_a_found_face_takes_nobodys_id_and_nobody_takes_its(roompulse: Service) -> None:
    key = common_pb2.MeetingKey(id="namesakes")
    await roompulse.stream(config("namesakes", "room#1"), [packet(0, FACE)])
    room = config("namesakes", "room", source=media_pb2.SOURCE_ROOM, everyone_consented=True)
    responses = await roompulse.stream(room, [packet(i, FACE, i * 0.2) for i in range(3)])
    assert {r.update.participant_id for r in updates_of(responses)} == {"room##1"}
    found_in = {name: person.found_in for name, person in (await people(roompulse, key)).items()}
    assert found_in == {"room": "", "room#1": "", "room##1": "room"}
    with pytest.raises(grpc.aio.AioRpcError, match="a face found in 'room'") as refused:
        await roompulse.stream(config("namesakes", "room##1"), [])
    assert reason(refused.value) == "INVALID_ARGUMENT"
    tile = media_pb2.Tile(participant_id="room#7", box=WHOLE, consent=GRANTED)
    fields: dict[str, object] = {"source": media_pb2.SOURCE_GALLERY, "tiles": media_pb2.TileLayout(tiles=[tile])}
    with pytest.raises(grpc.aio.AioRpcError, match=r"tiles\[0\].participant_id"):
        await roompulse.stream(config("namesakes", "room", 0, **fields), [])


async def test_a_face_found_in_a_room_with_a_long_id_can_be_erased(roompulse: Service) -> None:
    long = "r" * 128
    room = config("long-room", long, source=media_pb2.SOURCE_ROOM, everyone_consented=True)
    opened, *_ = await roompulse.stream(room, [packet(0, FACE)])
    key = opened.opened.meeting
    assert f"{long}#1" in await people(roompulse, key)
    await roompulse.meetings.DeleteParticipant(
        privacy_pb2.DeleteParticipantRequest(meeting=key, participant_id=f"{long}#1")
    )
    assert f"{long}#1" not in await people(roompulse, key)


def layout(name: str = "", consent: common_pb2.Consent | None = None) -> media_pb2.TileLayout:
    tile = media_pb2.Tile(participant_id="ada", box=WHOLE, display_name=name, consent=consent)
    return media_pb2.TileLayout(tiles=[tile])


async def test_a_tile_said_again_with_consent_or_a_new_name_is_taken(roompulse: Service) -> None:
    gallery = config("again", "wall", source=media_pb2.SOURCE_GALLERY, tiles=layout("A."))
    call, opened = await begin(roompulse, gallery)
    await call.write(packet(0, FACE, 0.0))
    await call.write(pb.AnalyzeVideoRequest(tiles=layout("Ada", GRANTED)))
    await call.write(packet(1, FACE, 0.2))
    await call.write(pb.AnalyzeVideoRequest(tiles=layout("Ada Lovelace")))
    await call.write(packet(2, FACE, 0.4))
    await call.done_writing()
    responses, why = await everything(call)
    assert why == ""
    seen = [(r.update.presence, r.update.epoch) for r in updates_of(responses) if r.update.HasField("packet_index")]
    assert seen == [(update_pb2.PRESENCE_PRESENT, 1)] * 2
    ada = (await people(roompulse, opened.meeting))["ada"]
    assert (ada.display_name, ada.consent.state) == ("Ada Lovelace", common_pb2.CONSENT_STATE_GRANTED)
    assert ada.consent.HasField("record_time")


async def test_a_tile_said_again_grants_nothing_that_was_withdrawn(roompulse: Service) -> None:
    gallery = config("withdrawn", "wall", source=media_pb2.SOURCE_GALLERY, tiles=layout())
    call, opened = await begin(roompulse, gallery)
    await roompulse.meetings.SetConsent(
        privacy_pb2.SetConsentRequest(meeting=opened.meeting, participant_id="ada", consent=WITHDRAWN)
    )
    await call.write(pb.AnalyzeVideoRequest(tiles=layout("Ada", GRANTED)))
    await call.write(packet(0, FACE, 0.0))
    await call.done_writing()
    responses, why = await everything(call)
    assert why == ""
    assert not [r for r in updates_of(responses) if r.update.HasField("face")]
    assert (await people(roompulse, opened.meeting))["ada"].consent.state == common_pb2.CONSENT_STATE_WITHDRAWN
