"""Consent, erasure, retention, notice and audit, as callers ask for them.

set_consent ─► who may not be looked at any more is not, at once ─► record ─► streams end
delete_…    ─► streams end ─► record ─► sweep, in small steps between commits, until no byte is left
"""

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import structlog

from roompulse_server.errors import InvalidArgumentError, Reason, RoompulseError
from roompulse_server.meetings.live import LiveMeeting
from roompulse_server.meetings.registry import Registry
from roompulse_server.meetings.services import Services
from roompulse_server.meetings.validation import (
    MAX_FOUND_ID,
    check_consent,
    check_id,
    check_purpose,
    check_ref,
    check_tenant,
    page_size,
)
from roompulse_server.privacy.privacy_notice import PrivacyNotice, notice_of
from roompulse_server.storage.store import Page
from roompulse_server.types import AuditEntry, Consent, ConsentState, MeetingKey, Purpose
from roompulse_server.types.requests import MeetingRef

log = structlog.get_logger(__name__)

T = TypeVar("T")

CARE_S = 10.0  # between two looks at what was kept long enough
PAUSE_S = 0.005  # between two steps of a sweep: the live writer goes first
AT_ONCE = 100  # meetings deleted at one look
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

    def __init__(self, services: Services, registry: Registry) -> None:
        self._services, self._registry = services, registry
        self._janitor: asyncio.Task[None] | None = None
        self._deeds: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> "PrivacyService":
        self._janitor = asyncio.create_task(self._care(), name="janitor")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._janitor is not None:
            self._janitor.cancel()
            await asyncio.gather(self._janitor, *self._deeds, return_exceptions=True)

    async def set_consent(self, change: ConsentChange) -> Consent:
        """Put a consent in force, also where the caller goes away meanwhile.

        A consent may be recorded of somebody who is still to come; to erase somebody, they must be there.

        Raises:
            RoompulseError: INVALID_ARGUMENT, MEETING_NOT_FOUND, MEETING_ENDED, PARTICIPANT_NOT_FOUND,
                PARTICIPANT_ERASED.
        """
        _check_change(change)
        key, live = await self._find(change.ref)
        if change.erase:
            await self._services.recorder.read(self._services.store.get_participant, key, change.participant)
        if live is not None and change.consent.state is not ConsentState.GRANTED:
            live.withhold(change.participant)
        return await self._surely(self._put(key, change, live.newest_us if live else 0))

    async def delete_participant(self, ref: MeetingRef, participant: str, allow_missing: bool) -> None:
        """Erase a participant; no byte of theirs is left when this returns.

        Raises:
            RoompulseError: INVALID_ARGUMENT; MEETING_NOT_FOUND, PARTICIPANT_NOT_FOUND unless they may be missing.
        """
        with _missing(allow_missing):
            check_id("participant_id", participant, MAX_FOUND_ID)
            key, live = await self._find(ref)
            if live is not None:
                live.withhold(participant)
            await self._surely(self._erase(key, participant, live.newest_us if live else 0))

    async def delete_meeting(self, ref: MeetingRef, allow_missing: bool) -> None:
        """Erase a meeting; no byte of anybody in it is left when this returns.

        Raises:
            RoompulseError: INVALID_ARGUMENT; MEETING_NOT_FOUND unless it may be missing.
        """
        with _missing(allow_missing):
            meeting = await self._registry.end(check_ref(ref), "deleted by request")
            await self._surely(self._delete(meeting.key, "by request"))

    async def notice(self, ref: MeetingRef | None, purpose: Purpose) -> PrivacyNotice:
        """Return what people are to be told, of a meeting or for a purpose.

        Raises:
            RoompulseError: MEETING_NOT_FOUND; PURPOSE_MISSING, PURPOSE_REFUSED.
        """
        settings = self._services.settings
        meeting = await self._registry.find(check_ref(ref)) if ref else None
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

    async def audit(self, query: AuditQuery) -> Page[AuditEntry]:
        return await self._services.recorder.read(
            self._services.store.list_audit,
            check_tenant(query.tenant),
            meeting_uid=query.meeting_uid,
            limit=page_size(query.page_size, 100, 1000),
            cursor=query.page_token,
        )

    async def delete_expired(self) -> None:
        """Erase the meetings that were kept as long as they, or the settings, say."""
        store, now_us = self._services.store, self._services.timekeeper.kept_us()
        retention_s = min(self._services.settings.retention_s, _NEVER_S)
        for key in await self._services.recorder.read(
            store.expired, now_us=now_us, retention_s=retention_s, limit=AT_ONCE
        ):
            with _missing(allowed=True):  # somebody may have deleted it just now
                await self._delete(key, "retention")
        await self._sweep()  # also what a crash has left

    async def _find(self, ref: MeetingRef) -> tuple[MeetingKey, LiveMeeting | None]:
        key = (await self._registry.find(check_ref(ref))).key
        return key, self._registry.live(key.uid)

    async def _surely(self, deed: Coroutine[Any, Any, T]) -> T:
        """Do something to its end: whoever asked for it may be cancelled."""
        self._deeds.add(task := asyncio.create_task(deed))
        task.add_done_callback(self._done)
        return await asyncio.shield(task)

    def _done(self, deed: asyncio.Task[Any]) -> None:
        self._deeds.discard(deed)
        if not deed.cancelled() and (error := deed.exception()) is not None:
            log.debug("refused", reason=getattr(error, "reason", ""))

    async def _put(self, key: MeetingKey, change: ConsentChange, offset_us: int) -> Consent:
        consent = replace(change.consent, record_us=self._services.clock.now_us())
        store, recorder = self._services.store, self._services.recorder
        row = await recorder.call(store.set_consent, key, change.participant, consent, offset_us=offset_us)
        if change.erase:
            await self._erase(key, change.participant, offset_us)
        return row.consent

    async def _erase(self, key: MeetingKey, participant: str, offset_us: int) -> None:
        await self._services.recorder.call(
            self._services.store.erase_participant,
            key,
            participant,
            hold_us=round(self._services.formula.hold_s * 1e6),
            offset_us=offset_us,
            time_us=self._services.clock.now_us(),
        )
        await self._sweep()

    async def _delete(self, key: MeetingKey, why: str) -> None:
        time_us = self._services.clock.now_us()
        await self._services.recorder.call(self._services.store.delete_meeting, key, time_us=time_us, why=why)
        await self._sweep()

    async def _sweep(self) -> None:
        left = True
        while left:
            left = await self._services.recorder.call(self._services.store.sweep)
            await asyncio.sleep(PAUSE_S)

    async def _care(self) -> None:
        while True:
            try:
                await self.delete_expired()
            except RoompulseError as error:
                log.debug("what was kept long enough could not be deleted", error=str(error))  # the recorder said why
            except Exception:
                log.exception("what was kept long enough could not be deleted")
            await asyncio.sleep(CARE_S)


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
