"""What every report is: bytes with a name and a type."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from roompulse_server.insight.summary.occurrence import Occurrence
from roompulse_server.insight.summary.summary_types import MeetingSummary

_UNSAFE_IN_FILE_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Document:
    """A report as it leaves: `file_name` is safe on every system, `media_type` that of RFC 6838."""

    file_name: str
    media_type: str
    content: bytes


class Writer(Protocol):
    """Writes a summary down; `earlier` occurrences stand beside it where people read it, the newest first."""

    def __call__(self, summary: MeetingSummary, earlier: Sequence[Occurrence] = (), /) -> Document: ...


def named(summary: MeetingSummary, suffix: str, media_type: str, content: bytes) -> Document:
    """Return the document, named after the meeting and the day on which it began (UTC).

    An id that is no file name loses characters; the beginning of the uid then tells meetings apart.
    """
    began = datetime.fromtimestamp(summary.start_time_us / 1e6, UTC)
    meeting = _UNSAFE_IN_FILE_NAMES.sub("-", summary.meeting.id)
    if meeting != summary.meeting.id:
        meeting = f"{meeting}-{summary.meeting.uid[:8]}".lstrip("-")
    return Document(f"roompulse-{meeting}-{began:%Y-%m-%d}.{suffix}", media_type, content)
