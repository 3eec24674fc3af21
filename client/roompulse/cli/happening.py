"""What happened in a meeting, in words. Pure."""

from roompulse.cli.figures import clock
from roompulse.enums import EventKind
from roompulse.results import MeetingEvent


def in_words(event: MeetingEvent, who: str) -> str:
    """Return a line for an event; `who` is what its participant is called."""
    return f"{clock(event.meeting_offset_s)} {_sentence(event, who)}"


def _sentence(event: MeetingEvent, who: str) -> str:
    detail = event.detail.replace("_", " ")
    why = f" ({detail})" if detail else ""
    if event.kind is EventKind.STREAM_OPENED:  # its detail is the stream's id, which says nothing to people
        return f"{who} joined"
    if event.kind is EventKind.STREAM_CLOSED:
        return f"{who} left" + ("" if detail in ("finished", "left") else why)
    if event.kind is EventKind.CONSENT_CHANGED and event.consent is not None:
        return f"{who}: consent {event.consent.state.word}"
    if event.kind is EventKind.ERASED:
        return f"{detail or 'a participant'} was erased"
    if event.kind is EventKind.MEETING_ENDED:
        return f"meeting ended{why}"
    return f"{who}: {event.kind.word}{why}" if who else f"{event.kind.word}{why}"
