"""Health tells the truth: why the service cannot do its work, and when it can again."""

import pathlib
from typing import cast

import pytest
from bare_service import Bare, NoWorkers, bare
from roompulse_server.engine.engine import Engine
from roompulse_server.engine.messages import PacketsFor, Setup, VisionSetup, WatchStream
from roompulse_server.engine.process import SILENT_S, WorkerProcess
from roompulse_server.errors import Reason, RoompulseError, StoreError
from roompulse_server.meetings.readiness import Readiness
from roompulse_server.types import Meeting, MeetingKey, MeetingState, Purpose
from roompulse_server.types.requests import MeetingRef
from roompulse_vision.stream_spec import Watch
from roompulse_vision.types import MediaLimits

MEETING = Meeting(MeetingKey("default", "standup", ""), Purpose.RESEARCH, MeetingState.ACTIVE, 0)


class Health:
    """What was said, each time it changed."""

    def __init__(self) -> None:
        self.said: list[bool] = []

    async def __call__(self, ready: bool) -> None:
        self.said.append(ready)


def readiness_of(service: Bare, health: Health) -> Readiness:
    return Readiness(service.parts.recorder, service.parts.engine, health, service.parts.metrics.background_failed)


async def refused(service: Bare) -> Reason | None:
    try:
        await service.registry.create(MEETING)
    except RoompulseError as error:
        return error.reason
    return None


async def test_a_folder_that_is_taken_away_is_noticed_without_a_write_and_refused(tmp_path: pathlib.Path) -> None:
    health = Health()
    async with bare(tmp_path / "data") as service, readiness_of(service, health) as readiness:
        (tmp_path / "data").rename(tmp_path / "moved")
        await readiness.look()
        assert health.said == [True, False]
        assert await refused(service) is Reason.RECORD_UNAVAILABLE
        (tmp_path / "moved").rename(tmp_path / "data")
        assert await refused(service) is None  # it takes writes again
        await readiness.look()
        await readiness.look()
        assert health.said == [True, False, True]
        await service.registry.end(MeetingRef("default", "standup"))


async def test_a_record_that_cannot_be_written_is_no_service(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of a service that is idle: its clocks are written every ten seconds."""
    health = Health()
    async with bare(tmp_path) as service, readiness_of(service, health) as readiness:
        with monkeypatch.context() as full:
            full.setattr("roompulse_server.storage.sql.clock.write_clock", broken)
            with pytest.raises(RoompulseError):
                await service.parts.timekeeper.look()
            await readiness.look()
            assert health.said == [True, False]
        await service.parts.timekeeper.look()
        await readiness.look()
        assert health.said == [True, False, True]


def broken(*_: object) -> None:
    raise StoreError("no space left on the device")


async def test_a_service_without_workers_is_none(tmp_path: pathlib.Path) -> None:
    health = Health()
    async with bare(tmp_path) as service, readiness_of(service, health) as readiness:
        workers = cast("NoWorkers", service.parts.engine)
        for workers.wrong in ("no worker process is running", "no worker process answers", ""):
            await readiness.look()
        assert health.said == [True, False, False, True]  # the reason changed, and was logged


def test_an_engine_whose_workers_are_all_gone_says_so() -> None:
    assert Engine(VisionSetup(), MediaLimits(), 1).why_not(0.0) == "no worker process is running"


async def test_a_worker_that_is_asked_and_says_nothing_does_not_answer() -> None:
    worker = WorkerProcess(Setup(0, VisionSetup(), MediaLimits()), lambda *_: None, lambda _: None)
    assert worker.answers(1e9)  # it was not asked
    worker.send(WatchStream(1, Watch(1, ())))
    assert worker.answers(1e9)  # nor is that a question
    worker.send(PacketsFor(1, (), 0.0))
    worker.send(PacketsFor(1, (), 0.0))
    assert worker._asked_s is not None
    assert worker.answers(worker._asked_s + SILENT_S - 0.1)
    assert not worker.answers(worker._asked_s + SILENT_S)
    worker._receive(object())
    assert worker.answers(1e9)
