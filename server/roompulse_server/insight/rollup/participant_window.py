"""What a one-second window needs of one participant."""

from dataclasses import dataclass

from roompulse_vision.enumerations import Presence

from roompulse_server.types import AffectReading, Update


@dataclass(slots=True)
class Cell:
    """One participant's updates within one window, joined by lowest and highest sequence.

    Neither the order nor the repetition of what arrives matters.
    """

    first: Update
    last: Update
    scored: Update | None = None
    faced: Update | None = None
    there: bool = False  # said anything but LEFT

    def join(self, update: Update) -> None:
        """Take an update in."""
        self.first = min(self.first, update, key=_sequence)
        self.last = max(self.last, update, key=_sequence)
        self.there |= update.reading.presence is not Presence.LEFT
        if is_scored(update):
            self.scored = max(self.scored or update, update, key=_sequence)
        if face_of(update):
            self.faced = max(self.faced or update, update, key=_sequence)

    def count(self) -> int:
        """Return how many updates there are: sequences have no gaps, so it is their span."""
        return self.last.sequence - self.first.sequence + 1


@dataclass(frozen=True, slots=True)
class Share:
    """A participant's share in a window: the last score and the last face that held at any time in it."""

    scored: Update | None = None
    faced: Update | None = None


def share_of(cell: Cell | None, held: Update | None) -> Share:
    """Return a participant's share, given the update from before that still holds when the window begins."""
    scored = held if held and is_scored(held) else None
    faced = held if held and face_of(held) else None
    if cell is None:
        return Share(scored, faced)
    return Share(cell.scored or scored, cell.faced or faced)


def is_scored(update: Update) -> bool:
    """Return whether there is a score."""
    return update.reading.engagement.score is not None


def face_of(update: Update) -> AffectReading | None:
    """Return what a clear, living face shows; None where there is none."""
    return update.reading.affect if update.reading.presence is Presence.PRESENT else None


def model_of(update: Update) -> str:
    """Return the model behind an update; empty when nothing was read."""
    return update.reading.affect.model_id if update.reading.affect else ""


def _sequence(update: Update) -> int:
    return update.sequence
