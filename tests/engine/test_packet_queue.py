"""The queue before a worker: bounded, and nothing is lost without being named."""

from hypothesis import given
from hypothesis import strategies as st
from roompulse_vision.enumerations import Delivery, DropReason, Encoding
from roompulse_vision.packet_queue import PacketQueue
from roompulse_vision.types import Packet, VideoFormat

IDR = b"\x00\x00\x00\x01\x65\x88"
SLICE = b"\x00\x00\x00\x01\x41\x9a"


def packet(index: int, data: bytes, encoding: Encoding = Encoding.H264) -> Packet:
    return Packet(index, data, VideoFormat(encoding), index, index, index)


def test_stills_the_newest_win() -> None:
    queue = PacketQueue(Delivery.LIVE, max_packets=2, max_bytes=1000)
    dropped = [gone for index in range(5) for gone in queue.offer(packet(index, b"jpeg", Encoding.JPEG))]
    assert [(gone.packet.index, gone.reason) for gone in dropped] == [(i, DropReason.SUPERSEDED) for i in (0, 1, 2)]
    assert [taken.index for taken in iter(queue.take, None)] == [3, 4]


def test_encoded_video_skips_to_the_next_key_frame_when_full() -> None:
    queue = PacketQueue(Delivery.LIVE, max_packets=2, max_bytes=1000)
    for index, data in enumerate([IDR, SLICE]):
        assert queue.offer(packet(index, data)) == []
    gone = queue.offer(packet(2, SLICE))
    assert [(d.packet.index, d.reason) for d in gone] == [(i, DropReason.QUEUE_FULL) for i in (0, 1, 2)]
    assert queue.skipping
    late = queue.offer(packet(3, SLICE))
    assert [d.reason for d in late] == [DropReason.WAITING_FOR_KEY_FRAME]
    assert queue.offer(packet(4, IDR)) == []
    assert not queue.skipping
    assert [taken.index for taken in iter(queue.take, None)] == [4]


def test_what_waits_too_long_is_no_longer_live() -> None:
    for delivery, expected in ((Delivery.LIVE, [DropReason.QUEUE_FULL] * 3), (Delivery.EVERY_FRAME, [])):
        queue = PacketQueue(delivery, max_packets=99, max_bytes=10_000, max_age_us=10)
        gone = [d for at in (0, 5, 11) for d in queue.offer(packet(at, IDR if at == 0 else SLICE))]
        assert [d.reason for d in gone] == expected


def test_a_key_frame_that_overflows_is_kept() -> None:
    queue = PacketQueue(Delivery.LIVE, max_packets=1, max_bytes=1000)
    queue.offer(packet(0, IDR))
    gone = queue.offer(packet(1, IDR))
    assert [d.packet.index for d in gone] == [0]
    assert [taken.index for taken in iter(queue.take, None)] == [1]


def test_restart_keeps_what_follows_a_key_frame() -> None:
    queue = PacketQueue(Delivery.EVERY_FRAME, max_packets=9, max_bytes=1000)
    for index, data in enumerate([SLICE, SLICE, IDR, SLICE]):
        queue.offer(packet(index, data))
    gone = queue.restart(DropReason.WAITING_FOR_KEY_FRAME)
    assert [d.packet.index for d in gone] == [0, 1]
    assert [taken.index for taken in iter(queue.take, None)] == [2, 3]
    queue.restart(DropReason.WAITING_FOR_KEY_FRAME)
    assert [d.reason for d in queue.offer(packet(4, SLICE))] == [DropReason.WAITING_FOR_KEY_FRAME]


steps = st.lists(st.sampled_from(["idr", "slice", "still", "take", "restart"]), max_size=80)


@given(steps, st.integers(1, 6), st.sampled_from([Delivery.LIVE, Delivery.EVERY_FRAME]))
def test_every_packet_is_waiting_taken_or_dropped(steps: list[str], most: int, delivery: Delivery) -> None:
    queue = PacketQueue(delivery, max_packets=most, max_bytes=10_000)
    offered = taken = dropped = 0
    for index, step in enumerate(steps):
        if step == "take":
            taken += queue.take() is not None
        elif step == "restart":
            dropped += len(queue.restart(DropReason.WORKER_LOST))
        elif delivery is Delivery.LIVE or not queue.full:
            still = step == "still"
            data = IDR if step == "idr" else SLICE
            dropped += len(queue.offer(packet(index, data, Encoding.JPEG if still else Encoding.H264)))
            offered += 1
        assert len(queue) <= most
        assert offered == taken + dropped + len(queue)
