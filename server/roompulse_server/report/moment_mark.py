"""Moments as the page shows them: numbered, in words, and placed on the timeline without hiding each other."""

from collections.abc import Mapping
from dataclasses import dataclass

from roompulse_server.insight.summary.summary_types import MeetingSummary, Moment, MomentKind
from roompulse_server.report.remark import KINDS, step
from roompulse_server.report.resolution import Slots
from roompulse_server.report.sentence import chance, clock, listed, number, percent
from roompulse_server.report.wall_clock import WallClock

_ROOM = 0.08  # of the width that a mark takes on a narrow screen
_LANES = 4
_SYMBOLS = {MomentKind.DROP: "▼", MomentKind.PEAK: "▲", MomentKind.SHARED_SMILE: "●"}


@dataclass(frozen=True, slots=True)
class MomentMark:
    """`start` and `stop` are shares of the timeline, `lane` counts from its line upwards."""

    number: int
    kind: str
    symbol: str
    title: str
    time: str
    wall_time: str
    who: str
    participant_ids: tuple[str, ...]
    amount: str
    chance: str
    start: float
    stop: float
    lane: int


def moment_marks(
    moments: tuple[Moment, ...], names: Mapping[str, str], slots: Slots, wall: WallClock
) -> tuple[MomentMark, ...]:
    """Return the moments by time."""
    ordered = sorted(moments, key=lambda moment: (moment.start_us, moment.kind, moment.participant_ids))
    ends = [-1.0] * _LANES
    marks = []
    for place, moment in enumerate(ordered, 1):
        start, stop = slots.share(moment.start_us), slots.share(moment.start_us + moment.length_us)
        lane = next((lane for lane, end in enumerate(ends) if end <= start), min(range(_LANES), key=ends.__getitem__))
        ends[lane] = start + _ROOM
        marks.append(_mark(place, moment, names, wall, start, stop, lane))
    return tuple(marks)


@dataclass(frozen=True, slots=True)
class EffectMark:
    """A step of the line that is due to who had a score; `start` is a share of the timeline."""

    time: str
    wall_time: str
    text: str
    start: float


def effect_marks(
    summary: MeetingSummary, names: Mapping[str, str], slots: Slots, wall: WallClock
) -> tuple[EffectMark, ...]:
    """Return the steps by time."""
    return tuple(
        EffectMark(
            time=clock(effect.start_us),
            wall_time=wall.time(effect.start_us),
            text=step(effect, summary, names),
            start=slots.share(effect.start_us),
        )
        for effect in summary.composition_effects
    )


def _mark(
    place: int, moment: Moment, names: Mapping[str, str], wall: WallClock, start: float, stop: float, lane: int
) -> MomentMark:
    return MomentMark(
        number=place,
        kind=moment.kind.name.lower().replace("_", "-"),
        symbol=_SYMBOLS.get(moment.kind, "◆"),
        title=KINDS[moment.kind],
        time=f"{clock(moment.start_us)} to {clock(moment.start_us + moment.length_us)}",
        wall_time=wall.time(moment.start_us),
        who=listed([names.get(who, who) for who in moment.participant_ids]),
        participant_ids=moment.participant_ids,
        amount=_amount(moment),
        chance="" if moment.p_value is None else f"as strong by chance: {chance(moment.p_value)}",
        start=start,
        stop=stop,
        lane=lane,
    )


def _amount(moment: Moment) -> str:
    if moment.magnitude is None:
        return ""
    if moment.kind is MomentKind.SHARED_SMILE:
        return f"{percent(moment.magnitude)} of those to be seen"
    return f"by {number(abs(moment.magnitude))}"
