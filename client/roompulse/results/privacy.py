"""What people are told, and what was done to their data."""

from dataclasses import dataclass
from datetime import datetime

from roompulse.enums import AuditAction, Purpose


@dataclass(frozen=True, slots=True)
class Notice:
    """What people must be told before they are analysed (EU AI Act, Art. 50(3)). A draft: you answer for it.

    Attributes:
        text: Paragraphs with an empty line between them.
        language: The language it is in, a BCP 47 tag.
        wording_version: Its version, for `Consent.wording_version`: it changes with the text.
        purpose: The purpose it names.
        consent_required: Whether nobody is analysed who was not asked; where False, only who refused is not.
    """

    text: str
    language: str
    wording_version: str
    purpose: Purpose
    consent_required: bool


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the audit log. It holds no name and no id of yours.

    Attributes:
        position: Counts up over the log.
        time: When, by the server's clock.
        action: What was done.
        meeting_uid: The meeting, by the server's id.
        participant_number: The participant, by `Participant.number`; 0 for the meeting.
        detail: More in words.
    """

    position: int
    time: datetime | None
    action: AuditAction
    meeting_uid: str
    participant_number: int
    detail: str
