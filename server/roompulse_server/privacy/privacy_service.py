"""Consent, erasure, retention, notice and audit, as callers ask for them.

set_consent ─► who may not be looked at any more is not, at once ─► record ─► streams end
delete_…    ─► streams end ─► record ─► sweep, in small steps between commits, until no byte is left
"""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from roompulse_server.access.caller import Caller
from roompulse_server.background import Deeds, OnFailure, Periodic
from roompulse_server.errors import InvalidArgumentError, Reason, RoompulseError
from roompulse_server.meetings.live_meeting import LiveMeeting
from roompulse_server.meetings.registry import Registry
from roompulse_server.meetings.server_clock import ServerClock
from roompulse_server.meetings.timekeeper import Timekeeper
from roompulse_server.meetings.validation import (
    MAX_FOUND_ID,
    check_consent,
    check_id,
    check_purpose,
    check_ref,
    page_size,
)
from roompulse_server.privacy.privacy_notice import PrivacyNotice, notice_of
from roompulse_server.settings import Settings
from roompulse_server.storage.recorder import Recorder
from roompulse_server.storage.store import Page
from roompulse_server.types import AuditEntry, Consent, ConsentState, MeetingKey, Purpose
from roompulse_server.types.requests import MeetingRef

RETENTION_INTERVAL_S = 10.0  # between two retention passes
PAUSE_S = 0.005  # between two steps of a sweep: the live writer goes first
AT_ONCE = 100  # meetings deleted in one pass
_NEVER_S = 1e9  # 31 years: SQL knows no infinity


@dataclass(frozen=True, slots=True)
class ConsentChange:
    """A consent to put in force; `erase` comes with a withdrawal only."""

    ref: MeetingRef
    participant: str
    consent: Consent
    erase: bool


@dataclass(frozen=True, slots=True)
class AuditQuery:
    tenant: str
    meeting_uid: str
    page_size: int
    page_token: str


class PrivacyService:
    """Use as `async with`: deletes what was kept long enough, and finishes what a crash has interrupted."""

    def __init__(
        self,
        registry: Registry,
        recorder: Recorder,
        *,
        clock: ServerClock,
        timekeeper: Timekeeper,
        settings: Settings,
        hold_s: float,
        on_failure: OnFailure,
    ) -> None:
        """`hold_s`: for so long a value may show in the windows after it."""
        self._registry, self._recorder = registry, recorder
        self._clock, self._timekeeper, self._settings, self._hold_s = clock, timekeeper, settings, hold_s
        self._deeds = Deeds()
        self._retention = Periodic("retention", RETENTION_INTERVAL_S, self.delete_expired, on_failure, at_once=True)

    async def __aenter__(self) -> "PrivacyService":
        await self._retention.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._retention.__aexit__()
        await self._deeds.aclose()

    async def set_consent(self, caller: Caller, change: ConsentChange) -> Consent:
        """Put a consent in force, also where the caller goes away meanwhile.

        A consent may be recorded of somebody who is still to come; to erase somebody, they must be there.

        Raises:
            RoompulseError: INVALID_ARGUMENT, MEETING_NOT_FOUND, MEETING_ENDED, PARTICIPANT_NOT_FOUND,
                PARTICIPANT_ERASED.
        """
        _check_change(change)
        key, live = await self._find(caller, change.ref)
        if change.erase:
            await self._recorder.read(self._recorder.store.get_participant, key, change.participant)
        if live is not None and change.consent.state is not ConsentState.GRANTED:
            live.withhold(change.participant)
        return await self._deeds.complete(self._put(key, change, live.newest_us if live else 0))

    async def delete_participant(self, caller: Caller, ref: MeetingRef, participant: str, allow_missing: bool) -> None:
        """Erase a participant; no byte of theirs is left when this returns.

        Raises:
            RoompulseError: INVALID_ARGUMENT; MEETING_NOT_FOUND, PARTICIPANT_NOT_FOUND unless they may be missing.
        """
        with _missing(allow_missing):
            check_id("participant_id", participant, MAX_FOUND_ID)
            key, live = await self._find(caller, ref)
            if live is not None:
                live.withhold(participant)
            await self._deeds.complete(self._erase(key, participant, live.newest_us if live else 0))

    async def delete_meeting(self, caller: Caller, ref: MeetingRef, allow_missing: bool) -> None:
        """Erase a meeting; no byte of anybody in it is left when this returns.

        Raises:
            RoompulseError: INVALID_ARGUMENT; MEETING_NOT_FOUND unless it may be missing.
        """
        with _missing(allow_missing):
            meeting = await self._registry.end(check_ref(ref, caller), "deleted by request")
            await self._deeds.complete(self._delete(meeting.key, "by request"))

    async def notice(self, caller: Caller, ref: MeetingRef | None, purpose: Purpose) -> PrivacyNotice:
        """Return what people are to be told, of a meeting or for a purpose.

        Raises:
            RoompulseError: MEETING_NOT_FOUND; PURPOSE_MISSING, PURPOSE_REFUSED.
        """
        settings = self._settings
        meeting = await self._registry.find(check_ref(ref, caller)) if ref else None
        purpose = meeting.purpose if meeting else purpose
        check_purpose(purpose, settings.allow_purposes)
        kept_s = meeting.retention_s if meeting else None
        return notice_of(
            purpose,
            aggregate_only=meeting is not None and meeting.aggregate_only,
            min_group=settings.min_group,
            retention_s=settings.retention_s if kept_s is None else kept_s,
            consent_required=settings.consent_required,
        )

    async def audit(self, caller: Caller, query: AuditQuery) -> Page[AuditEntry]:
        return await self._recorder.read(
            self._recorder.store.list_audit,
            caller.named(query.tenant),
            meeting_uid=query.meeting_uid,
            limit=page_size(query.page_size, 100, 1000),
            cursor=query.page_token,
        )

    async def delete_expired(self) -> None:
        """Erase the meetings that were kept as long as they, or the settings, say."""
        store, now_us = self._recorder.store, self._timekeeper.kept_us()
        retention_s = min(self._settings.retention_s, _NEVER_S)
        for key in await self._recorder.read(store.expired, now_us=now_us, retention_s=retention_s, limit=AT_ONCE):
            with _missing(allowed=True):  # somebody may have deleted it just now
                await self._delete(key, "retention")
        await self._sweep()  # also what a crash has left

    async def _find(self, caller: Caller, ref: MeetingRef) -> tuple[MeetingKey, LiveMeeting | None]:
        key = (await self._registry.find(check_ref(ref, caller))).key
        return key, self._registry.live(key.uid)

    async def _put(self, key: MeetingKey, change: ConsentChange, offset_us: int) -> Consent:
        consent = replace(change.consent, record_us=self._clock.now_us())
        set_consent = self._recorder.store.set_consent
        row = await self._recorder.call(set_consent, key, change.participant, consent, offset_us=offset_us)
        if change.erase:
            await self._erase(key, change.participant, offset_us)
        return row.consent

    async def _erase(self, key: MeetingKey, participant: str, offset_us: int) -> None:
        await self._recorder.call(
            self._recorder.store.erase_participant,
            key,
            participant,
            hold_us=round(self._hold_s * 1e6),
            offset_us=offset_us,
            time_us=self._clock.now_us(),
        )
        await self._sweep()

    async def _delete(self, key: MeetingKey, why: str) -> None:
        time_us = self._clock.now_us()
        await self._recorder.call(self._recorder.store.delete_meeting, key, time_us=time_us, why=why)
        await self._sweep()

    async def _sweep(self) -> None:
        left = True
        while left:
            left = await self._recorder.call(self._recorder.store.sweep)
            await asyncio.sleep(PAUSE_S)


def _check_change(change: ConsentChange) -> None:
    check_id("participant_id", change.participant, MAX_FOUND_ID)
    check_consent("consent", change.consent)
    if change.consent.state is ConsentState.UNSPECIFIED:
        raise InvalidArgumentError("consent.state", "it must be GRANTED, REFUSED or WITHDRAWN")
    if change.erase and change.consent.state is not ConsentState.WITHDRAWN:
        raise InvalidArgumentError("erase", f"it comes with WITHDRAWN, and this consent is {change.consent.state.name}")


@contextlib.contextmanager
def _missing(allowed: bool) -> Iterator[None]:
    """Take it that there is nothing to erase where that is allowed."""
    try:
        yield
    except RoompulseError as error:
        if not allowed or error.reason not in (Reason.MEETING_NOT_FOUND, Reason.PARTICIPANT_NOT_FOUND):
            raise
