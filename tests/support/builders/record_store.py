"""Short ways to fill a record in tests."""

from collections.abc import Iterable
from typing import Any

import pytest
from record_updates import NAN, plain
from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.storage.block import quantise
from roompulse_server.storage.store import Store
from roompulse_server.types import (
    Consent,
    ConsentState,
    Meeting,
    MeetingKey,
    MeetingState,
    Participant,
    Purpose,
    Rollup,
    Update,
)
from roompulse_server.types.log import Entry

SECOND = 1_000_000
GRANTED = Consent(ConsentState.GRANTED, "bot", "v1", 7)


def create(store: Store, meeting_id: str = "standup", *, create_us: int = 1, tenant: str = "default") -> MeetingKey:
    meeting = Meeting(MeetingKey(tenant, meeting_id, ""), Purpose.RESEARCH, MeetingState.ACTIVE, create_us)
    return store.create_meeting(meeting).key


def join(
    store: Store, key: MeetingKey, name: str = "ada", *, found_in: str = "", display_name: str = ""
) -> Participant:
    return store.open_stream(key, name, display_name=display_name, found_in=found_in, offset_us=0, time_us=5)


def end(store: Store, key: MeetingKey) -> Meeting:
    return store.end_meeting(key, time_us=99, offset_us=98, reason="ended by request")


def updates(count: int, *, first: int = 1, participant: str = "ada", epoch: int = 1) -> tuple[Update, ...]:
    return tuple(quantise(plain(first + i, participant=participant, epoch=epoch)).update for i in range(count))


def entry(key: MeetingKey, some: Iterable[Update] = (), *rest: Any, **fields: Any) -> Entry:
    """Return an entry; the updates need not be quantised yet."""
    return Entry(key, tuple(map(quantise, some)), *rest, **fields)


def rollup(start_s: int) -> Rollup:
    expressions = (0.5,) * 8 + (NAN,)
    return Rollup(start_s * SECOND, SECOND, 3, True, 1, 2, 0.7, 0.71, None, None, expressions, 0.1, -0.2, "f", "m")


def reason_of(error: pytest.ExceptionInfo[RoompulseError]) -> Reason:
    return error.value.reason
