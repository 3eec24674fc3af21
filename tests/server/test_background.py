"""Work behind the calls: what fails is said and counted, and goes on; what was begun comes to its end."""

import asyncio
import pathlib

import pytest
from bare_service import bare
from roompulse_server.background import Deeds, Periodic
from roompulse_server.errors import Reason, RoompulseError
from structlog.testing import capture_logs


@pytest.mark.parametrize(
    ("error", "level"),
    [
        (RuntimeError("a bug"), "error"),
        (RoompulseError(Reason.RECORD_DAMAGED, "a page is damaged"), "warning"),
        (RoompulseError(Reason.RECORD_UNAVAILABLE, "no space left"), "debug"),
    ],
)
async def test_a_loop_that_fails_says_so_counts_it_and_goes_on(error: Exception, level: str) -> None:
    calls, failed, again = 0, list[str](), asyncio.Event()

    async def work() -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise error
        again.set()

    with capture_logs() as logs:
        async with Periodic("sweeping", 0.001, work, failed.append):
            await asyncio.wait_for(again.wait(), 10)
    assert failed == ["sweeping"]
    (line,) = logs
    assert (line["log_level"], line["loop"]) == (level, "sweeping")
    assert ("exc_info" in line) is (level == "error")


async def test_one_meeting_that_cannot_be_maintained_costs_the_others_nothing(tmp_path: pathlib.Path) -> None:
    async with bare(tmp_path) as service:

        class Broken:
            uid = "broken"
            ended = False

            async def roll_up(self) -> None:
                raise ZeroDivisionError

            def close(self) -> None: ...

            async def stop_streams(self, error: RoompulseError) -> None: ...

        service.registry._live["broken"] = Broken()  # type: ignore[assignment]
        with capture_logs() as logs:
            await service.registry._maintain()
        assert [(line["loop"], line["meeting_uid"]) for line in logs] == [("maintenance", "broken")]
        value = service.parts.metrics.registry.get_sample_value
        assert value("roompulse_background_failures_total", {"loop": "maintenance"}) == 1


async def test_a_deed_comes_to_its_end_although_its_caller_is_cancelled() -> None:
    deeds, began, may_end, ended = Deeds(), asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def deed() -> None:
        began.set()
        await may_end.wait()
        ended.set()

    caller = asyncio.create_task(deeds.complete(deed()))
    await began.wait()
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    may_end.set()
    await deeds.aclose()
    assert ended.is_set()


async def test_a_deed_that_fails_with_nobody_waiting_is_said() -> None:
    deeds = Deeds()

    async def deed() -> None:
        raise ZeroDivisionError

    with capture_logs() as logs:
        deeds.start(deed())
        await deeds.aclose()
        await asyncio.sleep(0)
    assert [line["log_level"] for line in logs] == ["error"]
