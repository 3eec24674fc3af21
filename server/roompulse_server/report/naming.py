"""People by name: alphabetical, never by score, told apart where two have the same; and what is noted of them."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from roompulse.contract.safe_text import safe_text

from roompulse_server.insight.summary.summary_types import MeetingSummary, ParticipantSummary

_ISOLATE, _END = "\u2068", "\u2069"


class Named(NamedTuple):
    name: str
    person: ParticipantSummary


def by_name(participants: Sequence[ParticipantSummary]) -> tuple[Named, ...]:
    """Return everybody with the name to show, in its order: the id where there is none, and beside one of several."""
    given = [(_name(person), person) for person in participants]
    times = Counter(name.casefold() for name, _ in given)
    shown = (
        Named(name if times[name.casefold()] == 1 else f"{name} ({safe_text(person.participant_id)})", person)
        for name, person in given
    )
    return tuple(sorted(shown, key=lambda one: (one.name.casefold(), one.person.participant_id)))


def names_by_id(people: Sequence[Named]) -> dict[str, str]:
    return {person.participant_id: name for name, person in people}


def isolated(people: Sequence[Named]) -> tuple[Named, ...]:
    """Return names as they stand within a sentence: one that is written from the right cannot turn what follows."""
    return tuple(Named(_isolated(name), person) for name, person in people)


def title_of(summary: MeetingSummary) -> str:
    """Return what to call the meeting: its id where it has no title."""
    return safe_text(" ".join(summary.title.split()) or summary.meeting.id)


def technical_notes(summary: MeetingSummary, people: Sequence[Named]) -> tuple[str, ...]:
    """Return all notes: of the meeting, of everybody with a score, then of single people by name."""
    scored = [person.notes for _, person in people if person.engagement.mean is not None]
    common = [note for note in scored[0] if all(note in notes for notes in scored)] if scored else []
    own = (f"{name}: {note}" for name, person in people for note in person.notes if note not in common)
    return (*summary.notes, *common, *own)


def _name(person: ParticipantSummary) -> str:
    return safe_text(" ".join(person.display_name.split()) or person.participant_id)


def _isolated(name: str) -> str:
    turned = any(unicodedata.bidirectional(character) in ("R", "AL", "AN") for character in name)
    return f"{_ISOLATE}{name}{_END}" if turned else name
