"""People by name: alphabetical, never by score, told apart where two have the same; and the notes that they share."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from roompulse_server.insight.summary_types import ParticipantSummary


class Named(NamedTuple):
    name: str
    person: ParticipantSummary


def by_name(participants: Sequence[ParticipantSummary]) -> tuple[Named, ...]:
    """Return everybody with the name to show, in its order: the id where there is none, and beside one of several."""
    given = [(_name(person), person) for person in participants]
    times = Counter(name.casefold() for name, _ in given)
    shown = (
        Named(name if times[name.casefold()] == 1 else f"{name} ({person.participant_id})", person)
        for name, person in given
    )
    return tuple(sorted(shown, key=lambda one: (one.name.casefold(), one.person.participant_id)))


def names_by_id(people: Sequence[Named]) -> dict[str, str]:
    return {person.participant_id: name for name, person in people}


def common_notes(participants: Sequence[ParticipantSummary]) -> tuple[str, ...]:
    """Return the notes that everybody with a score has, to be said once."""
    scored = [person.notes for person in participants if person.engagement.mean is not None]
    return tuple(note for note in scored[0] if all(note in notes for notes in scored)) if len(scored) > 1 else ()


def _name(person: ParticipantSummary) -> str:
    return " ".join(person.display_name.split()) or person.participant_id
