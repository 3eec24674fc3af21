"""What became of all packets: sums over streams."""

from collections import Counter
from collections.abc import Iterable, Sequence

from roompulse_vision.enumerations import DropReason

from roompulse_server.types import Event, EventKind, PacketCounters


def final_counters(events: Sequence[Event]) -> PacketCounters:
    """Sum the streams' last counters: those of their closing; of streams that never closed, the newest reported."""
    newest: dict[tuple[str, int], PacketCounters] = {}
    for event in sorted(events, key=_closing_last):
        if event.counters is not None and event.kind in (EventKind.COUNTERS, EventKind.STREAM_CLOSED):
            newest[event.participant, event.epoch] = event.counters
    return total(newest.values())


def total(counters: Iterable[PacketCounters]) -> PacketCounters:
    """Add counters up: received = analyzed + dropped + not due + pending stays true."""
    parts = list(counters)
    dropped: Counter[DropReason] = Counter()
    for part in parts:
        dropped.update(part.dropped)
    return PacketCounters(
        received=sum(part.received for part in parts),
        analyzed=sum(part.analyzed for part in parts),
        dropped={reason: dropped[reason] for reason in sorted(dropped) if dropped[reason]},
        not_due=sum(part.not_due for part in parts),
        pending=sum(part.pending for part in parts),
    )


def _closing_last(event: Event) -> tuple[bool, int, int]:
    return event.kind is EventKind.STREAM_CLOSED, event.offset_us, event.position
