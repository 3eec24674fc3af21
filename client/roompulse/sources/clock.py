"""When packets are shown, by stamps that recorders and muxers got wrong. Pure: the one place that mistrusts them.

    packets, as they lie in the file ─▶ stamp ─▶ in line? ─ yes ─▶ its moment
                                                   │ no: look ahead
                                                   ├─ the next ones go on from there, later ──▶ a pause: kept
                                                   ├─ the next ones go on from there, earlier ─▶ begun again: joined on
                                                   └─ the next ones go on from before ─────────▶ left out

As players do: where time begins again, what follows comes after the last moment. A packet whose stamp alone is wrong
may be needed for those that follow: it is decoded, and not shown.
"""

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, Protocol, TypeVar

REORDERED_PACKETS = 32  # H.264 shows a picture up to 16 later than it is coded, and one may come as two fields
NEAR_S, NEAR_PICTURES = 2.0, 17  # a jump forward of less needs no look ahead
FOLLOWERS = 2  # that agree are enough where the order of showing is that of decoding
MAX_PAUSE_S = 3600.0  # whoever jumps farther forward has set a clock


class Stamped(Protocol):
    """A packet of a container, with stamps in the stream's own ticks."""

    @property
    def pts(self) -> int | None:
        """When it is shown."""

    @property
    def dts(self) -> int | None:
        """When it is decoded."""

    @property
    def duration(self) -> int | None:
        """How long it is shown."""

    @property
    def is_discard(self) -> bool:
        """Whether an edit list hides it."""


P = TypeVar("P", bound=Stamped)
Following = Callable[[], Iterator[Stamped]]


@dataclass(frozen=True, slots=True, eq=False)
class Timed(Generic[P]):
    """A packet with its place in the source's time, in ticks; `number` counts from 0, in decoding order.

    Attributes:
        at: When it is shown. Of one that is not: when the last one before it is.
        due: When an encoder would have handed it out.
        shown: Whether its picture is part of what is shown.
    """

    packet: P = field(repr=False)
    number: int
    at: int
    due: int
    shown: bool


class SourceClock:
    """Places the packets of one track.

    Attributes:
        restarts: Where time began again: moments of the joined time, ticks.
        pauses: Where nothing is shown for long: moments of its beginning and its end, ticks.
        outliers: How many packets had a stamp that fits nothing around them.
        repeated: How many packets had the stamp of the one before, and are placed by the rate.
        hidden: How many packets an edit list hides.
    """

    def __init__(self, tick_s: float, picture_ticks: float, *, reordered: bool, shown_stamps: bool = True) -> None:
        """Keep what the container says.

        Args:
            tick_s: Length of a tick, seconds.
            picture_ticks: How long a picture is shown, where its packet does not say.
            reordered: Whether pictures are decoded in another order than they are shown.
            shown_stamps: Whether packets say when they are shown; else moments are those of decoding.
        """
        self._picture = max(1, round(picture_ticks))
        self._near = max(round(NEAR_S / tick_s), NEAR_PICTURES * self._picture)
        self._longest_pause = round(MAX_PAUSE_S / tick_s)
        self._reordered, self._shown_stamps = reordered and shown_stamps, shown_stamps
        self._number = 0
        self._shift = 0
        self._newest: int | None = None
        self._due: int | None = None
        self._last_stamp: int | None = None
        self._last_dts: int | None = None
        self._late: list[int] = []  # a heap of the newest moments, one more than may still be preceded
        self._hidden_wrongly = False
        self.restarts: list[int] = []
        self.pauses: list[tuple[int, int]] = []
        self.outliers = 0
        self.repeated = 0
        self.hidden = 0

    @property
    def newest(self) -> int:
        """The last moment so far, ticks."""
        return self._newest or 0

    def timed(self, packets: Iterable[P]) -> Iterator[Timed[P]]:
        """Yield all packets in their order, placed; reads on only where a stamp is out of line."""
        source = iter(packets)
        ahead: deque[P] = deque()

        def following() -> Iterator[Stamped]:
            yield from list(ahead)
            for packet in source:
                ahead.append(packet)
                yield packet

        while (packet := ahead.popleft() if ahead else next(source, None)) is not None:
            yield Timed(packet, self._number, *self._placed(packet, following))
            self._number += 1

    def _placed(self, packet: Stamped, following: Following) -> tuple[int, int, bool]:
        """Return when a packet is shown, when it is due, and whether it is shown."""
        step = packet.duration or self._picture
        if self._is_hidden(packet):
            self.hidden += 1
            at = self._newest if self._newest is not None else self._stamp(packet, step)
            return at, self._handed_out(packet, at, step), False
        stamp = self._stamp(packet, step)
        moment = stamp + self._shift
        newest = self._newest
        if newest is not None and stamp == self._last_stamp and not self._reordered:
            self.repeated += packet.pts is not None
            moment = newest + step
        elif newest is not None and not self._in_line(packet, moment, newest):
            if self._is_alone(stamp, newest, following):
                self.outliers += 1
                return newest, self._due or 0, False
            moment = self._follow(stamp, newest, step)
        elif newest is not None and not self._reordered:
            moment = max(moment, newest + 1)
        self._take(packet, stamp, moment)
        return moment, self._handed_out(packet, moment, step), True

    def _stamp(self, packet: Stamped, step: int) -> int:
        """Return what a packet says of its moment; where it says nothing, one picture after the last."""
        first, second = (packet.pts, packet.dts) if self._shown_stamps else (packet.dts, packet.pts)
        said = second if first is None else first
        if said is None:
            return 0 if self._newest is None else self._newest + step - self._shift
        return said

    def _in_line(self, packet: Stamped, moment: int, newest: int) -> bool:
        if moment > newest:
            return moment - newest <= self._near
        shown_earlier = len(self._late) > REORDERED_PACKETS and moment < self._late[0]
        return not shown_earlier and not self._decoded_earlier(packet)

    def _decoded_earlier(self, packet: Stamped) -> bool:
        """Tell whether the order of decoding goes back. Where pictures are reordered FFmpeg may have guessed it."""
        margin = NEAR_PICTURES * self._picture if self._reordered else 0
        return packet.dts is not None and self._last_dts is not None and packet.dts < self._last_dts - margin

    def _is_alone(self, stamp: int, newest: int, following: Following) -> bool:
        """Tell whether the packets that follow go on from before: then this stamp is wrong, and not the clock's jump.

        Where pictures are reordered, those that are shown before this one come first, so many are looked at; where too
        few follow nothing is known, and nothing is left out.
        """
        forward = stamp + self._shift > newest
        needed = REORDERED_PACKETS if forward and self._reordered else FOLLOWERS
        others = (packet for packet in following() if not packet.is_discard)
        seen = 0
        for other in (self._stamp(packet, self._picture) for packet in islice(others, needed)):
            nearer = abs(other - stamp) < abs(other + self._shift - newest)
            if nearer == forward:
                return not forward
            seen += 1
        return forward and seen >= (needed if self._reordered else 1)

    def _follow(self, stamp: int, newest: int, step: int) -> int:
        """Go on where time jumped: forward it is a pause, backward or very far it began again."""
        moment = stamp + self._shift
        if newest < moment <= newest + self._longest_pause:
            self.pauses.append((newest, moment))
            return moment
        self._shift = newest + step - stamp
        self._late.clear()
        self.restarts.append(newest + step)
        return newest + step

    def _take(self, packet: Stamped, stamp: int, moment: int) -> None:
        self._last_stamp, self._last_dts = stamp, self._last_dts if packet.dts is None else packet.dts
        self._newest = moment if self._newest is None else max(self._newest, moment)
        keep = heapq.heappush if len(self._late) <= REORDERED_PACKETS else heapq.heappushpop
        keep(self._late, moment)

    def _handed_out(self, packet: Stamped, moment: int, step: int) -> int:
        last = moment - step if self._due is None else self._due
        due = last + step if packet.dts is None else packet.dts + self._shift
        self._due = due if self._due is None else max(self._due, due)
        return self._due

    def _is_hidden(self, packet: Stamped) -> bool:
        """Tell whether an edit list hides a packet.

        FFmpeg's reader of fragmented MP4 marks packets as hidden, too, whose time began again: those are shown.
        """
        if not packet.is_discard:
            self._hidden_wrongly = False
            return False
        if self._decoded_earlier(packet):
            self._hidden_wrongly = True
        return not self._hidden_wrongly
