"""A stream's seat in the engine: each packet has one outcome, whoever ends first."""

import asyncio

from roompulse_server.engine.messages import PacketsFor, StreamReport, ToWorker
from roompulse_server.engine.progress import Step, StepKind
from roompulse_server.engine.stream import (
    EVERY_FRAME_WINDOW,
    QUEUE_BYTES,
    QUEUE_PACKETS,
    RAW_WINDOW_BYTES,
    EngineStream,
)
from roompulse_vision.enumerations import Delivery, DropReason, Encoding, FaultReason
from roompulse_vision.observation import DroppedPacket, Observation, PacketResult, SkippedPackets, Stamp
from roompulse_vision.stream_spec import FaceSelection, StreamSpec
from roompulse_vision.types import Packet, VideoFormat

SLICE = b"\x00\x00\x00\x01\x41\x9a"
IDR = b"\x00\x00\x00\x01\x65\x88"


def stream(delivery: Delivery = Delivery.EVERY_FRAME) -> EngineStream:
    """Return a stream on a worker that takes what it may and answers nothing by itself."""
    return attached(PaperWorker(), delivery)


class PaperWorker:
    """Notes what it is sent."""

    def __init__(self) -> None:
        self.messages: list[ToWorker] = []

    def send(self, message: ToWorker) -> None:
        self.messages.append(message)

    def taken(self) -> list[int]:
        """Return, once, the indices of the packets that were sent."""
        sent = [packet.index for each in self.messages if isinstance(each, PacketsFor) for packet in each.packets]
        self.messages.clear()
        return sent


def attached(worker: PaperWorker, delivery: Delivery = Delivery.EVERY_FRAME) -> EngineStream:
    stream = EngineStream(1, StreamSpec(FaceSelection.PRIMARY, delivery, 0.0))
    stream.attach(worker)
    return stream


def packet(index: int) -> Packet:
    return Packet(index, SLICE if index else IDR, VideoFormat(Encoding.H264), index, index, index)


def observed(index: int) -> Observation:
    return Observation(index, Stamp(index, index, index), ())


async def answers(seat: EngineStream) -> list[PacketResult]:
    found: list[PacketResult] = []
    while (arrival := await seat.next()) is not None:
        found += arrival.results
    return found


async def test_a_lost_worker_makes_room_for_a_sender_that_waits() -> None:
    """All that waited were packets between key frames: nothing is left that a new worker would take."""
    seat = stream()
    for index in range(EVERY_FRAME_WINDOW + QUEUE_PACKETS):
        await seat.submit([packet(index)])
    waiting = asyncio.create_task(seat.submit([packet(1000)]))
    await asyncio.sleep(0)
    assert not waiting.done()
    seat.detach()
    await asyncio.wait_for(waiting, 1)


async def test_what_a_worker_says_after_the_end_counts_no_more() -> None:
    seat = stream()
    await seat.submit([packet(0)])
    seat.close()
    seat.answered(StreamReport(1, (observed(0),)))
    (outcome,) = await answers(seat)
    assert isinstance(outcome, DroppedPacket)
    assert outcome.reason is DropReason.STREAM_ENDED


async def test_raw_pictures_in_a_worker_are_bounded_in_bytes_too() -> None:
    worker = PaperWorker()
    seat = attached(worker)
    raw, picture = VideoFormat(Encoding.RGB24, 2048, 1024), bytes(RAW_WINDOW_BYTES // 2)
    taken = []
    for index in range(3):
        await seat.submit([Packet(index, picture, raw, index, index, index)])
        taken.append(worker.taken())
    assert taken == [[0], [1], []]
    seat.answered(StreamReport(1, (observed(0),)))
    await seat.next()
    assert worker.taken() == [2]


async def test_packets_that_were_not_due_are_answered_together() -> None:
    worker = PaperWorker()
    seat = attached(worker)
    for index in range(EVERY_FRAME_WINDOW + 4):
        await seat.submit([packet(index)])
    worker.taken()
    seat.answered(StreamReport(1, (SkippedPackets((0, 1, 2), 2), observed(3))))
    assert worker.taken() == []  # an answer makes room when it was taken
    arrival = await seat.next()
    assert arrival is not None
    assert arrival.packets == 4
    assert [answer.offset_us for answer in arrival.results] == [2, 3]
    seat.close()
    left = [answer.packet_index for answer in await answers(seat) if isinstance(answer, DroppedPacket)]
    assert left == list(range(4, EVERY_FRAME_WINDOW + 4))


async def test_of_packets_that_came_together_none_is_dropped_for_those_that_may_leave() -> None:
    seat = stream(Delivery.LIVE)
    large = bytes(QUEUE_BYTES // 2)
    await seat.submit([Packet(index, large, VideoFormat(Encoding.JPEG), index, index, index) for index in range(8)])
    seat.close()
    dropped = [answer.reason for answer in await answers(seat) if isinstance(answer, DroppedPacket)]
    assert dropped == [DropReason.STREAM_ENDED] * 8


async def test_the_packet_that_hung_a_worker_is_its_own_fault_and_no_other_packet_s() -> None:
    seat = stream()
    for index in range(3):
        await seat.submit([packet(index)])
    seat.detach(Step(7, StepKind.PACKET, 1, 1))
    seat.close()
    found = {each.packet_index: each for each in await answers(seat) if isinstance(each, DroppedPacket)}
    assert (found[1].reason, found[1].fault) == (DropReason.FAULT, FaultReason.TIMED_OUT)
    assert "not tried again" in found[1].message
    assert [found[index].reason for index in (0, 2)] == [DropReason.WORKER_LOST] * 2


async def test_what_hung_in_another_stream_or_a_batch_blames_no_packet() -> None:
    for hung in (Step(7, StepKind.PACKET, 2, 0), Step(7, StepKind.FACES, -1, -1)):
        seat = stream()
        await seat.submit([packet(0)])
        seat.detach(hung)
        seat.close()
        assert [each.reason for each in await answers(seat) if isinstance(each, DroppedPacket)] == [
            DropReason.WORKER_LOST
        ]
