"""The participant side of one stream: observations in, updates scored, recorded and answered.

    take(observation) ─▶ watched? ─▶ participants (score) ─▶ quantise ─▶ record ─▶ on disk ─▶ replies
    consent, camera, tiles ─▶ watch(…) ─▶ the frame side

What is looked at is said here, with a generation that rises. An observation that was made for an older one counts for
the regions that have been watched ever since; so nothing is recorded that was seen between a withdrawal and a grant.
"""

import asyncio
from collections.abc import Callable, Iterable

import structlog
from roompulse_vision.enumerations import DropReason
from roompulse_vision.observation import Observation, Stamp
from roompulse_vision.stream_spec import Watch
from roompulse_vision.types import Region

from roompulse_server.errors import RoompulseError
from roompulse_server.meetings.live_meeting import LiveMeeting
from roompulse_server.meetings.participant import Instant
from roompulse_server.meetings.server_clock import ServerClock
from roompulse_server.metrics import Metrics
from roompulse_server.storage.block import quantise
from roompulse_server.streams.replies import StreamOpened
from roompulse_server.streams.reply_queue import ReplyQueue
from roompulse_server.streams.stream_participants import Scored, StreamParticipants
from roompulse_server.types import Consent, EventKind, PacketCounters
from roompulse_server.types.log import Committed
from roompulse_server.types.requests import StreamConfig, TileConfig

log = structlog.get_logger(__name__)

UPDATES_A_TURN = 16  # recorded in a row by a LIVE stream: a gallery's tiles are many

OnWatch = Callable[[Watch, DropReason | None], None]
OnRefused = Callable[[RoompulseError], None]


class ParticipantStream:
    """Args: `on_watch` tells the frame side what to look at, `on_refused` ends the stream."""

    def __init__(
        self,
        config: StreamConfig,
        live: LiveMeeting,
        participants: StreamParticipants,
        replies: ReplyQueue,
        *,
        clock: ServerClock,
        metrics: Metrics,
        camera_on: bool,
        progress_us: int,
        on_watch: OnWatch,
        on_refused: OnRefused,
    ) -> None:
        self._config, self._live, self.participants, self._replies = config, live, participants, replies
        self._clock, self._metrics = clock, metrics
        self._on_watch, self._on_refused = on_watch, on_refused
        self.camera_on = camera_on
        self.progress_us = progress_us  # offset of the newest packet that was answered for
        self.progressed_us = clock.now_us()  # when that was, by the service's clock
        self._silent = live.meeting.aggregate_only  # nobody's values leave the service
        self._scoring = asyncio.Lock()  # a value is scored and queued for the record before the next one is
        self._departed = False
        self._in_a_row = 0
        self._generation = 0
        self._watched: dict[str, int] = {}  # region (empty: the whole picture): the generation it is watched since
        self._watch: Watch | None = None

    # What the frame side brings.

    async def take(self, observation: Observation) -> None:
        """Score an observation, and record what follows from it."""
        async with self._scoring:
            watched = [
                region
                for region in observation.regions
                if observation.generation >= self._watched.get(region.region, self._generation + 1)
            ]
            if not self._departed and watched:
                await self._record(await self.participants.take(observation, watched, self._clock.now_us()))

    async def fill(self, until_us: int) -> None:
        """Record, where it is due, that states without pictures go on up to an offset."""
        await self._add(self.participants.fill, until_us)
        self.progress(until_us)

    def progress(self, offset_us: int) -> None:
        """Note that everything up to an offset was answered for."""
        self.progress_us = max(self.progress_us, offset_us)
        self.progressed_us = self._clock.now_us()

    # What the caller and the record bring.

    async def begin(self, opened: Callable[[], StreamOpened]) -> None:
        """Seat the tiles, answer that the stream is open, and record what is known without pictures."""
        async with self._scoring:
            tiles = self._config.tiles if self._config.tiled else ()
            scored = await self.participants.set_tiles(tiles, self._moment(self.progress_us)) if tiles else []
            self._replies.post(opened())
            await self._record(scored)
        await self.enter_state(self.progress_us)

    async def enter_state(self, offset_us: int) -> None:
        """Record what is known without pictures: no camera, camera off, no consent."""
        moment = self._moment(offset_us)
        await self._add(lambda: self.participants.enter(moment, self.participants.state(self.camera_on)))
        self.push_watch()

    async def keep_up(self) -> None:
        """Record the updates that are due although no observation came."""
        now_us = self._live.now_us()
        self.progress(now_us)
        await self._add(self.participants.keep_up, self._moment(now_us))

    async def set_camera(self, on: bool, offset_us: int) -> None:
        """Turn the camera on or off at an offset; everything before was taken."""
        await self.fill(offset_us)
        self.camera_on = on
        own = self.participants.own
        kind = EventKind.CAMERA_ON if on else EventKind.CAMERA_OFF
        await self._live.note(kind, own, max(offset_us, own.offset_us), "", on_recorded=self._noted)
        await self.enter_state(offset_us)

    async def set_tiles(self, tiles: tuple[TileConfig, ...]) -> None:
        """Give a gallery other tiles."""
        async with self._scoring:
            if self._departed:
                return
            scored = await self.participants.set_tiles(tiles, self._moment(self.progress_us))
            await self._record(scored)
            here = self.participants.all()
            for participant in (participant for participant, _ in scored if participant not in here):
                await self._live.depart(participant, "left", None, on_recorded=self._noted)
        self.push_watch()

    def set_consent(self, name: str, consent: Consent) -> bool:
        """Take a consent over at once; return whether the stream must end for it."""
        ends = self.participants.set_consent(name, consent)
        self.push_watch()
        return ends

    def forget(self, name: str) -> None:
        """Drop what waits of a participant who was erased."""
        self._replies.forget(name)

    async def count(self, counters: PacketCounters) -> None:
        """Record what became of the packets so far."""
        if not self._departed:
            own = self.participants.own
            await self._live.note(EventKind.COUNTERS, own, self.progress_us, "", counters, on_recorded=self._noted)

    async def depart(self, detail: str, counters: Callable[[], PacketCounters]) -> PacketCounters:
        """Close everybody's stream in the record, with the exact counters; nothing of them is recorded after."""
        async with self._scoring:
            self._departed = True
            final = counters()
            for participant in self.participants.all():
                own = participant is self.participants.own
                await self._live.depart(participant, detail, final if own else None, on_recorded=self._noted)
        return final

    # The watch.

    def push_watch(self) -> None:
        """Tell the frame side what to look at, where that has changed."""
        unwatched = self.participants.why_not(camera_on=self.camera_on)
        regions = self._regions() if unwatched is None else None
        if self._watch is not None and self._watch.regions == regions:
            return
        self._generation += 1
        names = [] if regions is None else [region.name for region in regions] if self._config.tiled else [""]
        self._watched = {name: self._watched.get(name, self._generation) for name in names}
        self._watch = Watch(self._generation, regions)
        self._on_watch(self._watch, unwatched)

    def _regions(self) -> tuple[Region, ...]:
        tiles = (entry.tile for entry in self.participants.watched_tiles)
        return tuple(Region(tile.participant_id, tile.box) for tile in tiles)

    # The record.

    async def _add(self, score: Callable[..., Iterable[Scored]], *args: object) -> None:
        async with self._scoring:
            if not self._departed:
                await self._record(score(*args))

    async def _record(self, scored: Iterable[Scored]) -> None:
        """Queue values for the record; `_scoring` is held since before they were scored."""
        for participant, update in scored:
            await self._replies.reserve()
            if self._replies.live:
                self._in_a_row = (self._in_a_row + 1) % UPDATES_A_TURN
                if not self._in_a_row:
                    await asyncio.sleep(0)  # others have their turn
            if update.scoring_latency_us is not None:
                self._metrics.scored.observe(update.scoring_latency_us / 1e6)
            await self._live.record(participant, quantise(update), self._recorded)

    def _recorded(self, committed: Committed) -> None:
        """Answer with the update that is on disk."""
        for update in committed.updates:
            if update.packet_index is not None:
                self._metrics.published.observe(max(0, self._clock.now_us() - update.receive_us) / 1e6)
            if not self._silent:
                self._replies.put(update)
        if self._silent or not committed.updates:
            self._replies.release()
        self._noted(committed)

    def _noted(self, committed: Committed) -> None:
        """End the stream where the record takes no more of it; a tile that has left meanwhile ends nothing."""
        for refusal in committed.refusals:
            if refusal.participant and not self.participants.holds(refusal.participant, refusal.epoch):
                continue
            log.warning("the record refused values", reason=refusal.reason.value, epoch=refusal.epoch)
            message = f"the record takes no more of this stream: {refusal.reason.value.lower().replace('_', ' ')}"
            self._on_refused(RoompulseError(refusal.reason, message))

    def _moment(self, offset_us: int) -> Instant:
        now_us = self._clock.now_us()
        return Instant(Stamp(offset_us, self._live.began_us + offset_us, now_us), now_us)
