"""What a caller has seen of a meeting: nothing is shown twice, and nothing older after something newer. Pure."""

from roompulse.results import MeetingEvent, Rollup, StreamEvent, SubscriptionEvent, Update


class Deduplicator:
    """Judges each event that comes, in the order in which it comes."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.updates: dict[str, tuple[int, int, float]] = {}  # participant: last epoch, sequence, offset in the meeting
        self._event = 0
        self._rollup = 0
        self._window_s = -1.0

    def begin(self, participant: str, epoch: int, sequence: int) -> None:
        """Count a participant's updates of earlier epochs, and up to a sequence, as seen."""
        self.updates.setdefault(participant, (epoch, sequence, 0.0))

    def is_new(self, event: StreamEvent | SubscriptionEvent) -> bool:
        """Return whether the caller should see an event, and count it as seen.

        Updates are told by participant, epoch and sequence (who comes again after an erasure begins at 1, in a later
        epoch), events by position, final roll-ups by sequence. A roll-up that may still change is old once its window
        is final. What has no number has no place in the record, and is always new.
        """
        match event:
            case Update():
                before = self.updates.get(event.participant_id, (0, 0, 0.0))
                now = (event.epoch, event.sequence, event.meeting_offset_s)
                self.updates[event.participant_id] = max(before, now)
                return not event.sequence or now[:2] > before[:2]
            case MeetingEvent():
                last, self._event = self._event, max(self._event, event.position)
                return not event.position or event.position > last
            case Rollup():
                return self._is_new_window(event)
            case _:
                return True

    def _is_new_window(self, window: Rollup) -> bool:
        if not window.final:
            return window.window_start_s > self._window_s
        last, self._rollup = self._rollup, max(self._rollup, window.sequence)
        self._window_s = max(self._window_s, window.window_start_s)
        return not window.sequence or window.sequence > last
