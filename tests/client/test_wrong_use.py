"""A client in a second event loop, entered twice, after its end, or in a forked process: a sentence, and no hang."""

import asyncio
import json
import os
import pathlib
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import roompulse
from fake_service import FakeService, ThreadedService
from roompulse import Packet, blocking, errors

pytestmark = pytest.mark.versions

STILL = Packet(b"\xff\xd8\xff", capture_s=0.0)
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no process is forked here")


def test_a_client_works_in_the_loop_that_opened_it(threaded: ThreadedService) -> None:
    threaded.service.add_meeting("standup")
    with asyncio.Runner() as runner:
        client = runner.run(roompulse.connect(threaded.target).__aenter__())
        stream = runner.run(open_stream(client))
        subscription = runner.run(open_subscription(client))
        for use in uses(client, stream, subscription):
            with pytest.raises(errors.WrongUse, match="opened in another event loop"):
                asyncio.run(use())
        assert runner.run(client.meetings.get("standup")).key.id == "standup"
        runner.run(client.aclose())


async def open_stream(client: roompulse.Client) -> roompulse.AnalysisStream:
    return await client.analyze("standup", "ada", consent="granted").__aenter__()


async def open_subscription(client: roompulse.Client) -> roompulse.Subscription:
    return await client.subscribe("standup").__aenter__()


def uses(
    client: roompulse.Client, stream: roompulse.AnalysisStream, subscription: roompulse.Subscription
) -> list[Callable[[], Coroutine[Any, Any, object]]]:
    async def analyze() -> object:
        return client.analyze("standup", "bob")

    async def subscribe() -> object:
        return client.subscribe("standup")

    return [
        analyze,
        subscribe,
        lambda: client.meetings.get("standup"),
        lambda: client.image(b"\xff\xd8\xff", purpose="research", consent="granted"),
        lambda: stream.send(STILL),
        lambda: stream.camera(False),
        lambda: stream.__anext__(),
        lambda: stream.finish(),
        lambda: stream.aclose(),
        lambda: subscription.__anext__(),
        lambda: subscription.aclose(),
        lambda: client.aclose(),
    ]


def test_a_client_is_opened_in_a_loop(threaded: ThreadedService) -> None:
    with pytest.raises(errors.WrongUse, match="no event loop runs here"):
        roompulse.connect(threaded.target).__aenter__().send(None)


async def test_a_client_is_entered_once(target: str, service: FakeService) -> None:
    service.add_meeting("standup")
    client = roompulse.connect(target)
    async with client:
        with pytest.raises(errors.WrongUse, match="is open already"):
            await client.__aenter__()
        assert (await client.meetings.get("standup")).key.id == "standup"
    with pytest.raises(errors.StreamClosed, match="the client is closed"):
        await client.__aenter__()
    with pytest.raises(errors.StreamClosed, match="the client is closed"):
        await client.meetings.get("standup")


async def test_a_stream_and_a_subscription_are_entered_once(client: roompulse.Client, service: FakeService) -> None:
    service.add_meeting("standup")
    stream, subscription = client.analyze("standup", "ada"), client.subscribe("standup")
    async with stream, subscription:
        for one in (stream, subscription):
            with pytest.raises(errors.WrongUse, match="is entered once"):
                await one.__aenter__()
        await stream.finish()
    for one in (stream, subscription):
        with pytest.raises(errors.WrongUse, match="is entered once"):
            await one.__aenter__()


async def test_what_is_not_entered_yet_says_so_at_once(client: roompulse.Client) -> None:
    stream, subscription = client.analyze("standup", "ada"), client.subscribe("standup")
    for use in (stream.__anext__, stream.finish, subscription.__anext__):
        with pytest.raises(errors.StreamClosed, match="use `async with client"):
            await use()
    with pytest.raises(errors.StreamClosed, match="not open"):
        assert stream.opened
    with pytest.raises(errors.StreamClosed, match="not open"):
        await stream.send_video("nowhere.mp4")


def test_a_blocking_client_is_entered_once(threaded: ThreadedService) -> None:
    client = blocking.connect(threaded.target)
    with pytest.raises(errors.StreamClosed, match="not open; use `with"):
        client.meetings.get("standup")
    with client, pytest.raises(errors.WrongUse, match="entered once"):
        client.__enter__()
    with pytest.raises(errors.WrongUse, match="entered once"):
        client.__enter__()
    with pytest.raises(errors.StreamClosed):
        client.analyze("standup", "ada")


def test_a_callback_that_would_wait_for_itself_says_so(threaded: ThreadedService) -> None:
    with blocking.connect(threaded.target) as client:
        said: list[BaseException] = []

        def call() -> None:
            try:
                client.meetings.get("standup")
            except errors.RoompulseError as error:
                said.append(error)

        loop = client._loop._loop
        assert loop is not None
        done = threading.Event()
        loop.call_soon_threadsafe(call)
        loop.call_soon_threadsafe(done.set)
        assert done.wait(10)
    assert isinstance(said[0], errors.WrongUse)
    assert "own thread" in str(said[0])


@needs_fork
@pytest.mark.parametrize("opened", [True, False], ids=["open", "closed"])
def test_after_a_fork_a_client_raises_at_once_and_the_parent_s_goes_on(threaded: ThreadedService, opened: bool) -> None:
    threaded.service.add_meeting("standup")
    said = forked(threaded.target, "open" if opened else "closed")
    for use in ("get", "send", "next", "awaited") if opened else ():
        assert said[use].startswith("WrongUse: this client was opened before the process was forked"), use
    assert said["another"].startswith("WrongUse: this process was forked from one that had opened a client")
    assert said["leave"] == "left"
    assert said["parent"] == ("standup" if opened else "closed")


@needs_fork
def test_a_client_opened_first_after_the_fork_works(threaded: ThreadedService) -> None:
    threaded.service.add_meeting("standup")
    assert forked(threaded.target, "never")["another"] == "standup"


def forked(target: str, before: str) -> dict[str, str]:
    """Run `forking.py`, which forks; a child that hangs is ended by its own alarm."""
    command = [sys.executable, str(pathlib.Path(__file__).with_name("forking.py")), target, before]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(map(json.loads, done.stdout.splitlines()))
