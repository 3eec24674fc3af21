"""What became of a stream's packets: each is received once and resolved once. Pure."""

from collections import Counter

from roompulse_server.engine.messages import Answer, NotDue
from roompulse_server.types import DropReason, PacketCounters


class Ledger:
    """received = analyzed + dropped + not_due + pending, after every call."""

    def __init__(self) -> None:
        self._received = self._analyzed = self._not_due = 0
        self._dropped: Counter[DropReason] = Counter()

    def received(self) -> None:
        self._received += 1

    def answered(self, answer: Answer) -> None:
        """Count what the engine said of a packet, or of some."""
        if isinstance(answer, NotDue):
            self._not_due += len(answer.indices)
        elif answer.dropped is not None:
            self._dropped[answer.dropped] += 1
        else:
            self._analyzed += 1

    def dropped(self, reason: DropReason) -> None:
        self._dropped[reason] += 1

    def settle(self) -> None:
        """The stream has ended: what is pending will not be resolved any more."""
        pending = self.counters().pending
        if pending:
            self._dropped[DropReason.STREAM_ENDED] += pending

    def counters(self) -> PacketCounters:
        resolved = self._analyzed + self._not_due + self._dropped.total()
        return PacketCounters(
            self._received, self._analyzed, dict(self._dropped), self._not_due, self._received - resolved
        )
