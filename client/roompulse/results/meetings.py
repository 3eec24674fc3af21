"""Meetings and the people in them."""

from dataclasses import dataclass
from datetime import datetime

from roompulse.enums import MeetingState, Purpose
from roompulse.results.updates import Consent, MeetingKey


@dataclass(frozen=True, slots=True)
class Meeting:
    """One occurrence of a meeting.

    Attributes:
        key: Tenant, id and uid.
        title: For people to read.
        purpose: What it is analysed for.
        state: Where it stands.
        create_time: When it began.
        end_time: When it ended; None while it runs.
        time_zone: Its IANA time zone, for reports.
        participant_count: Its participants so far.
        idle_timeout_s: Ends by itself after this time without a stream; None: the server's setting.
        everyone_consented: The caller attests that everybody in rooms and automatic galleries has agreed.
        aggregate_only: Only roll-ups of enough people leave the service.
        retention_s: Its record is deleted this long after its end; None: the server's setting.
        end_reason: Why it ended.
    """

    key: MeetingKey
    title: str
    purpose: Purpose
    state: MeetingState
    create_time: datetime | None
    end_time: datetime | None
    time_zone: str
    participant_count: int
    idle_timeout_s: float | None
    everyone_consented: bool
    aggregate_only: bool
    retention_s: float | None
    end_reason: str


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody in a meeting.

    Attributes:
        id: The caller's id.
        display_name: For people to read.
        consent: The consent in force.
        epoch: The newest epoch; 0 before the first stream.
        last_sequence: The last sequence.
        streaming: Whether a stream is open now.
        found_in: For faces found in a room or gallery: the participant id of that stream.
        first_offset_s: First seen, seconds since the meeting began.
        last_offset_s: Last seen, seconds since the meeting began.
        number: The number in the meeting, from 1: the pseudonym in the audit log.
    """

    id: str
    display_name: str
    consent: Consent
    epoch: int
    last_sequence: int
    streaming: bool
    found_in: str
    first_offset_s: float | None
    last_offset_s: float | None
    number: int
