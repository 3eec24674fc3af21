"""The real client and the real service across cuts, silence and a restart: one history for everybody."""

import asyncio
import pathlib
import random

import grpc
import pytest
from fault_proxy import FaultProxy, proxying
from history import Witness, items_of, violations
from live_service import GRANTED, Service, begin, config, everything, packet, reason, service, updates_of
from roompulse import Packet, Reconnection, connect, errors
from roompulse.results import GoingAway, Reconnected, Update
from roompulse.v1 import analysis_service_pb2 as pb
from roompulse.v1 import common_pb2, media_pb2
from roompulse.v1 import subscription_service_pb2 as sub
from seen_by import Seen, bot, come_and_go, free_address, small_face, watch

pytestmark = [pytest.mark.asyncio(loop_scope="module")]

Call = grpc.aio.StreamStreamCall[pb.AnalyzeVideoRequest, pb.AnalyzeVideoResponse]
QUICK = Reconnection(tries=10_000, first_s=0.02, most_s=0.2, silence_s=1.5)


async def disturb(proxy: FaultProxy, chance: random.Random, times: int, everybody: list[Seen]) -> None:
    """Cut what there is of connections, at random moments, when somebody has come back."""
    for _ in range(times):
        await chance.choice(everybody).more()
        await asyncio.sleep(chance.uniform(0.0, 0.2))  # the moment is random: that is what is tested
        proxy.cut()


async def test_disconnects_silence_and_a_restart_leave_everybody_one_history(tmp_path: pathlib.Path) -> None:
    chance, address, picture, enough = random.Random(7), free_address(), small_face(), asyncio.Event()
    bots, (steady, moody) = {name: Seen() for name in ("ada", "bob")}, (Seen(), Seen())
    everybody = [*bots.values(), steady, moody]
    flags = {"listen": address, "heartbeat_s": 0.1}
    async with (
        proxying(address) as proxy,
        connect(proxy.address, reconnect=QUICK) as client,
        asyncio.TaskGroup() as group,
    ):
        async with service(tmp_path, **flags):
            await client.meetings.create("cut", purpose="research")
            watching = [
                group.create_task(watch(client, "cut", steady)),
                group.create_task(come_and_go(client, "cut", chance, moody)),
            ]
            sending = [group.create_task(bot(client, "cut", name, picture, enough, bots[name])) for name in bots]
            await disturb(proxy, chance, 5, everybody)
            proxy.freeze()
            await asyncio.gather(*(seen.more() for seen in everybody))
        async with service(tmp_path, **flags):  # stopped, and started again
            await asyncio.gather(*(seen.more() for seen in bots.values()))
            await disturb(proxy, chance, 2, everybody)
            enough.set()
            await asyncio.gather(*sending)
            await client.meetings.end("cut")
            await asyncio.gather(*watching)
            whole = Seen()
            await watch(client, "cut", whole)
    witnesses = [Witness(name, items_of(seen.events), only=frozenset({name})) for name, seen in bots.items()]
    witnesses += [Witness("steady", items_of(steady.events)), Witness("moody", items_of(moody.events))]
    assert violations(items_of(whole.events), witnesses) == []
    assert min(seen.cuts for seen in bots.values()) >= 3
    assert any(isinstance(event, GoingAway) for event in steady.events)  # the first service said goodbye


async def test_a_recording_goes_on_with_what_it_had(roompulse: Service) -> None:
    picture = small_face()
    async with (
        proxying(roompulse.target) as proxy,
        connect(proxy.address, reconnect=QUICK) as client,
        client.analyze("kept", "ada", purpose="research", consent="granted", delivery="every_frame") as stream,
    ):
        await stream.send(Packet(picture, capture_s=0.0))
        first = await anext(aiter(stream.updates()))
        proxy.cut()
        while not isinstance(news := await anext(stream), Reconnected):
            pass
        await stream.send(Packet(picture, capture_s=0.2))
        counters = await stream.finish()
        events = [event async for event in stream]
    (second,) = [event for event in events if isinstance(event, Update)]
    assert (first.sequence, second.sequence) == (1, 2)
    assert second.meeting_offset_s - first.meeting_offset_s == pytest.approx(0.2, abs=0.002)
    assert (first.epoch, second.epoch) == (news.epoch - 1, news.epoch)
    assert counters.balanced


async def opened(running: Service, stream_id: str) -> tuple[pb.StreamOpened, Call]:
    call = running.analysis.AnalyzeVideo()
    await call.write(pb.AnalyzeVideoRequest(config=config("fought", "ada", stream_id=stream_id)))
    response = await call.read()
    assert isinstance(response, pb.AnalyzeVideoResponse)
    return response.opened, call


async def test_a_stream_that_was_cut_does_not_replace_a_newer_one(roompulse: Service) -> None:
    first, cut = await opened(roompulse, "one")
    cut.cancel()
    newer, call = await opened(roompulse, "two")
    assert newer.epoch == first.epoch + 1
    again = config("fought", "ada", stream_id="one", resumed=True)
    again.meeting.uid = first.meeting.uid
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await roompulse.stream(again, [])
    assert reason(raised.value) == "STREAM_REPLACED"
    assert roompulse.app.parts.hub.statistics().listeners <= 1  # the refused one has left nothing behind
    await call.write(packet(0, small_face()))
    await call.done_writing()
    said: list[str] = []
    while isinstance(response := await call.read(), pb.AnalyzeVideoResponse):
        said.append(response.WhichOneof("event") or "")
    assert "update" in said  # the newer one has noticed nothing
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await roompulse.stream(again, [])
    assert reason(raised.value) == "STREAM_REPLACED"  # nor after it has ended
    again.stream_id = "two"
    responses = await roompulse.stream(again, [])
    assert (responses[0].opened.epoch, responses[0].opened.last_sequence) == (newer.epoch + 1, 1)


async def test_a_gallery_that_was_cut_takes_nobody_back_from_a_newer_stream(roompulse: Service) -> None:
    box = common_pb2.Box(width=1, height=1)
    tiles = [media_pb2.Tile(participant_id=name, box=box, consent=GRANTED) for name in ("ada", "bob")]
    gallery = config("tiled", "wall", source=media_pb2.SOURCE_GALLERY, stream_id="wall")
    gallery.tiles.tiles.extend(tiles)
    await roompulse.stream(config("tiled", "dan"), [])
    cut, first = await begin(roompulse, gallery)
    cut.cancel()
    own, newer = await begin(roompulse, config("tiled", "ada", stream_id="own"))
    gallery.meeting.uid, gallery.resumed = first.meeting.uid, True
    for name in ("cyd", "dan"):  # came meanwhile, one with an older stream
        gallery.tiles.tiles.append(media_pb2.Tile(participant_id=name, box=box, consent=GRANTED))
    shown = updates_of(await roompulse.stream(gallery, [packet(0, small_face())]))
    assert {response.update.participant_id for response in shown} == {"bob", "cyd", "dan"}
    await own.write(packet(0, small_face()))
    await own.done_writing()
    responses, why = await everything(own)
    assert why == ""
    assert [response.update.epoch for response in updates_of(responses)] == [newer.epoch]


@pytest.mark.parametrize(("stream_id", "uid"), [("", "0" * 32), ("one", "")])
async def test_a_stream_that_goes_on_says_which_one(roompulse: Service, stream_id: str, uid: str) -> None:
    again = config("fought", "ada", stream_id=stream_id, resumed=True)
    again.meeting.uid = uid
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await roompulse.stream(again, [])
    assert reason(raised.value) == "INVALID_ARGUMENT"


async def test_a_subscription_from_now_begins_with_its_position(roompulse: Service) -> None:
    await roompulse.stream(config("now", "ada"), [packet(0, small_face())])
    key = common_pb2.MeetingKey(id="now")
    call = roompulse.subscriptions.SubscribeUpdates(sub.SubscribeUpdatesRequest(meeting=key))
    first = await call.read()
    assert isinstance(first, sub.SubscribeUpdatesResponse)
    assert first.HasField("heartbeat")
    call.cancel()
    await roompulse.stream(config("now", "ada"), [packet(1, small_face(), 0.5)])
    request = sub.SubscribeUpdatesRequest(meeting=key, resume_token=first.resume_token)
    missed = roompulse.subscriptions.SubscribeUpdates(request)
    async for response in missed:
        if response.HasField("update"):
            break
    assert response.update.sequence == 2
    missed.cancel()


async def test_a_retried_end_does_not_end_the_next_occurrence(roompulse: Service) -> None:
    async with connect(roompulse.target) as client:
        await client.meetings.create("again", purpose="research")
        first = await client.meetings.end("again", request_id="end-1")
        second = await client.meetings.create("again", purpose="research")
        assert await client.meetings.end("again", request_id="end-1") == first
        assert (await client.meetings.get(second.key)).end_time is None
        with pytest.raises(errors.InvalidArgument, match="was used for meeting"):
            await client.meetings.end(second.key, request_id="end-1")
        over = await client.meetings.end("again", request_id="end-2")
        assert await client.meetings.end("again", request_id="end-3") == over  # nothing was active: remembered, too
        await client.meetings.create("again", purpose="research")
        assert await client.meetings.end("again", request_id="end-3") == over
