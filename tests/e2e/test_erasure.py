"""Who is erased from a running service is in no byte of its folder, on no bus and in no log line; others go on."""

import asyncio
import pathlib
import struct
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import roompulse as sdk
from fault_proxy import proxying
from google.protobuf.duration_pb2 import Duration
from live_service import (
    GRANTED,
    Service,
    annexb,
    begin,
    config,
    everything,
    packet,
    refusal,
    service,
    updates_of,
)
from roompulse import errors
from roompulse.results import Reconnected, Update
from roompulse.v1 import analysis_service_pb2 as pb
from roompulse.v1 import common_pb2, media_pb2, meeting_service_pb2, privacy_pb2, update_pb2
from roompulse.v1 import subscription_service_pb2 as sub
from roompulse_server.types import Rollup
from shared_data import image, video
from storage_bytes import leaks

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(90)]

FACE = image("single_face.jpg").read_bytes() if image("single_face.jpg").exists() else b""
ADA, NAME = "ada-ident-1815", "Augusta Ada King"
EVE = "eve"  # whoever comes again after an erasure: of them something stays
RESEARCH = common_pb2.PURPOSE_RESEARCH


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return tmp_path_factory.mktemp("record")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def roompulse(folder: pathlib.Path) -> AsyncIterator[Service]:
    async with service(folder, log_level="debug") as running:
        yield running


def key(meeting: str) -> common_pb2.MeetingKey:
    return common_pb2.MeetingKey(id=meeting)


def ada(meeting: str, **fields: object) -> pb.StreamConfig:
    consent = common_pb2.Consent(state=common_pb2.CONSENT_STATE_GRANTED, recorded_by=f"by {NAME}")
    values: dict[str, object] = {"consent": consent, "display_name": NAME, **fields}
    return config(meeting, ADA, media_pb2.ENCODING_H264, **values)


def delete(meeting: str, who: str = ADA, missing: bool = False) -> privacy_pb2.DeleteParticipantRequest:
    return privacy_pb2.DeleteParticipantRequest(meeting=key(meeting), participant_id=who, allow_missing=missing)


def portrait(seconds: float) -> list[pb.AnalyzeVideoRequest]:
    units = [(unit, at) for unit, at in annexb(video("portrait_d12.mp4")) if at < seconds]
    return [packet(index, unit, at) for index, (unit, at) in enumerate(units)]


def numbers(rollups: list[Rollup]) -> list[bytes]:
    """Return the numbers of windows as databases write them, in either order of bytes."""
    values = {value for one in rollups for value in (one.median, one.valence, *one.expressions) if value}
    return [struct.pack(order, value) for value in values if value == value and value != 0.5 for order in ("<d", ">d")]


async def windows(service: Service, meeting: str) -> list[Rollup]:
    recorder = service.app.parts.recorder
    row = await service.meetings.GetMeeting(meeting_service_pb2.GetMeetingRequest(meeting=key(meeting)))
    found = await recorder.read(recorder.store.list_meetings, "default", meeting_id=row.meeting.key.id, limit=1)
    return await recorder.read(recorder.store.read_rollups, found.items[0].key, limit=500)


async def test_nothing_of_who_is_erased_is_left_anywhere(
    roompulse: Service, folder: pathlib.Path, capfd: pytest.CaptureFixture[str]
) -> None:
    await roompulse.stream(ada("alone", update_rate_hz=4.0), portrait(12))
    alone = roompulse.app._registry.live((await _meeting(roompulse, "alone")).key.uid)
    assert alone is not None
    await alone.finish()  # every window is final: all of its numbers are hers
    await roompulse.app.parts.recorder.flush()  # the writer rests between commits where nobody waits
    hers = numbers(await windows(roompulse, "alone"))
    assert len(hers) > 50
    assert leaks(folder, ADA.encode(), NAME.encode()) != []
    assert len({leak.split(": ", 1)[1] for leak in leaks(folder, *hers)}) * 2 == len(hers)  # so a search finds them

    call, _ = await begin(roompulse, config("alone", ADA))
    bob, _ = await begin(roompulse, config("alone", "bob"))
    await call.write(packet(0, FACE, 13.0))
    await bob.write(packet(0, FACE, 13.0))
    watched = roompulse.subscriptions.SubscribeUpdates(
        sub.SubscribeUpdatesRequest(meeting=key("alone"), without_updates=True, without_rollups=True)
    )
    await watched.read()
    await roompulse.meetings.DeleteParticipant(delete("alone"))
    assert leaks(folder, ADA.encode(), NAME.encode(), *hers) == []
    responses, why = await everything(call)
    assert [r.flow.detail for r in responses if r.flow.final] == ["participant_erased"]
    assert why in ("PARTICIPANT_ERASED", "")
    await bob.write(packet(1, FACE, 13.5))
    await bob.done_writing()
    others, _ = await everything(bob)
    assert [r.update.sequence for r in updates_of(others)] == [1, 2]
    for _ in range(3):  # a client that tries again, as clients do
        assert await refusal(roompulse.stream(config("alone", ADA), [])) == "PARTICIPANT_ERASED"
    await roompulse.meetings.EndMeeting(meeting_service_pb2.EndMeetingRequest(meeting=key("alone")))
    story = [item.meeting_event for item in await _rest(watched) if item.HasField("meeting_event")]
    erased = [event for event in story if event.kind == update_pb2.MeetingEvent.KIND_ERASED]
    assert [(event.participant_id, event.detail) for event in erased] == [("", "participant 1")]
    assert leaks(folder, ADA.encode(), NAME.encode(), *hers) == []
    whole = await _everything_said(roompulse, "alone")
    assert ADA not in str(whole)
    assert NAME not in str(whole)
    assert "bob" in str(whole)
    assert ADA not in "".join(capfd.readouterr())


async def _meeting(service: Service, meeting: str) -> meeting_service_pb2.Meeting:
    request = meeting_service_pb2.GetMeetingRequest(meeting=key(meeting))
    return (await service.meetings.GetMeeting(request)).meeting


async def _rest(call: Any) -> list[sub.SubscribeUpdatesResponse]:
    items: list[sub.SubscribeUpdatesResponse] = []
    while isinstance(item := await call.read(), sub.SubscribeUpdatesResponse):
        items.append(item)
    return items


async def _everything_said(service: Service, meeting: str) -> list[Any]:
    """Ask a meeting everything that can be asked."""
    said: list[Any] = [await _meeting(service, meeting)]
    said.append(
        await service.meetings.ListParticipants(meeting_service_pb2.ListParticipantsRequest(meeting=key(meeting)))
    )
    said.append(await service.meetings.ListUpdates(meeting_service_pb2.ListUpdatesRequest(meeting=key(meeting))))
    said.append(
        await service.meetings.GetMeetingSummary(meeting_service_pb2.GetMeetingSummaryRequest(meeting=key(meeting)))
    )
    said.append(await service.meetings.ListAuditEntries(privacy_pb2.ListAuditEntriesRequest()))
    request = sub.SubscribeUpdatesRequest(meeting=key(meeting), from_offset=Duration())
    said += [item async for item in service.subscriptions.SubscribeUpdates(request)]
    return said


async def test_a_withdrawal_may_erase_and_a_subscriber_goes_on_from_its_token(
    roompulse: Service, folder: pathlib.Path
) -> None:
    for who in (ADA, "bob"):
        await roompulse.stream(config("token", who), [packet(i, FACE, i / 2) for i in range(4)])
    request = sub.SubscribeUpdatesRequest(meeting=key("token"), from_offset=Duration(), without_rollups=True)
    first = roompulse.subscriptions.SubscribeUpdates(request)
    item = await first.read()
    while not (isinstance(item, sub.SubscribeUpdatesResponse) and item.update.sequence == 2):
        item = await first.read()
    first.cancel()
    consent = common_pb2.Consent(state=common_pb2.CONSENT_STATE_WITHDRAWN)
    change = privacy_pb2.SetConsentRequest(meeting=key("token"), participant_id=ADA, consent=consent, erase=True)
    answer = await roompulse.meetings.SetConsent(change)
    assert answer.consent.state == common_pb2.CONSENT_STATE_WITHDRAWN
    assert leaks(folder, ADA.encode()) == []
    await roompulse.stream(config("token", "bob"), [packet(0, FACE, 3.0)])
    await roompulse.meetings.EndMeeting(meeting_service_pb2.EndMeetingRequest(meeting=key("token")))
    request = sub.SubscribeUpdatesRequest(meeting=key("token"), resume_token=item.resume_token, without_rollups=True)
    rest = [item async for item in roompulse.subscriptions.SubscribeUpdates(request)]
    assert ADA not in str(rest)
    seen = [item.update.sequence for item in rest if item.HasField("update")]
    assert seen == list(range(seen[0], 6))


async def agree(service: Service, meeting: str, who: str) -> None:
    change = privacy_pb2.SetConsentRequest(meeting=key(meeting), participant_id=who, consent=GRANTED)
    await service.meetings.SetConsent(change)


@pytest.mark.parametrize("cut", [False, True])
async def test_who_agrees_anew_after_an_erasure_is_seen_by_subscribers_from_1(roompulse: Service, cut: bool) -> None:
    meeting = f"anew-{cut}"
    stills = [packet(i, FACE, i / 2) for i in range(3)]
    async with proxying(roompulse.target) as proxy, sdk.connect(proxy.address) as client:
        await roompulse.stream(config(meeting, EVE), stills)
        async with client.subscribe(meeting, from_offset_s=0.0) as events:
            before = [await anext(events)]
            while sum(isinstance(event, Update) for event in before) < 3:
                before.append(await anext(events))
            if cut:
                proxy.cut()
            await roompulse.meetings.DeleteParticipant(delete(meeting, EVE))
            await agree(roompulse, meeting, EVE)
            await roompulse.stream(config(meeting, EVE), stills[:2])
            await roompulse.meetings.EndMeeting(meeting_service_pb2.EndMeetingRequest(meeting=key(meeting)))
            after = [event async for event in events]
    said = [(event.epoch, event.sequence) for event in [*before, *after] if isinstance(event, Update)]
    assert said == [(1, 1), (1, 2), (1, 3), (3, 1), (3, 2)]
    assert any(isinstance(event, Reconnected) for event in after) == cut


async def test_a_gallery_goes_on_beside_the_new_stream_of_one_who_was_erased_from_it(roompulse: Service) -> None:
    whole = common_pb2.Box(width=1, height=1)
    tiles = [media_pb2.Tile(participant_id=name, box=whole, consent=GRANTED) for name in (EVE, "bob")]
    layout = media_pb2.TileLayout(tiles=tiles)
    call, _ = await begin(roompulse, config("wall", "wall", source=media_pb2.SOURCE_GALLERY, tiles=layout))
    await call.write(packet(0, FACE))
    shown: list[str] = []
    while len(shown) < 2:
        response = await call.read()
        assert isinstance(response, pb.AnalyzeVideoResponse)
        shown += [one.update.participant_id for one in updates_of([response])]
    await roompulse.meetings.DeleteParticipant(delete("wall", EVE))
    await agree(roompulse, "wall", EVE)
    (own,) = updates_of(await roompulse.stream(config("wall", EVE), [packet(0, FACE)]))
    await call.write(packet(1, FACE))
    await call.done_writing()
    after, why = await everything(call)
    assert (shown, own.update.sequence, why) == ([EVE, "bob"], 1, "")
    assert [(r.update.participant_id, r.update.sequence) for r in updates_of(after)] == [("bob", 2)]


async def test_a_stream_that_goes_on_after_an_erasure_is_told_so(roompulse: Service) -> None:
    call, opened = await begin(roompulse, config("back", EVE, stream_id="one"))
    call.cancel()
    await roompulse.meetings.DeleteParticipant(delete("back", EVE))
    again = config("back", EVE, stream_id="one", resumed=True)
    again.meeting.uid = opened.meeting.uid
    assert await refusal(roompulse.stream(again, [packet(0, FACE)])) == "PARTICIPANT_ERASED"


async def test_what_is_not_there_can_be_said_to_be_gone(roompulse: Service) -> None:
    await roompulse.stream(config("missing", "bob"), [])
    assert await refusal(roompulse.meetings.DeleteParticipant(delete("missing"))) == "PARTICIPANT_NOT_FOUND"
    assert await refusal(roompulse.meetings.DeleteParticipant(delete("missing", missing=True))) == ""
    assert await refusal(roompulse.meetings.DeleteParticipant(delete("nowhere", missing=True))) == ""
    for allowed, why in ((False, "MEETING_NOT_FOUND"), (True, "")):
        request = privacy_pb2.DeleteMeetingRequest(meeting=key("nowhere"), allow_missing=allowed)
        assert await refusal(roompulse.meetings.DeleteMeeting(request)) == why


async def test_a_running_meeting_is_ended_and_deleted(roompulse: Service, folder: pathlib.Path) -> None:
    call, opened = await begin(roompulse, config("gone", ADA))
    await call.write(packet(0, FACE))
    await roompulse.meetings.DeleteMeeting(privacy_pb2.DeleteMeetingRequest(meeting=key("gone")))
    assert (await everything(call))[1] in ("MEETING_ENDED", "")
    request = meeting_service_pb2.GetMeetingRequest(meeting=key("gone"))
    assert await refusal(roompulse.meetings.GetMeeting(request)) == "MEETING_NOT_FOUND"
    assert leaks(folder, ADA.encode()) == []
    asked = privacy_pb2.ListAuditEntriesRequest(meeting_uid=opened.meeting.uid)
    entries = (await roompulse.meetings.ListAuditEntries(asked)).entries
    assert [(entry.action, entry.detail) for entry in entries][-1] == (4, "by request")


async def test_meetings_are_deleted_when_their_time_has_come(roompulse: Service) -> None:
    for name, kept in (("short", Duration(nanos=1000)), ("long", None)):
        create = meeting_service_pb2.CreateMeetingRequest(meeting=key(name), purpose=RESEARCH, retention=kept)
        await roompulse.meetings.CreateMeeting(create)
        await roompulse.stream(config(name, "bob"), [packet(0, FACE)])
    request = meeting_service_pb2.EndMeetingRequest
    privacy = roompulse.app.parts.privacy(roompulse.app._registry)
    await privacy.delete_expired()
    assert (await _meeting(roompulse, "short")).state == meeting_service_pb2.Meeting.STATE_ACTIVE
    for name in ("short", "long"):
        await roompulse.meetings.EndMeeting(request(meeting=key(name)))
    await asyncio.sleep(0)
    await privacy.delete_expired()
    gone = meeting_service_pb2.GetMeetingRequest(meeting=key("short"))
    assert await refusal(roompulse.meetings.GetMeeting(gone)) == "MEETING_NOT_FOUND"
    assert (await _meeting(roompulse, "long")).state == meeting_service_pb2.Meeting.STATE_ENDED


async def test_the_client_erases(roompulse: Service, folder: pathlib.Path) -> None:
    async with sdk.connect(roompulse.target) as client:
        await roompulse.stream(config("client", ADA), [packet(0, FACE)])
        await client.meetings.delete_participant("client", ADA)
        assert leaks(folder, ADA.encode()) == []
        with pytest.raises(errors.ParticipantNotFound):
            await client.meetings.delete_participant("client", ADA)
        await client.meetings.delete("client")
        with pytest.raises(errors.MeetingNotFound):
            await client.meetings.get("client")
        with pytest.raises(errors.MeetingNotFound):
            await client.meetings.delete("client")
        await client.meetings.delete("client", allow_missing=True)
        entries = [entry async for entry in client.meetings.audit(page_size=3)]
        assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))
        assert entries[-1].action.word == "meeting deleted"


async def test_the_notice_says_what_is_done_and_its_version_follows_its_words(roompulse: Service) -> None:
    async with sdk.connect(roompulse.target) as client:
        plain = await client.meetings.notice(purpose="research")
        assert (plain.language, plain.purpose) == ("en", sdk.Purpose.RESEARCH)
        for said in ("emotion recognition", "for research", "30 days", "take it back", "none is stored"):
            assert said in plain.text
        assert len(plain.wording_version) <= 64
        await client.meetings.create("told", purpose="research", aggregate_only=True, retention_s=7200)
        own = await client.meetings.notice("told", language="fr")
        assert "groups of 5 or more" in own.text
        assert "2 hours" in own.text
        assert own.wording_version != plain.wording_version
        with pytest.raises(errors.PurposeRefused, match=r"5\(1\)\(f\)"):
            await client.meetings.notice(purpose="workplace-monitoring")
        with pytest.raises(errors.PurposeMissing):
            await client.meetings.notice()
