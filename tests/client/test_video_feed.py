"""A source on its way into a stream: paced, skipped when late, looped, stopped."""

import asyncio
import pathlib
from collections.abc import Sequence

import pytest
import roompulse
from clips import write_clip
from fake_service import FakeService
from roompulse.enums import Encoding
from roompulse.media import Packet
from roompulse.sending.encoder import Encoder
from roompulse.sending.video_player import Pacer, Passing, VideoPlayer
from roompulse.v1 import media_pb2


class Clock:
    """Time that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


class Sink:
    """Keeps packets with the moment they came; sending takes `costs_s`."""

    def __init__(self, clock: Clock, costs_s: float = 0.0) -> None:
        self.sent: list[tuple[float, Packet]] = []
        self.encoder: Encoder | None = None
        self._clock, self._costs_s = clock, costs_s

    async def send(self, picture: Sequence[Packet]) -> int:
        self.sent += [(self._clock.now - 100.0, packet) for packet in picture]
        self._clock.now += self._costs_s
        return len(self.sent)

    def use_encoder(self, encoder: Encoder) -> None:
        self.encoder = encoder


@pytest.fixture
def clip(tmp_path: pathlib.Path) -> pathlib.Path:
    return write_clip(tmp_path / "clip.mp4")


def feed(sink: Sink, clock: Clock, clip: pathlib.Path, speed: float | None, passing: Passing) -> VideoPlayer:
    return VideoPlayer(sink, clip, speed, passing, skip_late=True, pacer=Pacer(speed, clock, clock.sleep))


@pytest.mark.parametrize("speed", [1.0, 4.0])
async def test_pictures_leave_when_they_are_due(clip: pathlib.Path, speed: float) -> None:
    clock = Clock()
    sink = Sink(clock)
    report = await feed(sink, clock, clip, speed, "jpeg").run()
    assert [at for at, _ in sink.sent] == pytest.approx([number / 10 / speed for number in range(12)])
    assert (report.packets, report.skipped) == (12, 0)
    assert report.media_s == pytest.approx(1.1)
    assert report.bytes == sum(len(packet.data) for _, packet in sink.sent)


async def test_copied_units_leave_in_the_order_of_decoding(clip: pathlib.Path) -> None:
    clock = Clock()
    sink = Sink(clock)
    await feed(sink, clock, clip, 1.0, "copy").run()
    assert [at for at, _ in sink.sent] == pytest.approx([number / 10 for number in range(12)])
    captured = [packet.capture_s or 0.0 for _, packet in sink.sent]
    assert captured != sorted(captured)


async def test_without_a_speed_nothing_waits(clip: pathlib.Path) -> None:
    clock = Clock()
    sink = Sink(clock)
    await feed(sink, clock, clip, None, "jpeg").run()
    assert [at for at, _ in sink.sent] == [0.0] * 12


async def test_late_pictures_are_skipped_but_no_copied_unit_is(clip: pathlib.Path) -> None:
    clock = Clock()
    slow = Sink(clock, costs_s=0.3)
    report = await feed(slow, clock, clip, 1.0, "jpeg").run()
    assert report.skipped > 0
    assert report.packets + report.skipped == 12
    clock = Clock()
    report = await feed(Sink(clock, costs_s=0.3), clock, clip, 1.0, "copy").run()
    assert (report.packets, report.skipped) == (12, 0)


async def test_auto_copies_what_can_be_copied(clip: pathlib.Path, tmp_path: pathlib.Path) -> None:
    for path, encoding in ((clip, Encoding.H264), (write_clip(tmp_path / "old.avi", "mpeg4"), Encoding.JPEG)):
        clock = Clock()
        sink = Sink(clock)
        await feed(sink, clock, path, None, "auto").run()
        shape = sink.sent[0][1].format
        assert shape is not None
        assert shape.encoding is encoding


async def test_a_loop_goes_on_in_time_until_stopped(clip: pathlib.Path) -> None:
    clock, stop = Clock(), asyncio.Event()
    sink = Sink(clock)

    def told(media_s: float) -> None:
        if media_s > 2.0:
            stop.set()

    pacer = Pacer(1.0, clock, clock.sleep)
    player = VideoPlayer(sink, clip, 1.0, "jpeg", skip_late=True, progress=told, stop=stop, pacer=pacer)
    report = await player.run(loop=True)
    captured = [packet.capture_s for _, packet in sink.sent]
    assert captured == pytest.approx([number / 10 for number in range(len(captured))])
    assert report.media_s == pytest.approx(2.1)


async def test_a_stream_sends_a_whole_video(
    client: roompulse.Client, service: FakeService, tmp_path: pathlib.Path
) -> None:
    clip = write_clip(tmp_path / "clip.webm", "libvpx")
    async with client.analyze("standup", "ada", consent="granted", delivery="every_frame") as opened:
        report = await opened.send_video(clip, speed=None)
        counters = await opened.finish()
    assert report.packets == counters.received == counters.analyzed == 12
    assert service.packets[0].format.encoding == media_pb2.ENCODING_VP8
    assert [packet.index for packet in service.packets] == list(range(1, 13))
