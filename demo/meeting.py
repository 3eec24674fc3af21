"""Stream the roles into one meeting through the client library, at the same time, and read what comes back."""

import asyncio
import pathlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from roompulse import AnalysisStream, Client, Consent, ConsentState, Delivery, Packet
from roompulse.results import Summary, Update
from roompulse.sending.encoder import Encoder
from roompulse.sending.video_player import VideoPlayer

from demo.material import RATE_HZ
from demo.script import Role, camera_is_on

MEETING = "demo"
UPDATES_HZ = 6.0  # every second picture is enough to see, and the demo is over sooner
CONSENT = Consent(ConsentState.GRANTED, recorded_by="make demo", wording_version="synthetic or one's own video")


@dataclass(frozen=True, slots=True)
class Player:
    """A participant's video; with a role the script says when its camera is off."""

    participant_id: str
    display_name: str
    video: pathlib.Path
    role: Role | None = None


class Operator:
    """Passes packets on, and switches the camera off and on where the role does: what a meeting bot would do."""

    def __init__(self, stream: AnalysisStream, role: Role) -> None:
        self._stream = stream
        self._role = role
        self._on = True

    async def send(self, picture: Sequence[Packet]) -> int:
        index = 0
        for packet in picture:
            at_s = packet.capture_s or 0.0
            if not self._on:
                await self._switch(True, at_s)
            index = await self._stream.send(packet)
            if not camera_is_on(self._role, at_s + 1 / RATE_HZ):
                await self._switch(False, at_s + 1 / RATE_HZ)
        return index

    def use_encoder(self, encoder: Encoder) -> None:
        self._stream.use_encoder(encoder)

    async def _switch(self, on: bool, at_s: float) -> None:
        self._on = on
        await self._stream.camera(on, capture_s=at_s)


async def hold(
    client: Client, players: Sequence[Player], speed: float | None, on_update: Callable[[Update], None]
) -> Summary:
    """Stream everybody, end the meeting, and return its summary. `speed` times real time; None: as fast as it goes."""
    await client.meetings.create(MEETING, purpose="research", title="a synthetic meeting")
    async with asyncio.TaskGroup() as tasks:
        for player in players:
            tasks.create_task(play(client, player, speed, on_update))
    await client.meetings.end(MEETING)
    return await client.meetings.summary(MEETING)


async def play(client: Client, player: Player, speed: float | None, on_update: Callable[[Update], None]) -> None:
    stream = client.analyze(
        MEETING,
        player.participant_id,
        consent=CONSENT,
        display_name=player.display_name,
        delivery=Delivery.EVERY_FRAME,
        media_zero_s=0.0,
        update_rate_hz=UPDATES_HZ,
    )
    async with stream, asyncio.TaskGroup() as tasks:
        tasks.create_task(show(stream, on_update))
        sink = Operator(stream, player.role) if player.role else stream
        await VideoPlayer(sink, player.video, speed, "auto", skip_late=False).run()
        await stream.finish()


async def show(stream: AnalysisStream, on_update: Callable[[Update], None]) -> None:
    async for update in stream.updates():
        on_update(update)
