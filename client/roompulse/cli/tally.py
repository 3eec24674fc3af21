"""What a command has seen of participants so far. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from roompulse.cli.naming import shown_names
from roompulse.cli.spark import Trace
from roompulse.enums import EventKind, NoScoreReason
from roompulse.remedies import PRESENCES
from roompulse.results import MeetingEvent, Rollup, Update


@dataclass(slots=True)
class LatestValues:
    """One participant: the newest update, the scores before it, and how many updates had a score, or why not."""

    latest: Update
    updates: int = 0
    scored: int = 0
    score_sum: float = 0.0
    reasons: Counter[NoScoreReason] = field(default_factory=Counter)
    trace: Trace = field(default_factory=Trace)

    @property
    def coverage(self) -> float:
        """Share of the updates with a score, 0 to 1."""
        return self.scored / self.updates if self.updates else 0.0

    @property
    def mean_score(self) -> float | None:
        """Mean score, 0.2 to 1, or None."""
        return self.score_sum / self.scored if self.scored else None


class Tally:
    """Counts updates by participant; remembers the newest roll-up, and what people are called."""

    def __init__(self) -> None:
        """Nothing seen yet."""
        self.participants: dict[str, LatestValues] = {}
        self.rollup: Rollup | None = None
        self.gone: set[str] = set()  # who has left, as long as the others go on
        self._names: dict[str, str] = {}

    def add(self, update: Update) -> None:
        """Count an update."""
        seen = self.participants.setdefault(update.participant_id, LatestValues(update))
        seen.latest = update
        self.gone.discard(update.participant_id)
        seen.updates += 1
        seen.trace.add(update.meeting_offset_s, update.score)
        if update.score is not None:
            seen.scored += 1
            seen.score_sum += update.score
        else:
            seen.reasons[reason_of(update)] += 1

    def add_rollup(self, rollup: Rollup) -> None:
        """Keep a roll-up if it is of the newest window."""
        if self.rollup is None or rollup.window_start_s >= self.rollup.window_start_s:
            self.rollup = rollup

    def add_event(self, event: MeetingEvent) -> None:
        """Take note of who has left; at the meeting's end everybody's last values are shown again."""
        if event.kind is EventKind.STREAM_CLOSED:
            self.gone.add(event.participant_id)
        elif event.kind is EventKind.MEETING_ENDED:
            self.gone.clear()

    def learn(self, display_names: Mapping[str, str]) -> None:
        """Take what people are called, by participant id."""
        self._names = shown_names(display_names)

    def knows(self, participant_id: str) -> bool:
        """Return whether it was said what somebody is called."""
        return participant_id in self._names

    def name(self, participant_id: str) -> str:
        """Return what somebody is called: the id, as long as nothing else is known."""
        return self._names.get(participant_id, participant_id)

    @property
    def reasons(self) -> Counter[NoScoreReason]:
        """Why updates had no score, over all participants."""
        return sum((seen.reasons for seen in self.participants.values()), Counter())


def reason_of(update: Update) -> NoScoreReason:
    """Return why an update has no score: what it says itself, or what its presence implies."""
    said = update.engagement.no_score_reason if update.engagement else NoScoreReason.UNSPECIFIED
    return said or PRESENCES.get(update.presence, NoScoreReason.UNSPECIFIED)
