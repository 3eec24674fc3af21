"""After workers have died streams spread over all of them again, and each packet still has one outcome, in order."""

import asyncio
import os
import signal

from roompulse_server.engine.engine import Engine
from roompulse_server.engine.messages import CloseStream, PacketsFor, StreamReport, ToWorker, VisionSetup
from roompulse_server.engine.stream import Arrival, EngineStream
from roompulse_vision.enumerations import Delivery, DropReason, Encoding
from roompulse_vision.observation import DroppedPacket, Observation, SkippedPackets, Stamp
from roompulse_vision.stream_spec import FaceSelection, StreamSpec
from roompulse_vision.types import MediaLimits, Packet, VideoFormat
from shared_data import MODELS, image

SLICE = b"\x00\x00\x00\x01\x41\x9a"
IDR = b"\x00\x00\x00\x01\x65\x88"
JPEG = VideoFormat(Encoding.JPEG)


class Desk:
    """A stream on a worker of paper: what it was sent, and whether it was told to close."""

    def __init__(self, delivery: Delivery = Delivery.EVERY_FRAME) -> None:
        self.sent: list[int] = []
        self.closes = 0
        self.stream = EngineStream(1, StreamSpec(FaceSelection.PRIMARY, delivery, 0.0))
        self.stream.attach(self)

    def send(self, message: ToWorker) -> None:
        if isinstance(message, PacketsFor):
            self.sent += [packet.index for packet in message.packets]
        self.closes += isinstance(message, CloseStream)

    async def bring(self, *indices: int) -> None:
        await self.stream.submit([unit(index) for index in indices])

    def answer(self, *indices: int, closed: bool = False) -> None:
        moves = self.stream.moving
        self.stream.answered(StreamReport(1, tuple(Observation(i, Stamp(i, i, i), ()) for i in indices), closed=closed))
        if closed and moves and not self.stream.closed:
            self.stream.attach(self)  # as the engine does


def unit(index: int) -> Packet:
    """Return a key frame for each hundred."""
    return Packet(index, SLICE if index % 100 else IDR, VideoFormat(Encoding.H264), index, index, index)


async def arrivals(stream: EngineStream) -> list[Arrival]:
    found = []
    while (arrival := await stream.next()) is not None:
        found.append(arrival)
    return found


async def test_a_stream_moves_at_a_key_frame_and_loses_nothing() -> None:
    desk = Desk()
    await desk.bring(0, 1)
    desk.stream.move()
    await desk.bring(2, 3)
    assert (desk.sent, desk.closes) == ([0, 1, 2, 3], 0)  # the old worker goes on up to the key frame
    await desk.bring(100, 101)
    assert (desk.sent, desk.closes) == ([0, 1, 2, 3], 1)
    desk.answer(0, 1, 2)
    await desk.bring(102)
    assert desk.closes == 1
    desk.answer(3, closed=True)
    assert desk.sent[4:] == [100, 101, 102]  # the new one begins there
    desk.stream.finish()
    desk.answer(100, 101, 102, closed=True)
    assert desk.closes == 2
    came = await arrivals(desk.stream)
    assert [arrival.wants_key_frame for arrival in came] == [True, False, False, False]
    outcomes = [answer for arrival in came for answer in arrival.results]
    assert [answer.packet_index for answer in outcomes if isinstance(answer, Observation)] == [
        0,
        1,
        2,
        3,
        100,
        101,
        102,
    ]


async def test_a_stream_that_ends_before_its_key_frame_ends_where_it_is() -> None:
    desk = Desk()
    await desk.bring(0, 1)
    desk.stream.move()
    desk.stream.finish()
    assert desk.closes == 1
    desk.answer(0, 1, closed=True)
    assert desk.stream.closed


async def test_a_stream_whose_worker_dies_while_it_moves_begins_anew() -> None:
    desk = Desk()
    await desk.bring(0)
    desk.stream.move()
    await desk.bring(100)
    desk.stream.detach()
    desk.stream.attach(desk)
    await desk.bring(101)
    desk.stream.finish()
    desk.answer(100, 101, closed=True)
    outcomes = [answer for arrival in await arrivals(desk.stream) for answer in arrival.results]
    told = {
        answer.packet_index: answer.reason if isinstance(answer, DroppedPacket) else None
        for answer in outcomes
        if not isinstance(answer, SkippedPackets)
    }
    assert told == {0: DropReason.WORKER_LOST, 100: None, 101: None}


async def feed(stream: EngineStream, picture: bytes, stop: asyncio.Event) -> tuple[int, list[int]]:
    """Send pictures one after the other until it is enough; return how many, and of which came an outcome."""
    answered: list[int] = []
    index = 0
    while not stop.is_set():
        await stream.submit([Packet(index, picture, JPEG, index * 200_000, 0, 0)])
        while index not in answered and (arrival := await stream.next()) is not None:
            for answer in arrival.results:
                answered += answer.packet_indices if isinstance(answer, SkippedPackets) else (answer.packet_index,)
        index += 1
    stream.finish()
    while await stream.next() is not None:
        pass
    return index, answered


async def test_after_all_workers_have_died_no_worker_has_two_streams_more_than_another() -> None:
    picture, stop = image("single_face.jpg").read_bytes(), asyncio.Event()
    async with Engine(VisionSetup(models=str(MODELS)), MediaLimits(), 2) as engine:
        spec = StreamSpec(FaceSelection.PRIMARY, Delivery.EVERY_FRAME, 0.0)
        feeding = [asyncio.create_task(feed(engine.open(spec), picture, stop)) for _ in range(5)]
        spare = engine._spare
        assert spare is not None
        for pid in [worker.pid for worker in (*engine._workers, spare)]:
            os.kill(pid, signal.SIGKILL)
        while engine.statistics().workers_lost.get("ended", 0) < 3 or sorted(loads(engine)) != [2, 3]:  # noqa: ASYNC110 - processes start
            await asyncio.sleep(0.01)
        stop.set()
        ends = await asyncio.gather(*feeding)
    for sent, answered in ends:
        assert answered == list(range(sent))


def loads(engine: Engine) -> list[int]:
    return [len(worker.streams) for worker in engine._workers]
