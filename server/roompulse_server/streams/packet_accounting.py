"""What became of a stream's packets: each is received once and resolved once. Pure."""

from collections import Counter

from roompulse_vision.enumerations import DropReason
from roompulse_vision.observation import DroppedPacket, PacketResult, SkippedPackets

from roompulse_server.types import PacketCounters


class PacketAccounting:
    """received = analyzed + dropped + not_due + pending, after every call."""

    def __init__(self) -> None:
        self._received = self._analyzed = self._not_due = 0
        self._dropped: Counter[DropReason] = Counter()
        self._faults_in_a_row = 0

    def received(self) -> None:
        self._received += 1

    def answered(self, result: PacketResult) -> None:
        """Count what the engine said of a packet, or of some."""
        if isinstance(result, SkippedPackets):
            self._not_due += len(result.packet_indices)
            self._faults_in_a_row = 0
        elif isinstance(result, DroppedPacket):
            self._dropped[result.reason] += 1
        else:
            self._analyzed += 1
            self._faults_in_a_row = 0

    def unseen(self, reason: DropReason) -> None:
        """Count a packet that is as it should be, and is not looked at."""
        self._dropped[reason] += 1
        self._faults_in_a_row = 0

    def fault(self) -> int:
        """Count a packet that could not be used; return how many it were in a row."""
        self._faults_in_a_row += 1
        return self._faults_in_a_row

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
