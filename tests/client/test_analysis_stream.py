"""Video in, values out, over a real connection."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
import roompulse
from fake_service import FakeService
from roompulse import Box, Packet, Tile, VideoFormat, errors
from roompulse.enums import DropReason, Encoding, FaultReason
from roompulse.media import starts_anew
from roompulse.results import FlowNotice, PacketFault, Update
from roompulse.sending import stream_connection
from roompulse.v1 import common_pb2, media_pb2

PICTURE = np.full((32, 48, 3), 90, np.uint8)
STILL = Packet(b"\xff\xd8\xff", capture_s=0.0)


async def drain(opened: roompulse.AnalysisStream) -> None:
    async for _ in opened:
        pass


async def fail_within(opened: roompulse.AnalysisStream) -> None:
    async with opened:
        await opened.send(STILL)
        raise ZeroDivisionError


def open_stream(client: roompulse.Client, delivery: str = "every_frame", **settings: Any) -> roompulse.AnalysisStream:
    return client.analyze("standup", "ada", purpose="research", consent="granted", delivery=delivery, **settings)


async def test_the_first_message_says_what_the_caller_said(client: roompulse.Client, service: FakeService) -> None:
    settings: dict[str, Any] = {
        "source": "room",
        "mirrored": True,
        "update_rate_hz": 2.0,
        "media_zero_s": 1.5,
        "time_zone": "Europe/Rome",
    }
    async with open_stream(client, **settings) as opened:
        assert opened.opened.meeting.uid == "0" * 32
        assert opened.opened.model_id == "fake-1"
    (config,) = service.configs
    assert (config.meeting.id, config.meeting.tenant, config.participant_id) == ("standup", "default", "ada")
    assert config.consent.state == common_pb2.CONSENT_STATE_GRANTED
    assert (config.source, config.delivery) == (media_pb2.SOURCE_ROOM, media_pb2.DELIVERY_EVERY_FRAME)
    assert (config.mirrored, config.update_rate_hz, config.media_zero_ms) == (True, 2.0, 1500)
    assert config.time_zone == "Europe/Rome"


async def test_what_is_not_said_stays_unsaid(client: roompulse.Client, service: FakeService) -> None:
    async with client.analyze("standup", "ada"):
        pass
    (config,) = service.configs
    assert not config.HasField("consent")
    assert not config.HasField("media_zero_ms")
    assert config.purpose == common_pb2.PURPOSE_UNSPECIFIED


async def test_arrays_become_jpegs_and_every_packet_is_accounted_for(
    client: roompulse.Client, service: FakeService
) -> None:
    async with open_stream(client) as opened:
        for number in range(5):
            assert await opened.send(PICTURE, capture_s=number / 10, speaking=number > 2) == number + 1
        counters = await opened.finish()
        updates = [update async for update in opened.updates()]
    assert (counters.received, counters.analyzed, counters.balanced) == (5, 5, True)
    assert [update.packet_index for update in updates] == [1, 2, 3, 4, 5]
    assert [packet.data[:3] for packet in service.packets] == [b"\xff\xd8\xff"] * 5
    assert [packet.capture_offset.ToMilliseconds() for packet in service.packets] == [0, 100, 200, 300, 400]
    assert [packet.speaking for packet in service.packets] == [False, False, False, True, True]
    assert [packet.HasField("format") for packet in service.packets] == [True, False, False, False, False]


async def test_raw_arrays_travel_as_they_are(client: roompulse.Client, service: FakeService) -> None:
    async with open_stream(client, encoder="raw") as opened:
        await opened.send(PICTURE[:, ::-1], pixels="rgb")
    (packet,) = service.packets
    assert packet.data == PICTURE.tobytes()
    assert (packet.format.encoding, packet.format.width, packet.format.height) == (media_pb2.ENCODING_RGB24, 48, 32)


async def test_a_wrong_array_is_refused_before_it_travels(client: roompulse.Client) -> None:
    async with open_stream(client) as opened:
        with pytest.raises(errors.InvalidArgument, match=r"not \(32, 48, 2\) of uint8"):
            await opened.send(PICTURE[:, :, :2])


async def test_a_bad_packet_costs_only_itself(client: roompulse.Client) -> None:
    async with open_stream(client) as opened:
        await opened.send([STILL, Packet(b"bad", capture_s=0.1), STILL.at(0.2, None)])
        counters = await opened.finish()
        events = [event async for event in opened]
    assert [type(event) for event in events] == [Update, PacketFault, Update, FlowNotice]
    fault = events[1]
    assert isinstance(fault, PacketFault)
    assert (fault.packet_index, fault.reason, fault.message) == (2, FaultReason.CORRUPT, "cut")
    assert counters.dropped == {DropReason.FAULT: 1}
    assert counters.balanced


async def test_wall_clock_packets_carry_wall_times(client: roompulse.Client, service: FakeService) -> None:
    moment = datetime(2026, 11, 23, 9, tzinfo=UTC)
    async with open_stream(client, clock="wall") as opened:
        await opened.send(Packet(b"\xff\xd8\xff", capture_time=moment))
        await opened.send(Packet(b"\xff\xd8\xff"))
        with pytest.raises(errors.InvalidArgument, match="give capture_time"):
            await opened.send(STILL)
    first, second = service.packets
    assert first.capture_time.ToDatetime(tzinfo=UTC) == moment
    assert second.HasField("capture_time")


@pytest.mark.parametrize("now_s", [1_795_424_400.0, 1_795_424_400_000.0])
async def test_a_wall_clock_s_seconds_are_refused_at_the_first_packet(
    client: roompulse.Client, service: FakeService, now_s: float
) -> None:
    async with open_stream(client) as opened:
        with pytest.raises(errors.InvalidArgument, match='open the stream with clock="wall"'):
            await opened.send(Packet(b"\xff\xd8\xff", capture_s=now_s))
        with pytest.raises(errors.InvalidArgument, match='open the stream with clock="wall"'):
            await opened.camera(False, capture_s=now_s)
        await opened.send(Packet(b"\xff\xd8\xff", capture_s=366 * 86_400.0))
    assert [packet.capture_offset.seconds for packet in service.packets] == [366 * 86_400]


async def test_camera_and_tiles_are_told(client: roompulse.Client, service: FakeService) -> None:
    async with open_stream(client, source="gallery", tiles=[Tile("ada", Box(0, 0, 0.5, 1))]) as opened:
        await opened.camera(False, capture_s=2.5)
        await opened.tiles([Tile("grace", Box(0.5, 0, 0.5, 1), display_name="Grace", speaking=True)])
    assert [tile.participant_id for tile in service.configs[0].tiles.tiles] == ["ada"]
    camera, tiles = service.controls
    assert (camera.camera.on, camera.camera.capture_offset.ToMilliseconds()) == (False, 2500)
    (tile,) = tiles.tiles.tiles
    assert (tile.participant_id, tile.display_name, tile.speaking, tile.box.x) == ("grace", "Grace", True, 0.5)


async def test_results_are_read_while_sending_by_another_task(client: roompulse.Client) -> None:
    async with open_stream(client) as opened:

        async def read() -> list[int | None]:
            return [update.packet_index async for update in opened.updates()]

        reading = asyncio.create_task(read())
        for number in range(20):
            await opened.send(STILL.at(number / 10, None))
        await opened.finish()
        assert await reading == list(range(1, 21))


async def test_live_results_that_nobody_reads_let_the_oldest_go(
    client: roompulse.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_connection, "LIVE_RESULTS", 8)
    async with open_stream(client, "live") as opened:
        await opened.send([STILL.at(number / 10, None) for number in range(20)])
        await opened.finish()
        left = [event async for event in opened]
    assert opened.results_dropped == 20 + 1 - 8
    assert len(left) == 8
    assert isinstance(left[-1], FlowNotice)


async def test_an_error_of_the_service_reaches_sender_and_reader(
    client: roompulse.Client, service: FakeService
) -> None:
    service.fail_at = 3
    opened = await open_stream(client).__aenter__()
    await opened.send([STILL, STILL, STILL])
    with pytest.raises(errors.TooManyStreams, match="8 streams"):
        await drain(opened)
    with pytest.raises(errors.TooManyStreams, match="8 streams"):
        await opened.send(STILL)
    with pytest.raises(errors.TooManyStreams, match="8 streams"):
        await opened.finish()


async def test_a_finished_stream_takes_nothing_more(client: roompulse.Client) -> None:
    async with open_stream(client) as opened:
        await opened.finish()
        with pytest.raises(errors.StreamClosed, match="finished"):
            await opened.send(STILL)
        assert (await opened.finish()).received == 0


async def test_a_stream_that_ends_without_its_counters_says_so(client: roompulse.Client, service: FakeService) -> None:
    service.end_without_counters = True
    with pytest.raises(errors.StreamClosed, match="without its final counters"):
        async with open_stream(client) as opened:
            await opened.send(STILL)


async def test_leaving_by_an_error_cancels_the_call(client: roompulse.Client, service: FakeService) -> None:
    opened = open_stream(client)
    with pytest.raises(ZeroDivisionError):
        await fail_within(opened)
    async with asyncio.timeout(5):
        await service.cancelled.wait()


async def test_closing_the_client_ends_what_is_open(target: str, service: FakeService) -> None:
    async with roompulse.connect(target) as client:
        opened = await open_stream(client).__aenter__()
        await opened.send(STILL)
        async with asyncio.timeout(5):
            await service.packet_came.wait()
    async with asyncio.timeout(5):
        await service.cancelled.wait()
    with pytest.raises(errors.StreamClosed):
        await drain(opened)


async def test_a_stream_that_was_never_opened_says_so(client: roompulse.Client) -> None:
    with pytest.raises(errors.StreamClosed, match="async with client"):
        await open_stream(client).send(PICTURE)


async def test_our_own_encoder_answers_a_key_frame_request(client: roompulse.Client, service: FakeService) -> None:
    service.key_frame_at = 3
    async with open_stream(client, encoder="h264") as opened:
        for number in range(3):
            await opened.send(PICTURE, capture_s=number / 10)
        async for event in opened:
            if isinstance(event, FlowNotice) and event.key_frame_requested:
                break
        await opened.send(PICTURE, capture_s=0.3)
    encoding = Encoding.H264
    keys = [starts_anew(encoding, packet.data) for packet in service.packets]
    assert keys == [True, False, False, True]


async def test_packets_from_elsewhere_are_started_again_from_the_group(
    client: roompulse.Client, service: FakeService
) -> None:
    service.key_frame_at = 3
    vp8 = VideoFormat(Encoding.VP8)
    units = [Packet(bytes([number > 0, number, 0, 0x9D, 0x01, 0x2A]), capture_s=number / 10) for number in range(4)]
    async with open_stream(client, format=vp8) as opened:
        await opened.send(units[:3])
        async for event in opened:
            if isinstance(event, FlowNotice):
                break
        await opened.send(units[3])
        counters = await opened.finish()
    assert [packet.data[1] for packet in service.packets] == [0, 1, 2, 0, 1, 2, 3]
    assert [packet.index for packet in service.packets] == list(range(1, 8))
    times = [packet.capture_offset.ToMilliseconds() for packet in service.packets]
    assert times == [0, 100, 200, 300, 300, 300, 300]
    assert counters.received == 7
