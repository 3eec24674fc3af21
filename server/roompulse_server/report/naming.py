"""People by name: alphabetical, never by score, told apart where two have the same; and the notes that they share."""

from collections import Counter
from collections.abc import Mapping, Sequence

from roompulse_server.insight.summary_types import ParticipantSummary


def by_name(participants: Sequence[ParticipantSummary]) -> dict[str, ParticipantSummary]:
    """Return everybody by the name to show, in its order. A name is the id where there is none, or it is not alone."""
    given = [(_name(person), person) for person in participants]
    times = Counter(name.casefold() for name, _ in given)
    shown = {name if times[name.casefold()] == 1 else f"{name} ({one.participant_id})": one for name, one in given}
    return dict(sorted(shown.items(), key=lambda item: (item[0].casefold(), item[1].participant_id)))


def names_by_id(people: Mapping[str, ParticipantSummary]) -> dict[str, str]:
    return {person.participant_id: name for name, person in people.items()}


def common_notes(participants: Sequence[ParticipantSummary]) -> tuple[str, ...]:
    """Return the notes that everybody with a score has, to be said once."""
    scored = [person.notes for person in participants if person.engagement.mean is not None]
    return tuple(note for note in scored[0] if all(note in notes for notes in scored)) if len(scored) > 1 else ()


def _name(person: ParticipantSummary) -> str:
    return " ".join(person.display_name.split()) or person.participant_id
