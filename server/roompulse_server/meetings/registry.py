"""Which meetings there are: created on first use, revived from the record, ended by request or when idle."""

import asyncio
from dataclasses import replace

import structlog

from roompulse_server.background import OnFailure, Periodic, attempt
from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.meetings.live_meeting import LiveMeeting
from roompulse_server.meetings.revival import Revival, damaged, revive
from roompulse_server.meetings.validation import check_purpose
from roompulse_server.settings import Settings
from roompulse_server.types import Meeting, MeetingKey, MeetingState, Purpose
from roompulse_server.types.requests import MeetingRef, StreamConfig

log = structlog.get_logger(__name__)

PAGE = 200
MAINTENANCE_INTERVAL_S = 1.0
LAST_S = 2.0  # for streams to end once nothing is waited for any more


class Registry:
    """Use as `async with`: takes up the active meetings of the record, and maintains them once a second."""

    def __init__(self, revival: Revival, settings: Settings, on_failure: OnFailure) -> None:
        self._revival, self._settings, self._on_failure = revival, settings, on_failure
        self._recorder, self._clock = revival.parts.recorder, revival.parts.clock
        self._timekeeper = revival.timekeeper
        self._live: dict[str, LiveMeeting] = {}
        self._opening = asyncio.Lock()
        self._maintenance = Periodic("maintenance", MAINTENANCE_INTERVAL_S, self._maintain, on_failure)
        self.draining = False

    async def __aenter__(self) -> "Registry":
        """Take up the active meetings.

        Raises:
            RoompulseError: RECORD_DAMAGED, RECORD_UNAVAILABLE: it cannot be read which they are.
        """
        cursor = ""
        while True:
            page = await self._recorder.read(
                self._recorder.store.list_meetings, "default", state=MeetingState.ACTIVE, limit=PAGE, cursor=cursor
            )
            for meeting in page.items:
                await self._revive_if_whole(meeting)
            cursor = page.cursor
            if not cursor:
                break
        await self._maintenance.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._maintenance.__aexit__()

    async def drain(self) -> None:
        """Refuse new streams and end the open ones; all they brought is recorded when this returns.

        That takes `drain_s` at most: a disk that still fails towards its end costs what it did not take.
        """
        self.draining = True
        error = RoompulseError(Reason.DRAINING, "the service is stopping; open the stream again in a moment")
        stopping = (live.stop_streams(error) for live in list(self._live.values()))
        ending = asyncio.gather(*stopping, return_exceptions=True)
        await asyncio.wait([ending], timeout=max(0.0, self._settings.drain_s - LAST_S))
        if not ending.done():
            self._recorder.give_up()
            await asyncio.wait([ending], timeout=LAST_S)
        if not ending.done():
            log.error("some streams could not be ended in time")
            ending.cancel()

    async def find(self, ref: MeetingRef) -> Meeting:
        """Return a meeting's row.

        Raises:
            RoompulseError: MEETING_NOT_FOUND.
        """
        key = MeetingKey(ref.tenant, ref.id, ref.uid)
        return await self._recorder.read(self._recorder.store.get_meeting, key)

    async def create(self, meeting: Meeting, request_id: str = "") -> Meeting:
        """Create a meeting; its key needs no uid.

        Raises:
            RoompulseError: MEETING_EXISTS, PURPOSE_MISSING, PURPOSE_REFUSED.
        """
        check_purpose(meeting.purpose, self._settings.allow_purposes)
        new = replace(
            meeting,
            key=replace(meeting.key, uid=""),
            state=MeetingState.ACTIVE,
            create_us=self._clock.now_us(),
            create_steady_us=self._timekeeper.steady_us(),
        )
        created = await self._recorder.call(self._recorder.store.create_meeting, new, request_id)
        if created.key.uid not in self._live and created.state is MeetingState.ACTIVE:
            await self._revive(created)
        return created

    async def for_stream(self, config: StreamConfig) -> LiveMeeting:
        """Return the meeting a stream belongs to; create it on first use.

        Raises:
            RoompulseError: DRAINING, MEETING_NOT_FOUND (a uid was named), MEETING_ENDED, PURPOSE_*.
        """
        if self.draining:
            raise RoompulseError(Reason.DRAINING, "the service is stopping; open the stream again in a moment")
        ref = config.meeting
        async with self._opening:
            meeting = await self._found(ref)
            if meeting is None or (meeting.state is MeetingState.ENDED and config.new_occurrence and not ref.uid):
                meeting = await self.create(_meeting_of(config))
            if meeting.state is MeetingState.ENDED:
                message = f"meeting {meeting.key.id!r} has ended; set new_occurrence to begin another one"
                raise RoompulseError(Reason.MEETING_ENDED, message)
            _check_same_purpose(config, meeting)
            check_purpose(meeting.purpose, self._settings.allow_purposes)
            return self._live.get(meeting.key.uid) or await self._revive(meeting)

    async def end(self, ref: MeetingRef, reason: str = "ended by request", request_id: str = "") -> Meeting:
        """End a meeting: its streams first, then the meeting in the record. Idempotent.

        A request_id seen before gives its meeting again, also when the id has a newer occurrence.
        """
        key, by = MeetingKey(ref.tenant, ref.id, ref.uid), self._recorder.store.meeting_ended_by
        known = await self._recorder.read(by, key, request_id) if request_id else None
        meeting = known or await self.find(ref)
        if meeting.state is MeetingState.ENDED:
            return await self._end(meeting, 0, reason, request_id)
        live = self._live.get(meeting.key.uid) or await self._revive_if_whole(meeting)
        error = RoompulseError(Reason.MEETING_ENDED, f"meeting {meeting.key.id!r} was ended: {reason}")
        if live is not None:
            await live.stop_streams(error)
            await live.finish()
        newest_us = live.newest_us if live else 0  # the last recorded moment: idle time after it is no meeting
        ended = await self._end(meeting, newest_us, reason, request_id)
        if live is not None:
            await live.stop_streams(error)  # those that came in between; from now on none is admitted
        self._forget(meeting.key.uid)
        return ended

    async def _end(self, meeting: Meeting, offset_us: int, reason: str, request_id: str) -> Meeting:
        return await self._recorder.call(
            self._recorder.store.end_meeting,
            meeting.key,
            time_us=self._clock.now_us(),
            offset_us=offset_us,
            reason=reason,
            request_id=request_id,
            kept_us=self._timekeeper.kept_us(),
        )

    async def _found(self, ref: MeetingRef) -> Meeting | None:
        """Return a meeting, or None where one may be created: its id is free, and no occurrence was named."""
        try:
            return await self.find(ref)
        except RoompulseError as error:
            if ref.uid or error.reason is not Reason.MEETING_NOT_FOUND:
                raise
            return None

    def streams(self, ref: MeetingRef, participant: str) -> bool:
        """Whether a participant of a meeting has a stream here, which another one would replace."""
        return any(
            participant in live.streams
            for live in self._live.values()
            if live.meeting.key.tenant == ref.tenant
            and (live.uid == ref.uid if ref.uid else live.meeting.key.id == ref.id)
        )

    def live(self, uid: str) -> LiveMeeting | None:
        return self._live.get(uid)

    async def _revive(self, meeting: Meeting) -> LiveMeeting:
        live = await revive(meeting, self._revival)
        if (faster := self._live.get(meeting.key.uid)) is not None:
            return faster  # it was taken up meanwhile
        self._live[meeting.key.uid] = live
        live.follow()
        return live

    def _forget(self, uid: str) -> None:
        live = self._live.pop(uid, None)
        if live is not None:
            live.close()

    async def _revive_if_whole(self, meeting: Meeting) -> LiveMeeting | None:
        """Take a meeting up; say so where it is damaged, which costs this one alone."""
        try:
            return await self._revive(meeting)
        except RoompulseError as error:
            if error.reason is not Reason.RECORD_DAMAGED:
                raise
            log.error(damaged(meeting).message, meeting_uid=meeting.key.uid, why=error.message)
            return None

    async def _maintain(self) -> None:
        for live in list(self._live.values()):
            await attempt("maintenance", self._maintain_one(live), self._on_failure, meeting_uid=live.uid)

    async def _maintain_one(self, live: LiveMeeting) -> None:
        if live.ended and not live.streams:
            self._forget(live.uid)  # ended by another process
            return
        await live.roll_up()
        timeout_s = live.meeting.idle_timeout_s or self._settings.idle_timeout_s
        if live.idle_us() > timeout_s * 1e6:
            key = live.meeting.key
            await self.end(MeetingRef(key.tenant, key.id, key.uid), "idle")


def _meeting_of(config: StreamConfig) -> Meeting:
    return Meeting(
        key=MeetingKey(config.meeting.tenant, config.meeting.id, ""),
        purpose=config.purpose,
        state=MeetingState.ACTIVE,
        create_us=0,
        time_zone=config.time_zone,
        everyone_consented=config.everyone_consented,
    )


def _check_same_purpose(config: StreamConfig, meeting: Meeting) -> None:
    if config.purpose not in (Purpose.UNSPECIFIED, meeting.purpose):
        message = (
            f"meeting {meeting.key.id!r} is analysed for {_in_words(meeting.purpose)}, and this stream says "
            f"{_in_words(config.purpose)}; leave the purpose out, or say the meeting's own"
        )
        raise RoompulseError(Reason.PURPOSE_DIFFERS, message)


def _in_words(purpose: Purpose) -> str:
    return purpose.name.lower().replace("_", " ")
