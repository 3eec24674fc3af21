"""Consent through the real service: what takes it back ends inference, and nothing of the person comes after."""

import asyncio
import pathlib

import pytest
import roompulse as sdk
from fault_proxy import proxying
from google.protobuf.duration_pb2 import Duration
from live_service import (
    GRANTED,
    Call,
    Service,
    balances,
    begin,
    config,
    dropped,
    everything,
    final_counters,
    packet,
    refusal,
    service,
    updates_of,
)
from roompulse import errors
from roompulse.v1 import analysis_service_pb2 as pb
from roompulse.v1 import common_pb2, media_pb2, meeting_service_pb2, privacy_pb2, update_pb2
from roompulse.v1 import subscription_service_pb2 as sub
from shared_data import image

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(60)]

FACE = image("single_face.jpg").read_bytes() if image("single_face.jpg").exists() else b""
WITHDRAWN = common_pb2.Consent(state=common_pb2.CONSENT_STATE_WITHDRAWN, recorded_by="ada", wording_version="v1")
REFUSED = common_pb2.Consent(state=common_pb2.CONSENT_STATE_REFUSED)
Event = update_pb2.MeetingEvent


def key(meeting: str) -> common_pb2.MeetingKey:
    return common_pb2.MeetingKey(id=meeting)


async def say(service: Service, meeting: str, who: str, consent: common_pb2.Consent, erase: bool = False) -> None:
    request = privacy_pb2.SetConsentRequest(meeting=key(meeting), participant_id=who, consent=consent, erase=erase)
    answer = await service.meetings.SetConsent(request)
    assert answer.consent.state == consent.state
    assert answer.consent.record_time.seconds > 0


async def recorded(service: Service, meeting: str, who: str = "") -> list[int]:
    request = meeting_service_pb2.ListUpdatesRequest(meeting=key(meeting), participant_id=who)
    return [update.sequence for update in (await service.meetings.ListUpdates(request)).updates]


async def until(call: Call, count: int) -> list[pb.AnalyzeVideoResponse]:
    """Read until some updates came."""
    seen: list[pb.AnalyzeVideoResponse] = []
    while len(updates_of(seen)) < count:
        response = await call.read()
        assert isinstance(response, pb.AnalyzeVideoResponse)
        seen.append(response)
    return seen


async def withdraw(service: Service, meeting: str) -> list[int]:
    """Take consent back; return what is recorded when the answer is there."""
    await say(service, meeting, "ada", WITHDRAWN)
    return await recorded(service, meeting)


async def test_no_update_is_committed_after_a_withdrawal_and_inference_stops(roompulse: Service) -> None:
    await roompulse.meetings.CreateMeeting(
        meeting_service_pb2.CreateMeetingRequest(meeting=key("withdraw"), purpose=common_pb2.PURPOSE_RESEARCH)
    )
    watched = roompulse.subscriptions.SubscribeUpdates(
        sub.SubscribeUpdatesRequest(meeting=key("withdraw"), from_offset=Duration(), without_rollups=True)
    )
    stream = pb.AnalyzeVideoRequest(config=config("withdraw", "ada"))
    call = roompulse.analysis.AnalyzeVideo(iter([stream, *(packet(index, FACE) for index in range(2000))]))
    responses: list[pb.AnalyzeVideoResponse] = []
    withdrawing: list[asyncio.Task[list[int]]] = []

    async def read() -> None:
        async for response in call:
            responses.append(response)
            if len(updates_of(responses)) == 5 and not withdrawing:
                withdrawing.append(asyncio.create_task(withdraw(roompulse, "withdraw")))

    await refusal(read())  # the status is hidden where it cut one of the client's writes short …
    kept = await withdrawing[0]
    assert [r.flow.detail for r in responses if r.flow.final] == ["consent_withdrawn"]  # … the last notice says it, too
    counters = final_counters(responses)
    assert balances(counters)
    assert dropped(counters)["NO_CONSENT"] > 0  # what was on its way to the worker was given up
    assert counters.analyzed - len(kept) <= 24  # and what it had answered already went nowhere
    assert counters.received < 2000
    assert await recorded(roompulse, "withdraw") == kept == list(range(1, len(kept) + 1))
    assert [r.update.sequence for r in updates_of(responses)] == kept
    await roompulse.meetings.EndMeeting(meeting_service_pb2.EndMeetingRequest(meeting=key("withdraw")))
    story = [_word(item) async for item in watched if item.WhichOneof("event") in ("update", "meeting_event")]
    told = story.index("withdrawn")
    assert story[:told].count("update") == len(kept)
    assert [word for word in story[told + 1 :] if word != "counters"] == ["stream closed", "meeting ended"]


def _word(item: sub.SubscribeUpdatesResponse) -> str:
    if item.HasField("update"):
        return "update"
    event = item.meeting_event
    if event.kind == Event.KIND_CONSENT_CHANGED:
        return common_pb2.ConsentState.Name(event.consent.state).rsplit("_", 1)[1].lower()
    return Event.Kind.Name(event.kind).removeprefix("KIND_").replace("_", " ").lower()


async def test_a_client_that_comes_again_does_not_grant_again(roompulse: Service) -> None:
    async with sdk.connect(roompulse.target) as client:
        stream = client.analyze("again", "ada", purpose="research", consent="granted", delivery="every_frame")
        await stream.__aenter__()
        await stream.send(sdk.Packet(FACE, capture_s=0.0))
        assert await anext(stream.updates())
        said = await client.meetings.set_consent("again", "ada", "withdrawn")
        assert said.state is sdk.ConsentState.WITHDRAWN
        with pytest.raises(errors.ConsentWithdrawn):
            await stream.finish()
        kept = await recorded(roompulse, "again")
        for _ in range(3):
            with pytest.raises(errors.ConsentWithdrawn, match="SetConsent"):
                await client.analyze("again", "ada", consent="granted").__aenter__()
        assert await recorded(roompulse, "again") == kept
        people = [person async for person in client.meetings.participants("again")]
        assert [(person.consent.state, person.streaming) for person in people] == [(3, False)]
        await client.meetings.set_consent("again", "ada", "granted")
        async with client.analyze("again", "ada", delivery="every_frame", media_zero_s=1.0) as stream:
            await stream.send(sdk.Packet(FACE, capture_s=0.0))
        assert len(await recorded(roompulse, "again")) == len(kept) + 1


@pytest.mark.parametrize("erase", [False, True])
async def test_a_client_that_was_cut_off_meanwhile_comes_back_to_nothing(roompulse: Service, erase: bool) -> None:
    meeting, why = (f"away-{erase}", errors.ParticipantErased if erase else errors.ConsentWithdrawn)
    policy = sdk.Reconnection(tries=100, first_s=0.05, most_s=0.1)
    async with proxying(roompulse.target) as proxy, sdk.connect(proxy.address, reconnect=policy) as client:
        stream = client.analyze(meeting, "ada", purpose="research", consent="granted", delivery="every_frame")
        await stream.__aenter__()
        await stream.send(sdk.Packet(FACE, capture_s=0.0))
        assert await anext(stream.updates())
        proxy.target, there = "127.0.0.1:1", proxy.target  # nobody is there
        proxy.cut()
        await say(roompulse, meeting, "ada", WITHDRAWN, erase)
        kept = await recorded(roompulse, meeting)
        proxy.target = there
        with pytest.raises(why):
            await stream.send(sdk.Packet(FACE, capture_s=0.5))
        with pytest.raises(why):
            await stream.finish()
        await stream.aclose()
        with pytest.raises(why):  # a new one neither
            await client.analyze(meeting, "ada", purpose="research", consent="granted").__aenter__()
    assert await recorded(roompulse, meeting) == kept == ([] if erase else [1])


async def test_a_grant_begins_analysis_on_the_stream_that_waits_for_it(roompulse: Service) -> None:
    call, opened = await begin(roompulse, config("waits", "ada", consent=common_pb2.Consent()))
    assert opened.warnings
    await call.write(packet(0, FACE))
    (first,) = updates_of(await until(call, 1))
    assert first.update.presence == update_pb2.PRESENCE_NO_CONSENT
    await say(roompulse, "waits", "ada", GRANTED)
    await call.write(packet(1, FACE))
    (second,) = updates_of(await until(call, 1))
    assert second.update.presence == update_pb2.PRESENCE_PRESENT
    await call.done_writing()
    assert (await everything(call))[1] == ""


async def test_who_refused_is_not_analysed_until_they_agree(roompulse: Service) -> None:
    await roompulse.stream(config("refuses", "bob"), [])
    await say(roompulse, "refuses", "ada", REFUSED)
    responses = await roompulse.stream(config("refuses", "ada"), [packet(0, FACE)])
    assert dropped(final_counters(responses)) == {"NO_CONSENT": 1}


async def test_one_tile_withdraws_and_the_others_go_on(roompulse: Service) -> None:
    boxes = {"ada": common_pb2.Box(width=1, height=1), "bob": common_pb2.Box(width=1, height=1)}
    tiles = [media_pb2.Tile(participant_id=name, box=box, consent=GRANTED) for name, box in boxes.items()]
    layout = media_pb2.TileLayout(tiles=tiles)
    call, _ = await begin(roompulse, config("tiles", "wall", source=media_pb2.SOURCE_GALLERY, tiles=layout))
    await call.write(packet(0, FACE))
    await until(call, 2)
    await say(roompulse, "tiles", "ada", WITHDRAWN)
    for index in (1, 2):
        await call.write(packet(index, FACE))
    await call.write(pb.AnalyzeVideoRequest(tiles=layout))  # seats nobody who has withdrawn
    await call.write(packet(3, FACE))
    await call.done_writing()
    after, why = await everything(call)
    assert why == ""
    assert [r.update.participant_id for r in updates_of(after)] == ["bob"] * 3
    assert (await recorded(roompulse, "tiles", "ada"), len(await recorded(roompulse, "tiles", "bob"))) == ([1], 4)


async def test_one_face_of_a_room_ends_the_room(roompulse: Service) -> None:
    room = config("room", "room", source=media_pb2.SOURCE_ROOM, everyone_consented=True)
    call, _ = await begin(roompulse, room)
    await call.write(packet(0, FACE))
    (seen,) = {r.update.participant_id for r in updates_of(await until(call, 1))}
    await say(roompulse, "room", seen, WITHDRAWN)
    assert (await everything(call))[1] in ("CONSENT_WITHDRAWN", "")
    assert await refusal(roompulse.stream(room, [packet(0, FACE)])) == "CONSENT_WITHDRAWN"


async def test_pictures_need_the_consent_of_everybody_in_them(roompulse: Service) -> None:
    for consent in (common_pb2.Consent(), REFUSED, WITHDRAWN):
        still = pb.AnalyzeImageRequest(data=FACE, purpose=common_pb2.PURPOSE_RESEARCH, consent=consent)
        assert await refusal(roompulse.analysis.AnalyzeImage(still)) == "CONSENT_MISSING"


async def test_where_consent_is_not_required_a_refusal_still_counts(tmp_path: pathlib.Path) -> None:
    async with service(tmp_path, consent_required=False) as running:
        unasked = config("unasked", "ada", consent=common_pb2.Consent())
        (update,) = updates_of(await running.stream(unasked, [packet(0, FACE)]))
        assert update.update.presence == update_pb2.PRESENCE_PRESENT
        await say(running, "unasked", "ada", REFUSED)
        responses = await running.stream(unasked, [packet(0, FACE)])
        assert dropped(final_counters(responses)) == {"NO_CONSENT": 1}
        still = pb.AnalyzeImageRequest(data=FACE, purpose=common_pb2.PURPOSE_RESEARCH)
        assert len((await running.analysis.AnalyzeImage(still)).faces) == 1
        still.consent.CopyFrom(REFUSED)
        assert await refusal(running.analysis.AnalyzeImage(still)) == "CONSENT_MISSING"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"consent": common_pb2.Consent()}, "INVALID_ARGUMENT"),
        ({"consent": GRANTED, "erase": True}, "INVALID_ARGUMENT"),
        ({"consent": GRANTED, "participant_id": ""}, "INVALID_ARGUMENT"),
        (
            {"consent": common_pb2.Consent(state=common_pb2.CONSENT_STATE_GRANTED, recorded_by="x" * 129)},
            "INVALID_ARGUMENT",
        ),
        ({"consent": GRANTED, "meeting": key("nowhere")}, "MEETING_NOT_FOUND"),
    ],
)
async def test_a_wrong_consent_is_refused(roompulse: Service, fields: dict[str, object], why: str) -> None:
    await roompulse.stream(config("wrong", "bob"), [])
    values: dict[str, object] = {"meeting": key("wrong"), "participant_id": "ada", **fields}
    request = privacy_pb2.SetConsentRequest(**values)  # type: ignore[arg-type]
    assert await refusal(roompulse.meetings.SetConsent(request)) == why
