"""A meeting that has streams, or may get some: admits participants, records what they show, rolls it up.

seat's update ─▶ record (Recorder, commits) ─▶ committed() ─▶ hub, roll-ups ─▶ final ones are recorded, too
"""

import asyncio
from collections.abc import Coroutine, Iterable
from dataclasses import replace
from typing import Protocol

import structlog

from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.insight.rollup.rollup_builder import RollupBuilder
from roompulse_server.insight.scoring.baseline import adjustment_for
from roompulse_server.insight.scoring.scorer import ParticipantScorer
from roompulse_server.meetings.participant import ParticipantState
from roompulse_server.meetings.services import Services
from roompulse_server.storage.store import Checkpoint, Committed, Entry, Refusal
from roompulse_server.types import (
    Consent,
    ConsentState,
    Event,
    EventKind,
    Meeting,
    PacketCounters,
    Participant,
    Update,
)
from roompulse_server.types.requests import StreamConfig

log = structlog.get_logger(__name__)

END_OF_TIME_US = 1 << 60
CHECKPOINT_US = 1_000_000  # making one takes longer than scoring; a stream that crashed goes on from a second before
WINDOWS = 16  # that are closed before everybody else has a turn
STALL_US = 30_000_000  # a recording that makes no progress for so long no longer holds windows open


class Stream(Protocol):
    """What a meeting must know of a stream in it."""

    config: StreamConfig
    every_frame: bool
    progress_us: int  # offset of the newest picture that was answered for
    progressed_us: int  # when that was, by the server's clock

    async def stop(self, error: RoompulseError) -> None: ...

    async def refused(self, reason: Reason) -> None: ...

    def agree(self, name: str, consent: Consent) -> None: ...

    def revoke(self, name: str, consent: Consent) -> bool: ...

    def forget(self, name: str) -> None: ...


class LiveMeeting:
    """`began_us`: when its offset was zero, by the service's clock: not `create_us` where the host's was set since."""

    def __init__(self, meeting: Meeting, services: Services, rollups: RollupBuilder, began_us: int) -> None:
        self.meeting, self.began_us = meeting, began_us
        self.streams: dict[str, Stream] = {}
        self.idle_since_us = services.clock.now_us()
        self.newest_us = 0  # offset of the newest recorded moment
        self._services = services
        self._rollups = rollups
        self._opening: dict[str, asyncio.Lock] = {}
        self._carriers: dict[tuple[str, int], str] = {}  # participant and epoch: whose stream shows them
        self._recorded = False  # whether there was anything to roll up
        self._ending: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Lock()  # windows are recorded in the order in which they became final

    @property
    def consent_required(self) -> bool:
        """Whether nobody is analysed who was not asked."""
        return self._services.settings.consent_required

    @property
    def uid(self) -> str:
        return self.meeting.key.uid

    def now_us(self) -> int:
        """Return the time since the meeting began."""
        return self._services.clock.now_us() - self.began_us

    async def enter(self, participant: str, stream: Stream) -> None:
        """Make `stream` the participant's only one; an older one is told and has ended when this returns.

        Raises:
            RoompulseError: STREAM_REPLACED, where the older one is another stream than the one that goes on.
        """
        async with self._opening.setdefault(participant, asyncio.Lock()):
            older = self.streams.get(participant)
            if older is not None and stream.config.resumed and stream.config.stream_id != older.config.stream_id:
                message = f"another stream of participant {participant!r} is open since this one was cut off"
                raise RoompulseError(Reason.STREAM_REPLACED, message)
            if older is not None:
                message = f"a newer stream of participant {participant!r} replaced this one"
                await older.stop(RoompulseError(Reason.STREAM_REPLACED, message))
            self.streams[participant] = stream

    def leave(self, participant: str, stream: Stream) -> None:
        """Take a stream that has ended out of the meeting."""
        if self.streams.get(participant) is stream:
            del self.streams[participant]
            self._carriers = {seat: name for seat, name in self._carriers.items() if name != participant}
        if not self.streams:
            self.idle_since_us = self._services.clock.now_us()

    async def admit_own(self, config: StreamConfig, offset_us: int) -> ParticipantState:
        """Admit the participant that a stream is of; see `admit`."""
        opening = (config.participant, config.display_name, config.consent, "", offset_us)
        return await self.admit(*opening, stream_id=config.stream_id, resumed=config.resumed)

    async def admit(
        self,
        participant: str,
        display_name: str,
        consent: Consent | None,
        found_in: str,
        offset_us: int,
        *,
        face: bool = False,
        stream_id: str = "",
        resumed: bool = False,
    ) -> ParticipantState:
        """Open a participant's next epoch in the record and return its seat; `face`: one that was found in `found_in`.

        Raises:
            RoompulseError: MEETING_ENDED; STREAM_REPLACED, PARTICIPANT_NOT_FOUND for one that is resumed;
                INVALID_ARGUMENT for the id of a face, or for a face an id that is somebody else's.
        """
        recorder, store = self._services.recorder, self._services.store
        row = await recorder.call(
            store.open_stream,
            self.meeting.key,
            participant,
            display_name=display_name,
            consent=consent,
            found_in=found_in,
            offset_us=offset_us,
            time_us=self._services.clock.now_us(),
            face=face,
            stream_id=stream_id,
            resumed=resumed,
        )
        self._carriers[participant, row.epoch] = found_in or participant
        services = self._services
        adjustment = adjustment_for(services.formula, services.neutral_logp)
        return ParticipantState(row, ParticipantScorer(services.formula, adjustment, services.scoring), offset_us)

    async def describe(self, participant: str, display_name: str, consent: Consent | None) -> Participant:
        """Take a name and, where none is recorded, a consent of somebody who is there; return what is recorded then.

        Raises:
            RoompulseError: PARTICIPANT_NOT_FOUND, MEETING_ENDED.
        """
        recorder, store = self._services.recorder, self._services.store
        said = consent and replace(consent, record_us=self._services.clock.now_us())
        return await recorder.call(
            store.describe,
            self.meeting.key,
            participant,
            display_name=display_name,
            consent=said,
            offset_us=self.newest_us,
        )

    async def record(self, seat: ParticipantState, update: Update) -> None:
        """Queue an update for the record, once a second with what the scorer has learnt; waits when that is behind."""
        checkpoints: tuple[Checkpoint, ...] = ()
        if seat.learnt and abs(update.offset_us - seat.checkpointed_us) >= CHECKPOINT_US:
            seat.checkpointed_us, seat.learnt = update.offset_us, False
            checkpoints = (_checkpoint(seat),)
        await self._services.recorder.append(Entry(self.meeting.key, updates=(update,), checkpoints=checkpoints))

    async def note(
        self,
        kind: EventKind,
        seat: ParticipantState,
        offset_us: int,
        detail: str,
        counters: PacketCounters | None = None,
    ) -> None:
        """Queue an event of a participant for the record, with the scorer's state."""
        event = Event(kind, offset_us, self._services.clock.now_us(), seat.id, seat.row.epoch, detail, counters)
        entry = Entry(self.meeting.key, events=(event,), checkpoints=(_checkpoint(seat),))
        await self._services.recorder.append(entry)

    async def depart(self, seat: ParticipantState, detail: str, counters: PacketCounters | None) -> None:
        """Close a participant's stream in the record."""
        offset_us = max(seat.offset_us, 0)
        await self.note(EventKind.STREAM_CLOSED, seat, offset_us, detail, counters)

    def committed(self, entry: Committed) -> None:
        """Take in what the record now holds."""
        for update in entry.updates:
            self._recorded = True
            self._rollups.add(update)
            self.newest_us = max(self.newest_us, update.offset_us)
        for event in entry.events:
            if event.kind is EventKind.STREAM_OPENED:
                self._rollups.join(event.participant, event.offset_us, event.epoch)
            elif event.kind is EventKind.STREAM_CLOSED:
                self._rollups.leave(event.participant, event.offset_us, event.epoch)
            elif event.kind is EventKind.CONSENT_CHANGED and event.consent is not None:
                self._consent_changed(event.participant, event.consent)
            self.newest_us = max(self.newest_us, event.offset_us)
        for participant in entry.erased:
            self._erased(participant)

    def withhold(self, participant: str) -> None:
        """Look at somebody no longer, at once; their streams end when the record has it."""
        for stream in self._showing(participant):
            stream.revoke(participant, Consent(ConsentState.WITHDRAWN))

    def _consent_changed(self, participant: str, consent: Consent) -> None:
        for stream in self._showing(participant):
            if consent.state is ConsentState.GRANTED:
                stream.agree(participant, consent)
            else:
                message = "the participant has taken their consent back: nothing of them is analysed any more"
                self._part(stream, participant, consent, RoompulseError(Reason.CONSENT_WITHDRAWN, message))

    def _erased(self, participant: str) -> None:
        for stream in self._showing(participant):
            error = RoompulseError(Reason.PARTICIPANT_ERASED, "the participant was erased from this meeting")
            self._part(stream, participant, Consent(), error)
            stream.forget(participant)
        self._rollups.forget(participant)
        if participant in self._opening and not self._opening[participant].locked():
            del self._opening[participant]

    def _part(self, stream: Stream, participant: str, consent: Consent, error: RoompulseError) -> None:
        self._carriers = {seat: name for seat, name in self._carriers.items() if seat[0] != participant}
        if stream.revoke(participant, consent):
            self._end(stream.stop(error))

    def _showing(self, participant: str) -> list[Stream]:
        """Return the streams that show somebody."""
        names = {name for (who, _), name in self._carriers.items() if who == participant}
        return [stream for name, stream in self.streams.items() if name in names]

    def _end(self, ending: Coroutine[None, None, None]) -> None:
        self._ending.add(task := asyncio.create_task(ending))
        task.add_done_callback(self._ending.discard)

    def refused(self, refusals: Iterable[Refusal]) -> None:
        """End the streams whose values the record refused."""
        for refusal in refusals:
            log.warning("the record refused values", reason=refusal.reason.value, epoch=refusal.epoch)
            stream = self.streams.get(self._carriers.get((refusal.participant, refusal.epoch), ""))
            if stream is not None:
                self._end(stream.refused(refusal.reason))

    async def roll_up(self) -> None:
        """Record the windows that are final, publish the present state of the others."""
        if not self._recorded:
            return  # time in an empty meeting closes no windows: a recording may still come and fill them
        await self._close_windows(self._watermark_us())
        self._services.hub.publish(self.uid, self._rollups.revised(self.now_us()))

    async def stop_streams(self, error: RoompulseError) -> None:
        """End all streams; they have ended, and all they brought is recorded, when this returns."""
        await asyncio.gather(*(stream.stop(error) for stream in list(self.streams.values())))

    async def finish(self) -> None:
        """Make every window final."""
        await self._services.recorder.flush()
        await self._close_windows(END_OF_TIME_US)

    async def _close_windows(self, watermark_us: int) -> None:
        """Record what has become final, a slice at a time: a recording may have kept hours of windows open."""
        async with self._closing:
            while True:
                if final := self._rollups.advance(watermark_us, WINDOWS):
                    await self._services.recorder.append(Entry(self.meeting.key, rollups=tuple(final)))
                if not self._rollups.due(watermark_us):
                    return
                await asyncio.sleep(0)

    def _watermark_us(self) -> int:
        """Nothing before this offset is still to come: of each recording its progress, of everything else the clock."""
        now_us = self._services.clock.now_us()
        ends = [
            stream.progress_us if stream.every_frame else now_us - self.began_us
            for stream in self.streams.values()
            if not stream.every_frame or now_us - stream.progressed_us < STALL_US
        ]
        return min(ends, default=now_us - self.began_us)


def _checkpoint(seat: ParticipantState) -> Checkpoint:
    return Checkpoint(seat.id, seat.row.epoch, seat.scorer.checkpoint())
