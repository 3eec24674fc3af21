"""Every number of a summary, computed once more: slowly, by the definition, without numpy."""

import itertools
import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import pytest
from insight_record import MEETING, affect_of, event, recorded, series_of
from insight_samples import mixed
from roompulse_server.insight.summary.meeting_summary import summarise
from roompulse_server.insight.summary.summary_types import MeetingSummary, ParticipantSummary
from roompulse_server.types import Event, EventKind, NoScoreReason, Participant, Update
from roompulse_vision.enumerations import Presence
from roompulse_vision.types import LABELS

S = 1_000_000
BUCKET = 10 * S
STATES = (Presence.CAMERA_OFF, Presence.NOT_A_CAMERA, Presence.NO_CONSENT, Presence.NO_PICTURES)
Weighted = list[tuple[float, int]]  # values with the microseconds they held


@dataclass
class Case:
    """A random meeting: every person has a stream or two, and gaps, absences and scores."""

    updates: dict[str, list[Update]]
    events: list[Event]

    @classmethod
    def make(cls, seed: int) -> "Case":
        chance, case = random.Random(seed), cls({}, [])
        for name in "abcde"[: chance.randint(1, 5)]:
            rows: list[Update] = []
            at_us = chance.randrange(20 * S)
            for epoch in range(1, chance.randint(1, 3) + 1):
                case.events.append(event(EventKind.STREAM_OPENED, at_us, name, epoch))
                for _ in range(chance.randint(0, 80)):
                    at_us += chance.choice((200_000, 200_000, 500_000, S, chance.randrange(9 * S)))
                    rows.append(random_update(chance, name, len(rows) + 1, at_us, epoch))
                    if chance.random() < 0.05:  # a state without pictures, said at both of its ends
                        at_us += chance.randrange(40 * S)
                        state = chance.choice(STATES)
                        rows[-1] = recorded(name, len(rows), rows[-1].offset_us, presence=state, epoch=epoch)
                        rows.append(recorded(name, len(rows) + 1, at_us, presence=state, epoch=epoch))
                if chance.random() < 0.7:
                    at_us += chance.randrange(3 * S)
                    case.events.append(event(EventKind.STREAM_CLOSED, at_us, name, epoch))
                at_us += chance.randrange(15 * S)
            case.updates[name] = rows
        return case


def random_update(chance: random.Random, name: str, sequence: int, at_us: int, epoch: int) -> Update:
    if chance.random() < 0.2:
        absent = (Presence.NO_FACE, Presence.CAMERA_OFF, Presence.SEVERAL_FACES, Presence.STATIC_IMAGE)
        return recorded(name, sequence, at_us, presence=chance.choice(absent), epoch=epoch)
    happy = chance.random()
    valence = None if chance.random() < 0.1 else chance.uniform(-1, 1)
    affect = affect_of(mixed(happiness=happy, sadness=(1 - happy) / 3), valence=valence)
    score = None if chance.random() < 0.3 else chance.uniform(0.2, 1.0)
    return recorded(name, sequence, at_us, score, epoch=epoch, affect=affect)


def goes_on(row: Update, following: Update) -> bool:
    return row.reading.presence in STATES and row.reading.presence is following.reading.presence


class Slow:
    """One person, row by row."""

    def __init__(self, rows: Sequence[Update], events: Iterable[Event]) -> None:
        self.rows = rows
        streams = self._streams(list(events))
        self.streams = [stream for stream in streams.values() if stream[1] > stream[0]]
        self.spans: list[tuple[Update, int, int]] = []
        for number, row in enumerate(rows):
            following = rows[number + 1] if number + 1 < len(rows) else None
            stop_us = row.offset_us + 1_500_000
            if following and following.epoch == row.epoch and goes_on(row, following):
                stop_us = following.offset_us
            stop_us = min(stop_us, streams[row.epoch][1], following.offset_us if following else stop_us)
            self.spans.append((row, row.offset_us, max(stop_us, row.offset_us)))

    def _streams(self, events: list[Event]) -> dict[int, tuple[int, int]]:
        streams = {}
        for opened in (entry for entry in events if entry.kind is EventKind.STREAM_OPENED):
            closes = [e.offset_us for e in events if e.kind is EventKind.STREAM_CLOSED and e.epoch == opened.epoch]
            own = [row.offset_us for row in self.rows if row.epoch == opened.epoch]
            held_us = own[-1] + 1_500_000 if own else opened.offset_us
            streams[opened.epoch] = opened.offset_us, closes[0] if closes else held_us
        return streams

    def attended_us(self, start_us: int = 0, stop_us: int = 1 << 60) -> int:
        """Walk over all borders; count the pieces that lie in any stream."""
        borders = sorted({min(max(at, start_us), stop_us) for stream in self.streams for at in stream})
        return sum(
            right - left
            for left, right in itertools.pairwise(borders)
            if any(first <= left and right <= last for first, last in self.streams)
        )

    def weighted(self, value: Callable[[Update], float | None], start_us: int = 0, stop_us: int = 1 << 60) -> Weighted:
        pieces = [(value(row), min(last, stop_us) - max(first, start_us)) for row, first, last in self.spans]
        return [(v, length) for v, length in pieces if v is not None and not math.isnan(v) and length > 0]

    def time_us(self, holds: Callable[[Update], bool]) -> int:
        return sum(last - first for row, first, last in self.spans if holds(row))

    def longest_absence_us(self) -> int:
        visible = (Presence.PRESENT, Presence.SEVERAL_FACES, Presence.FACE_TOO_SMALL)
        place, longest = min((first for first, _ in self.streams), default=0), 0
        for row, first, last in self.spans:
            if row.reading.presence in visible and last > first:
                longest, place = max(longest, first - place), last
        return max(longest, max((last for _, last in self.streams), default=0) - place)


def mean(values: Weighted) -> float | None:
    total = sum(length for _, length in values)
    return math.fsum(value * length for value, length in values) / total if total else None


def deviation(values: Weighted) -> float | None:
    centre = mean(values)
    return None if centre is None else math.sqrt(mean([((v - centre) ** 2, length) for v, length in values]) or 0.0)


def middle(values: Weighted) -> float | None:
    """The median by counting microseconds from both ends."""
    ends = []
    for ordered in (sorted(values), sorted(values, reverse=True)):
        passed = 0
        for value, length in ordered:
            passed += length
            if 2 * passed >= sum(one for _, one in values):
                ends.append(value)
                break
    return sum(ends) / 2 if ends else None


def score(row: Update) -> float | None:
    return row.reading.engagement.score


def valence(row: Update) -> float | None:
    return row.reading.affect.valence if row.reading.affect else None


def expression(label: int) -> Callable[[Update], float | None]:
    return lambda row: row.reading.affect.smoothed[label] if row.reading.affect else None


def close(value: float | None, other: float | None) -> None:
    assert value == (None if other is None else pytest.approx(other, abs=1e-9))


def check_person(one: ParticipantSummary, slow: Slow) -> None:
    attended_us = slow.attended_us()
    scored_us = slow.time_us(lambda row: score(row) is not None)
    assert one.attended_us == attended_us
    assert one.coverage == pytest.approx(scored_us / attended_us if attended_us else 0.0, abs=1e-12)
    assert scored_us + sum(entry.duration_us for entry in one.no_score_times) == attended_us
    assert sum(entry.duration_us for entry in one.presence_times) == attended_us
    for entry in one.presence_times:
        expected_us = slow.time_us(lambda row, entry=entry: row.reading.presence is entry.presence)  # type: ignore[misc]
        silent_us = attended_us - slow.time_us(lambda row: True) if entry.presence is Presence.NO_PICTURES else 0
        assert entry.duration_us == expected_us + silent_us
    unscored = NoScoreReason.TOO_LITTLE_EVIDENCE
    (little_us,) = [entry.duration_us for entry in one.no_score_times if entry.reason is unscored] or [0]
    assert little_us == slow.time_us(lambda row: row.reading.engagement.no_score_reason is unscored)
    assert one.longest_absence_us == slow.longest_absence_us()
    scores, feelings = slow.weighted(score), slow.weighted(valence)
    close(one.engagement.mean, mean(scores))
    close(one.engagement.standard_deviation, deviation(scores))
    close(one.engagement.median, middle(scores))
    assert one.engagement.minimum == min((value for value, _ in scores), default=None)
    assert one.engagement.maximum == max((value for value, _ in scores), default=None)
    close(one.valence, mean(feelings))
    close(one.valence_deviation, deviation(feelings))
    for label in range(len(LABELS) - 1):
        expected = mean(slow.weighted(expression(label)))
        assert one.expressions[label] == pytest.approx(
            math.nan if expected is None else expected, abs=1e-9, nan_ok=True
        )
    check_trend(one, slow)


def check_trend(one: ParticipantSummary, slow: Slow) -> None:
    """The least-squares line through 2,000 points of each piece."""
    pieces = [(score(row), first, last) for row, first, last in slow.spans if last > first]
    known = [(value, first / 60e6, last / 60e6) for value, first, last in pieces if value is not None]
    total = sum(last - first for _, first, last in known)
    if total < 1.0:
        assert one.engagement.trend_per_minute is None
        return
    points = [
        (first + (n + 0.5) * (last - first) / 200, value, (last - first) / 200)
        for value, first, last in known
        for n in range(200)
    ]
    centre = math.fsum(at * w for at, _, w in points) / total
    slope = math.fsum(w * (at - centre) * value for at, value, w in points) / math.fsum(
        w * (at - centre) ** 2 for at, _, w in points
    )
    assert one.engagement.trend_per_minute == pytest.approx(slope, rel=1e-4, abs=1e-6)


def check_timelines(summary: MeetingSummary, slow: dict[str, Slow]) -> None:
    medians: list[tuple[float, int]] = []
    for number, point in enumerate(summary.timeline):
        start_us, stop_us = number * BUCKET, (number + 1) * BUCKET
        assert point.start_us == start_us
        means = [mean(one.weighted(score, start_us, stop_us)) for one in slow.values()]
        known = sorted(value for value in means if value is not None)
        assert point.seen == len(known)
        assert point.total == sum(one.attended_us(start_us, stop_us) > 0 for one in slow.values())
        close(point.engagement_mean, sum(known) / len(known) if known else None)
        median = (known[(len(known) - 1) // 2] + known[len(known) // 2]) / 2 if known else None
        close(point.engagement_median, median)
        medians += [(median, len(known))] if median is not None else []
        feelings = [mean(one.weighted(valence, start_us, stop_us)) for one in slow.values()]
        felt = [value for value in feelings if value is not None]
        close(point.valence, sum(felt) / len(felt) if felt else None)
    scored = [person.engagement for person in summary.participants if person.engagement.mean is not None]
    alone = len(scored) == 1
    close(summary.engagement, scored[0].mean if alone else mean(medians))
    spread = deviation([(value, 1) for value, _ in medians])
    close(summary.engagement_deviation, scored[0].standard_deviation if alone else spread)
    for person in summary.participants:
        for entry in person.timeline:
            one, start_us, stop_us = slow[person.participant_id], entry.start_us, entry.start_us + BUCKET
            scores = one.weighted(score, start_us, stop_us)
            close(entry.engagement, mean(scores))
            covered = sum(length for _, length in scores) / one.attended_us(start_us, stop_us)
            assert entry.coverage == pytest.approx(covered, abs=1e-9)
        attended = {point.start_us for point in person.timeline}
        assert attended == {
            at * BUCKET
            for at in range(len(summary.timeline))
            if slow[person.participant_id].attended_us(at * BUCKET, (at + 1) * BUCKET)
        }


@pytest.mark.parametrize("seed", range(40))
def test_a_random_meeting_is_summed_up_the_same_slowly(seed: int) -> None:
    case = Case.make(seed)
    people = [Participant(number, name) for number, name in enumerate(case.updates)]
    series = [series_of(name, rows) for name, rows in case.updates.items() if rows]
    summary = summarise(MEETING, people, series, case.events)
    slow = {name: Slow(rows, (e for e in case.events if e.participant == name)) for name, rows in case.updates.items()}
    for one in summary.participants:
        check_person(one, slow[one.participant_id])
    check_timelines(summary, slow)
    together: Weighted = [piece for one in slow.values() for piece in one.weighted(valence)]
    close(summary.valence, mean(together))
    happiness = mean([piece for one in slow.values() for piece in one.weighted(expression(1))])
    assert summary.expressions[1] == pytest.approx(math.nan if happiness is None else happiness, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("seed", range(10))
def test_order_of_log_and_people_does_not_matter(seed: int) -> None:
    case, chance = Case.make(seed), random.Random(seed)
    people = [Participant(number, name) for number, name in enumerate(case.updates)]
    series = [series_of(name, rows) for name, rows in case.updates.items() if rows]
    before = summarise(MEETING, people, series, case.events)
    chance.shuffle(people)
    chance.shuffle(series)
    chance.shuffle(case.events)
    after = summarise(MEETING, people, series, case.events)
    assert repr(after.participants) == repr(before.participants)
    close(after.engagement, before.engagement)
