"""What is on disk goes out: to the meeting's roll-ups, then to the hub."""

from collections.abc import Sequence
from typing import Protocol

from roompulse_server.bus.hub import Hub
from roompulse_server.meetings.live import LiveMeeting
from roompulse_server.metrics import Metrics
from roompulse_server.storage.store import Committed


class LiveMeetings(Protocol):
    def live(self, uid: str) -> LiveMeeting | None: ...


class Publication:
    """The recorder's callback. `registry` is set once it exists; before, nothing is live."""

    def __init__(self, hub: Hub, metrics: Metrics) -> None:
        self._hub, self._metrics = hub, metrics
        self.registry: LiveMeetings | None = None

    def committed(self, batch: Sequence[Committed]) -> None:
        """Called on the event loop, in the order of the record."""
        for entry in batch:
            uid = entry.key.uid
            self._metrics.updates.inc(len(entry.updates))
            live = self.registry.live(uid) if self.registry else None
            if live is not None:
                live.committed(entry)
                live.refused(entry.refusals)
            for participant in entry.erased:
                self._hub.erase(uid, participant)
            self._hub.publish(uid, (*entry.updates, *entry.events, *entry.rollups))
