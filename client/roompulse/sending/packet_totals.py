"""What became of the packets of a stream that may have been cut and opened again. Pure."""

from collections import Counter
from dataclasses import replace

from roompulse.enums import DropReason
from roompulse.results import PacketCounters


class PacketTotals:
    """Adds up a stream's connections. What a cut left without an answer counts as dropped: STREAM_ENDED."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._past = PacketCounters()
        self._now = PacketCounters()
        self._base = 0  # the index of the last packet before this connection

    @property
    def counters(self) -> PacketCounters:
        """Return the counters since the stream began, by the last notice."""
        return _sum(self._past, self._now)

    def note(self, counters: PacketCounters) -> None:
        """Take in what the service says of this connection."""
        self._now = counters

    def cut(self, last_index: int) -> int:
        """Close the connection's account after its last packet sent; return how many packets it leaves open."""
        told, sent = self._now, max(last_index - self._base, self._now.received)
        lost = sent - told.analyzed - told.not_due - told.dropped_total
        dropped = Counter(told.dropped) + Counter({DropReason.STREAM_ENDED: lost})
        self._past = _sum(self._past, replace(told, received=sent, dropped=dropped, pending=0))
        self._now, self._base = PacketCounters(), last_index
        return lost


def _sum(one: PacketCounters, other: PacketCounters) -> PacketCounters:
    return PacketCounters(
        received=one.received + other.received,
        analyzed=one.analyzed + other.analyzed,
        dropped=dict(Counter(one.dropped) + Counter(other.dropped)),
        not_due=one.not_due + other.not_due,
        pending=one.pending + other.pending,
    )
