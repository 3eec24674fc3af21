"""A worker that hangs is replaced, for real: processes are stopped, and a machine is kept busy."""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Iterator

import pytest
from roompulse_server.engine.engine import Engine
from roompulse_server.engine.messages import Setup, VisionSetup
from roompulse_server.engine.process import WorkerProcess
from roompulse_server.engine.progress import StepKind
from roompulse_vision.enumerations import Delivery, DropReason, Encoding, FaultReason
from roompulse_vision.errors import MediaError, ModelError
from roompulse_vision.observation import DroppedPacket, Observation, PacketResult
from roompulse_vision.stream_spec import FaceSelection, StreamSpec
from roompulse_vision.types import MediaLimits, Packet, VideoFormat
from shared_data import MODELS, image

JPEG = VideoFormat(Encoding.JPEG)
SPEC = StreamSpec(FaceSelection.PRIMARY, Delivery.EVERY_FRAME, 0.0)


def engine(step_limit_s: float) -> Engine:
    return Engine(VisionSetup(models=str(MODELS)), MediaLimits(), 1, step_limit_s=step_limit_s)


async def one_result(engine: Engine, picture: bytes) -> PacketResult:
    """Send one picture, and return what becomes of it."""
    stream = engine.open(SPEC)
    await stream.submit([Packet(0, picture, JPEG, 0, 0, 0)])
    while not (arrival := await stream.next()) or not arrival.results:
        pass
    engine.release(stream)
    return arrival.results[0]


async def test_a_worker_that_is_stopped_is_replaced_and_the_next_picture_is_read() -> None:
    picture = image("single_face.jpg").read_bytes()
    async with engine(step_limit_s=0.2) as running:
        (worker,) = running._workers
        stream = running.open(SPEC)
        await stream.submit([Packet(0, picture, JPEG, 0, 0, 0)])
        await stream.next()
        os.kill(worker.pid, signal.SIGSTOP)
        worker._progress.begin(StepKind.PACKET, stream.number, 1)  # as if it were at work when it stops
        await stream.submit([Packet(1, picture, JPEG, 1, 1, 1)])
        arrival = await stream.next()
        assert arrival is not None
        (dropped,) = arrival.results
        assert isinstance(dropped, DroppedPacket)
        assert (dropped.reason, dropped.fault) == (DropReason.FAULT, FaultReason.TIMED_OUT)
        running.release(stream)
        assert running.statistics().workers_lost == {"hung": 1}
        assert isinstance(await one_result(running, picture), Observation)


async def test_a_worker_that_stops_while_it_starts_is_an_error_that_says_so() -> None:
    setup = Setup(os.getpid(), VisionSetup(models=str(MODELS)), MediaLimits())
    worker = WorkerProcess(setup, lambda *_: None, lambda _: None, start_limit_s=0.2)
    starting = asyncio.create_task(worker.start())
    while not worker.pid:  # noqa: ASYNC110 - a process starts
        await asyncio.sleep(0)
    os.kill(worker.pid, signal.SIGSTOP)
    with pytest.raises(ModelError, match=r"took more than .* while it started"):
        await starting
    await worker.aclose()


@pytest.fixture
def busy() -> Iterator[None]:
    """Keep the machine at a load of twenty."""
    processes = [multiprocessing.get_context("spawn").Process(target=_spin, daemon=True) for _ in range(20)]
    for process in processes:
        process.start()
    yield
    for process in processes:
        process.kill()
        process.join()


def _spin() -> None:
    while True:
        pass


@pytest.mark.verify
async def test_no_worker_is_replaced_at_a_load_of_twenty(busy: None) -> None:
    picture = image("single_face.jpg").read_bytes()
    async with engine(step_limit_s=3.0) as running:
        for _ in range(20):
            async with asyncio.timeout(60):
                assert isinstance(await one_result(running, picture), Observation)
        assert running.statistics().workers_lost == {}


async def test_a_picture_that_cannot_be_read_in_time_is_its_own_fault() -> None:
    async with engine(step_limit_s=0.2) as running:
        (worker,) = running._workers
        os.kill(worker.pid, signal.SIGSTOP)
        reading = asyncio.create_task(running.read_still(image("single_face.jpg").read_bytes(), JPEG, 10))
        await asyncio.sleep(0)
        (request,) = worker.stills
        worker._progress.begin(StepKind.STILL, request)
        with pytest.raises(MediaError, match="not tried again"):
            await reading
