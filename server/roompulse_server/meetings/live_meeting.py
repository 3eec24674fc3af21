"""A meeting that has streams, or may get some. It follows the record: whatever is committed to its log, by whomever.

a stream ─▶ record(update) ─▶ Recorder ─▶ log ─▶ bus ─▶ committed(): roll-ups, consent, erasure, the meeting's end
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Protocol

from roompulse_server.bus.bus import Bus, Following
from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.insight.rollup.rollup_builder import RollupBuilder
from roompulse_server.insight.scoring.scorer import ParticipantScorer
from roompulse_server.meetings.meeting_rollups import MeetingRollups
from roompulse_server.meetings.participant import ParticipantState
from roompulse_server.meetings.server_clock import ServerClock
from roompulse_server.storage.recorder import Recorder
from roompulse_server.storage.recorder_queue import OnRecorded
from roompulse_server.types import Consent, ConsentState, Event, EventKind, Meeting, PacketCounters, Participant
from roompulse_server.types.log import Checkpoint, Committed, Entry, QuantisedUpdate
from roompulse_server.types.requests import StreamConfig

CHECKPOINT_US = 1_000_000  # making one takes longer than scoring; a stream that crashed goes on from a second before
STALL_US = 30_000_000  # a recording that makes no progress for so long no longer holds windows open


class Stream(Protocol):
    """What a meeting must know of a stream in it."""

    config: StreamConfig
    every_frame: bool

    @property
    def progress_us(self) -> int:
        """Offset of the newest packet that was answered for."""

    @property
    def progressed_us(self) -> int:
        """When that was, by the service's clock."""

    async def stop(self, error: RoompulseError) -> None: ...

    def shows(self, name: str) -> bool: ...

    def set_consent(self, name: str, consent: Consent) -> bool: ...

    def forget(self, name: str) -> None: ...


@dataclass(frozen=True, slots=True, eq=False)
class MeetingParts:
    """What live meetings are made of."""

    recorder: Recorder
    bus: Bus
    clock: ServerClock
    new_scorer: Callable[[], ParticipantScorer]


class LiveMeeting:
    """`began_us`: when its offset was zero, by the service's clock: not `create_us` where the host's was set since."""

    def __init__(self, meeting: Meeting, parts: MeetingParts, rollups: RollupBuilder, began_us: int) -> None:
        self.meeting, self.began_us = meeting, began_us
        self.streams: dict[str, Stream] = {}  # of this process, by participant
        self.newest_us = 0  # offset of the newest recorded moment
        self.ended = False  # the log says so
        self._recorder, self._bus, self._clock = parts.recorder, parts.bus, parts.clock
        self._new_scorer = parts.new_scorer
        self._rollups = MeetingRollups(meeting.key, rollups, parts.recorder, parts.bus)
        self._idle_since_us = parts.clock.now_us()
        self._open: set[tuple[str, int]] = set()  # streams that are open by the log: participant and epoch
        self._entering: dict[str, asyncio.Lock] = {}
        self._endings: set[asyncio.Task[None]] = set()
        self._following: Following | None = None

    @property
    def uid(self) -> str:
        return self.meeting.key.uid

    def now_us(self) -> int:
        """Return the time since the meeting began."""
        return self._clock.now_us() - self.began_us

    def follow(self) -> None:
        """Take in from now on what is committed to the log."""
        self._open.clear()  # streams of a process that is gone: this one has opened none yet
        self._following = self._bus.follow(self.uid, self.committed)

    def close(self) -> None:
        """Follow the log no longer."""
        if self._following is not None:
            self._following.close()

    def idle_us(self) -> int:
        """Return for how long nobody has streamed, by the log; 0 while somebody does."""
        return 0 if self.streams or self._open else self._clock.now_us() - self._idle_since_us

    # Streams.

    async def enter(self, participant: str, stream: Stream) -> None:
        """Make `stream` the participant's only one; an older one is told and has ended when this returns.

        Raises:
            RoompulseError: STREAM_REPLACED, where the older one is another stream than the one that goes on.
        """
        async with self._entering.setdefault(participant, asyncio.Lock()):
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
        self._idle_since_us = self._clock.now_us()

    async def stop_streams(self, error: RoompulseError) -> None:
        """End all streams; they have ended, and all they brought is recorded, when this returns."""
        await asyncio.gather(*(stream.stop(error) for stream in list(self.streams.values())))

    # Participants, and what is recorded of them.

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
        """Open a participant's next epoch in the record; `face`: one that was found in `found_in`.

        Raises:
            RoompulseError: MEETING_ENDED; STREAM_REPLACED, PARTICIPANT_NOT_FOUND for one that is resumed;
                INVALID_ARGUMENT for the id of a face, or for a face an id that is somebody else's.
        """
        row = await self._recorder.call(
            self._recorder.store.open_stream,
            self.meeting.key,
            participant,
            display_name=display_name,
            consent=consent,
            found_in=found_in,
            offset_us=offset_us,
            time_us=self._clock.now_us(),
            face=face,
            stream_id=stream_id,
            resumed=resumed,
        )
        return ParticipantState(row, self._new_scorer(), offset_us)

    async def describe(self, participant: str, display_name: str, consent: Consent | None) -> Participant:
        """Take a name and, where none is recorded, a consent of a participant; return what is recorded then.

        Raises:
            RoompulseError: PARTICIPANT_NOT_FOUND, MEETING_ENDED.
        """
        stamped = consent and replace(consent, record_us=self._clock.now_us())
        return await self._recorder.call(
            self._recorder.store.describe,
            self.meeting.key,
            participant,
            display_name=display_name,
            consent=stamped,
            offset_us=self.newest_us,
        )

    async def record(self, participant: ParticipantState, quantised: QuantisedUpdate, on_recorded: OnRecorded) -> None:
        """Queue an update for the record, once a second with what the scorer has learnt; waits when that is behind."""
        checkpoints: tuple[Checkpoint, ...] = ()
        offset_us = quantised.update.offset_us
        if participant.learnt and abs(offset_us - participant.checkpointed_us) >= CHECKPOINT_US:
            participant.checkpointed_us, participant.learnt = offset_us, False
            checkpoints = (_checkpoint(participant),)
        entry = Entry(self.meeting.key, updates=(quantised,), checkpoints=checkpoints)
        await self._recorder.append(entry, on_recorded)

    async def note(
        self,
        kind: EventKind,
        participant: ParticipantState,
        offset_us: int,
        detail: str,
        counters: PacketCounters | None = None,
        *,
        on_recorded: OnRecorded | None = None,
    ) -> None:
        """Queue an event of a participant for the record, with the scorer's state."""
        time_us = self._clock.now_us()
        event = Event(kind, offset_us, time_us, participant.id, participant.row.epoch, detail, counters)
        entry = Entry(self.meeting.key, events=(event,), checkpoints=(_checkpoint(participant),))
        await self._recorder.append(entry, on_recorded)

    async def depart(
        self,
        participant: ParticipantState,
        detail: str,
        counters: PacketCounters | None,
        *,
        on_recorded: OnRecorded | None = None,
    ) -> None:
        """Close a participant's stream in the record."""
        offset_us = max(participant.offset_us, 0)
        kind = EventKind.STREAM_CLOSED
        await self.note(kind, participant, offset_us, detail, counters, on_recorded=on_recorded)

    # The log.

    def committed(self, entry: Committed) -> None:
        """Take in what the log holds."""
        self._rollups.committed(entry)
        for update in entry.updates:
            self.newest_us = max(self.newest_us, update.offset_us)
        for event in entry.events:
            self._take_event(event)
            self.newest_us = max(self.newest_us, event.offset_us)
        for participant in entry.erased:
            self._erased(participant)

    def withhold(self, participant: str) -> None:
        """Look at a participant no longer, at once; their streams end when the record has it."""
        for stream in self._showing(participant):
            stream.set_consent(participant, Consent(ConsentState.WITHDRAWN))

    def _take_event(self, event: Event) -> None:
        match event.kind:
            case EventKind.STREAM_OPENED:
                self._open.add((event.participant, event.epoch))
            case EventKind.STREAM_CLOSED:
                self._close_stream(event.participant, event.epoch)
            case EventKind.CONSENT_CHANGED if event.consent is not None:
                self._consent_changed(event.participant, event.consent)
            case EventKind.MEETING_ENDED:
                self.ended = True
                message = f"meeting {self.meeting.key.id!r} was ended: {event.detail}"
                self._run(self.stop_streams(RoompulseError(Reason.MEETING_ENDED, message)))

    def _close_stream(self, participant: str, epoch: int) -> None:
        self._open.discard((participant, epoch))
        self._idle_since_us = self._clock.now_us()

    def _consent_changed(self, participant: str, consent: Consent) -> None:
        for stream in self._showing(participant):
            if stream.set_consent(participant, consent):
                message = "the participant has taken their consent back: nothing of them is analysed any more"
                self._run(stream.stop(RoompulseError(Reason.CONSENT_WITHDRAWN, message)))
        if consent.state is not ConsentState.GRANTED:
            self._open = {(name, epoch) for name, epoch in self._open if name != participant}

    def _erased(self, participant: str) -> None:
        for stream in list(self.streams.values()):
            shows = stream.shows(participant)
            stream.forget(participant)
            if shows and stream.set_consent(participant, Consent()):
                error = RoompulseError(Reason.PARTICIPANT_ERASED, "the participant was erased from this meeting")
                self._run(stream.stop(error))
        self._open = {(name, epoch) for name, epoch in self._open if name != participant}
        if participant in self._entering and not self._entering[participant].locked():
            del self._entering[participant]

    def _showing(self, participant: str) -> list[Stream]:
        return [stream for stream in self.streams.values() if stream.shows(participant)]

    def _run(self, ending: Coroutine[None, None, None]) -> None:
        self._endings.add(task := asyncio.create_task(ending))
        task.add_done_callback(self._endings.discard)

    # Windows.

    async def roll_up(self) -> None:
        """Record the windows that are final, announce the present state of the others."""
        await self._rollups.roll_up(self._watermark_us(), self.now_us())

    async def finish(self) -> None:
        """Make every window final."""
        await self._recorder.flush()
        await self._rollups.finish()

    def _watermark_us(self) -> int:
        """Return the offset before which nothing is still to come.

        It is the least of each recording's progress and, for live streams, the clock.
        """
        now_us = self._clock.now_us()
        ends = [
            stream.progress_us if stream.every_frame else now_us - self.began_us
            for stream in self.streams.values()
            if not stream.every_frame or now_us - stream.progressed_us < STALL_US
        ]
        return min(ends, default=now_us - self.began_us)


def _checkpoint(participant: ParticipantState) -> Checkpoint:
    return Checkpoint(participant.id, participant.row.epoch, participant.scorer.checkpoint())
