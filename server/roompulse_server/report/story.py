"""What happened, in three sentences for somebody who was not there: who came and left when, how the meeting went, what
stands out. They come before any number of the report.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from roompulse_server.insight.summary.remedies import what_happened
from roompulse_server.insight.summary.summary_types import MeetingSummary, Moment, MomentKind, ParticipantSummary
from roompulse_server.report.explanation import UNLIKELY, main_reason
from roompulse_server.report.naming import Named, names_by_id
from roompulse_server.report.remark import turnover
from roompulse_server.report.sentence import clear_expression, counted, expression, listed, looks
from roompulse_server.report.sentence import clock as time_of
from roompulse_server.report.wall_clock import WallClock, wall_clock_of
from roompulse_server.types import Band, NoScoreReason

APART_US = 60_000_000  # who joins or leaves within a minute of the first or the last is there from start to end
_FEW, _PAIR = 3, 2
LONG_US = 15_000_000  # an absence that is worth a word where nothing else stands out
_NAMED_AT_MOST = 12  # of those without a score, for each reason
_MOST, _HALF, _HARDLY = 0.6, 0.4, 0.15  # of the time with a score
_KINDS = {MomentKind.DROP: "fell", MomentKind.PEAK: "rose"}


def story_of(summary: MeetingSummary, people: Sequence[Named]) -> tuple[str, str, str]:
    """Return the three sentences. `people` have the names to show, made safe for where they stand."""
    clock = wall_clock_of(summary)
    return _who(summary, people, clock), _how(summary), _what(summary, names_by_id(people), clock)


def unscored(people: Sequence[Named]) -> tuple[str, ...]:
    """Return who has no score, by reason: "Eve and Jun (the camera was off)"."""
    by_reason: defaultdict[NoScoreReason, list[str]] = defaultdict(list)
    for name, person in people:
        if person.engagement.mean is None:
            by_reason[main_reason(person.no_score_times)].append(name)
    return tuple(f"{_names(names)} ({what_happened(reason)})" for reason, names in by_reason.items())


def _names(names: Sequence[str]) -> str:
    rest = len(names) - _NAMED_AT_MOST
    return listed([*names[:_NAMED_AT_MOST], f"{rest} more"] if rest > 0 else names)


def _who(summary: MeetingSummary, people: Sequence[Named], clock: WallClock) -> str:
    if summary.aggregate_only:
        running = summary.end_time_us is None
        verb = "has been running" if running else "ran"
        span = _span(running, 0, summary.duration_us, clock)
        return f"The meeting {verb} {span}; this report holds no values of single people."
    there = [(name, person) for name, person in people if person.attended_us]
    if not there:
        return "Nobody attended."
    began_us = min(person.first_offset_us for _, person in there)
    ended_us = max(person.last_offset_us for _, person in there)
    who = listed([name for name, _ in there]) if len(there) <= _FEW else counted(len(there), "person", "people")
    late = [(name, person.first_offset_us) for name, person in there if person.first_offset_us - began_us > APART_US]
    early = [(name, person.last_offset_us) for name, person in there if ended_us - person.last_offset_us > APART_US]
    changes = ", and ".join(
        listed(list(_changes(did, some, clock))) for did, some in (("joined", late), ("left", early)) if some
    )
    several, running = len(there) > 1, summary.end_time_us is None
    verb = ("have met" if several else "has attended") if running else ("met" if several else "attended")
    everybody = "both" if len(there) == _PAIR else "all"
    together = f", {everybody} of them from start to end" if several and not running else ""
    return (
        f"{_first_up(who)} {verb} {_span(running, began_us, ended_us, clock)}{f'; {changes}' if changes else together}."
    )


def _span(running: bool, began_us: int, ended_us: int, clock: WallClock) -> str:
    began = clock.time(began_us)
    return (
        f"since {began} ({clock.zone_name})"
        if running
        else f"from {began} to {clock.time(ended_us)} ({clock.zone_name})"
    )


def _first_up(text: str) -> str:
    return text[:1].upper() + text[1:]


def _changes(did: str, who: Sequence[tuple[str, int]], clock: WallClock) -> Iterator[str]:
    """Yield "Ada joined at 14:03" for a few, "five people joined between 14:03 and 14:20" for many."""
    if len(who) <= _FEW:
        together: defaultdict[str, list[str]] = defaultdict(list)
        for name, at_us in sorted(who, key=lambda one: one[1]):
            together[clock.time(at_us)].append(name)
        yield from (f"{listed(names)} {did} at {time}" for time, names in together.items())
        return
    times = [at_us for _, at_us in who]
    first, last = clock.time(min(times)), clock.time(max(times))
    when = f"at {first}" if first == last else f"between {first} and {last}"
    yield f"{counted(len(who), 'person', 'people')} {did} {when}"


def _how(summary: MeetingSummary) -> str:
    if summary.engagement is None:
        return _nobody_scored(summary)
    level = _level(summary.participants)
    engagement = listed([clause for clause in (f"was {level}" if level else "", _course(summary)) if clause])
    clauses = [f"engagement {engagement}"] if engagement else []
    if expression(summary.expressions):
        clear = clear_expression(summary.expressions)
        clauses.append(f"faces looked mostly {looks(clear[0])}" if clear else "faces showed no clear expression")
    if part := _part(summary):
        clauses.append(f"there is a score for {part} of the time only")
    return f"{_first_up('; '.join(clauses) or 'there are scores')}."


def _nobody_scored(summary: MeetingSummary) -> str:
    times = [time for person in summary.participants for time in person.no_score_times]
    return f"Nobody has a score: {what_happened(main_reason(times))}." if times else "Nobody has a score."


def _level(people: Sequence[ParticipantSummary]) -> str:
    """Return the band of more than half of everybody's scored time."""
    times: Counter[Band] = Counter()
    for person in people:
        for time in person.engagement.bands:
            times[time.band] += time.duration_us
    if not times:
        return ""
    band, time_us = max(times.items(), key=lambda item: (item[1], item[0]))
    if 2 * time_us > times.total():
        return f"mostly {band.name.lower()}"
    return "between low and high"


def _course(summary: MeetingSummary) -> str:
    change = summary.change
    if change is None:
        return ""
    if change.p_value >= UNLIKELY:
        return "showed no clear rise or fall"
    return f"{'rose' if change.difference > 0 else 'fell'} from the first third to the last"


def _part(summary: MeetingSummary) -> str:
    """Return how much of the time has a score, in words; "" where it is most of it."""
    if summary.aggregate_only or summary.coverage >= _MOST:
        return ""
    bounds = ((_HARDLY, "hardly any"), (_HALF, "less than half"), (_MOST, "about half"))
    return next(word for bound, word in bounds if summary.coverage < bound)


def _what(summary: MeetingSummary, names: Mapping[str, str], clock: WallClock) -> str:
    told = _worth_telling(summary.moments)
    events = [(moment.start_us, _moment(moment, names)) for moment in told]
    effect = max(summary.composition_effects, key=lambda one: (len(one.left_ids), abs(one.difference)), default=None)
    if effect is not None:
        way = "fell" if effect.difference < 0 else "rose"
        why = turnover(effect, summary, names)
        events.append((effect.start_us, f"the group’s line {way} only because {why}"))
    if not events:
        return _quiet(summary, names, clock)
    clauses = [f"at {clock.time(at_us)} {clause}" for at_us, clause in sorted(events)]
    if more := len(summary.moments) - len(told):
        clauses.append(counted(more, "more moment stands out", "more moments stand out"))
    return f"{_first_up('; '.join(clauses))}."


def _quiet(summary: MeetingSummary, names: Mapping[str, str], clock: WallClock) -> str:
    """Return what there is to tell where nothing stands out: the longest absence, if it was long."""
    if not summary.timeline:
        return "There is nothing to tell of."
    away = max(summary.participants, key=lambda person: person.longest_absence_us, default=None)
    if away is None or summary.engagement is None or away.longest_absence_us < LONG_US:
        return "No moment stands out."
    name, began = names.get(away.participant_id, away.participant_id), clock.second(away.longest_absence_start_us)
    lasted = time_of(away.longest_absence_us)
    return f"No moment stands out; the longest absence was that of {name}, {lasted} from {began}."


def _worth_telling(moments: Sequence[Moment]) -> list[Moment]:
    """Return the surest shared smile and the surest change."""
    groups = (
        [moment for moment in moments if moment.kind is MomentKind.SHARED_SMILE],
        [moment for moment in moments if moment.kind in _KINDS],
    )
    return [min(group, key=_unsureness) for group in groups if group]


def _unsureness(moment: Moment) -> tuple[float, int]:
    return 1.0 if moment.p_value is None else moment.p_value, moment.start_us


def _moment(moment: Moment, names: Mapping[str, str]) -> str:
    who = [names.get(name, name) for name in moment.participant_ids]
    if moment.kind is MomentKind.SHARED_SMILE:
        return f"{listed(who) if len(who) <= _FEW else counted(len(who), 'person', 'people')} smiled together"
    return f"the engagement of {listed(who)} {_KINDS[moment.kind]}"
