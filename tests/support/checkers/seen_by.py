"""Bots and subscribers that keep what they were given, for tests of what everybody saw."""

import asyncio
import contextlib
import random
import socket

import cv2
import roompulse
from roompulse import Packet, errors
from roompulse.results import Reconnected, StreamEvent, SubscriptionEvent
from shared_data import image

RATE_HZ = 8.0


class Seen:
    """What one client was given."""

    def __init__(self) -> None:
        self.events: list[StreamEvent | SubscriptionEvent] = []
        self._moved = asyncio.Event()

    def add(self, event: StreamEvent | SubscriptionEvent) -> None:
        self.events.append(event)
        self._moved.set()

    async def more(self) -> None:
        self._moved.clear()
        await self._moved.wait()

    @property
    def cuts(self) -> int:
        return sum(isinstance(event, Reconnected) for event in self.events)


def small_face() -> bytes:
    picture = cv2.imread(str(image("single_face.jpg")))
    assert picture is not None
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (320, 320 * height // width))
    return bytes(cv2.imencode(".jpg", small)[1])


def free_address() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{taken.getsockname()[1]}"


async def bot(
    client: roompulse.Client, meeting: str, person: str, picture: bytes, enough: asyncio.Event, seen: Seen
) -> None:
    """Stream one participant live until it is enough, and keep what comes back."""
    async with client.analyze(meeting, person, purpose="research", consent="granted", update_rate_hz=RATE_HZ) as stream:
        reading = asyncio.create_task(_read(stream, seen))
        while not enough.is_set():
            await stream.send(Packet(picture))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(enough.wait(), 1 / RATE_HZ)  # its own pace, as a camera's
        await stream.finish()
        await reading


async def _read(stream: roompulse.AnalysisStream, seen: Seen) -> None:
    async for event in stream:
        seen.add(event)


async def watch(client: roompulse.Client, meeting: str, seen: Seen) -> None:
    """Watch from the beginning to the end."""
    async with client.subscribe(meeting, from_offset_s=0.0) as events:
        async for event in events:
            seen.add(event)


async def come_and_go(client: roompulse.Client, meeting: str, chance: random.Random, seen: Seen) -> None:
    """Watch from the beginning to the end, but leave now and then, and come back with the token."""
    token = b""
    while True:
        left = chance.randint(1, 200)
        async with client.subscribe(meeting, from_offset_s=0.0, resume_token=token) as events:
            try:
                async for event in events:
                    seen.add(event)
                    token = events.resume_token
                    left -= 1
                    if not left:
                        break
                else:
                    return
            except errors.Unavailable:  # nobody is there: a subscription that never began is not begun again
                await asyncio.sleep(0.1)
