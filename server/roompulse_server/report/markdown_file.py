"""The summary as Markdown (GitHub Flavored): the page's sentences and tables, for wikis, tickets and mails."""

import re
from collections.abc import Iterable, Iterator, Sequence

from roompulse_vision.types import LABELS

from roompulse_server.insight.summary.occurrence import Occurrence
from roompulse_server.insight.summary.summary_types import MeetingSummary
from roompulse_server.report import explanation, naming, remark, sentence
from roompulse_server.report.attendance import presence_of
from roompulse_server.report.axis import score_scale
from roompulse_server.report.document import Document, named
from roompulse_server.report.history import history_of
from roompulse_server.report.legal import consent_sentences
from roompulse_server.report.moment_mark import MomentMark, effect_marks, moment_marks
from roompulse_server.report.naming import Named
from roompulse_server.report.resolution import Slots, meeting_slots, slots_for
from roompulse_server.report.story import story_of, unscored
from roompulse_server.report.wall_clock import WallClock, wall_clock_of

_SPECIAL = re.compile(
    r"([\\`*_{}\[\]<>#!|~&$@]|:(?=//)|(?<=www)\.)"
)  # what could begin markup, HTML, a link or a mention
_ROWS = 60  # of the timeline: a page to read, not data

LIMITS = (
    "These are **apparent expressions**, not feelings, attention or learning, and no comparison of people. Not for "
    "hiring, appraisal, discipline, exams or health. In the EU it is prohibited to infer emotions at work or in "
    "education (AI Act, Art. 5(1)(f); medical and safety purposes excepted). This is not legal advice."
)


def markdown_document(summary: MeetingSummary, earlier: Sequence[Occurrence] = (), /) -> Document:
    """Write the summary for people."""
    text = "\n\n".join(block for block in _blocks(summary, earlier) if block)
    return named(summary, "md", "text/markdown; charset=utf-8; variant=GFM", f"{text}\n".encode())


def escaped(text: str) -> str:
    """Return somebody's words as one line that means nothing in Markdown."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _blocks(summary: MeetingSummary, earlier: Sequence[Occurrence]) -> Iterator[str]:
    slots, wall = slots_for(summary), wall_clock_of(summary)
    shown = naming.isolated(naming.by_name(summary.participants))
    people = [Named(escaped(name), person) for name, person in shown]
    yield f"# {escaped(naming.title_of(summary))}"
    yield (
        f"{wall.date()}, {wall.time(0)} {wall.zone_name}, {sentence.clock(summary.duration_us)} long, "
        f"analysed for {summary.purpose.name.lower().replace('_', ' ')}."
    )
    yield " ".join(story_of(summary, people))
    if missing := unscored(people):
        yield f"**Without a score:** {'; '.join(missing)}."
    yield from _whole(summary)
    yield from _history(summary, earlier)
    if people:
        yield "## Who was there when"
        yield _attendance(people, slots, wall)
        yield "## Scores"
        yield _scores(people)
    yield from _standing_out(summary, people, slots, wall)
    if people:
        yield "## Mean expressions"
        yield _expressions(summary, people)
    yield from _timeline(summary)
    yield "## How this was computed"
    yield _bullets(sentence.sentence(note) for note in naming.technical_notes(summary, people))
    yield _bullets(f"{title}: {escaped(rule)}" for title, rule in remark.rules(summary).items())
    yield "---"
    yield LIMITS
    yield " ".join(consent_sentences(summary, people))


def _whole(summary: MeetingSummary) -> Iterator[str]:
    if summary.engagement is None:
        yield explanation.why_nobody(summary)
        return
    score = sentence.spread(summary.engagement, summary.engagement_deviation)
    shown = sentence.expression(summary.expressions) or "nothing that was read"
    average = "averaged over groups" if summary.aggregate_only else "the middle person's score"
    yield (
        f"**Engagement {score}** ({score_scale(summary).lowest:g} to 1, {average}). "
        f"Faces show {shown}; valence {sentence.number(summary.valence)}, arousal {sentence.number(summary.arousal)}."
    )


def _history(summary: MeetingSummary, earlier: Sequence[Occurrence]) -> Iterator[str]:
    if lines := history_of(summary, earlier):
        yield "## This meeting and earlier ones"
        rows = [
            (f"**{line.date}**" if line.this else line.date, line.length, line.people, line.engagement)
            for line in lines
        ]
        yield _table(("when", "length", "people", "engagement"), rows)


def _attendance(people: Sequence[Named], slots: Slots, wall: WallClock) -> str:
    rows = []
    for name, person in people:
        one = presence_of(person, slots, wall)
        rows.append((name, one.times, one.attended, one.camera_on, one.speaking, one.speaking_share))
    head = ("who", f"there ({wall.zone_name})", "in the meeting", "camera on", "spoke", "of all speaking")
    return _table(head, rows)


def _scores(people: Sequence[Named]) -> str:
    rows = [
        (
            name,
            sentence.spread(person.engagement.mean, person.engagement.standard_deviation),
            explanation.why_not(person) or explanation.explanation(person),
            sentence.spread(person.valence, person.valence_deviation),
            sentence.spread(person.arousal, person.arousal_deviation),
        )
        for name, person in people
    ]
    return _table(("who", "engagement", "why", "valence", "arousal"), rows)


def _standing_out(summary: MeetingSummary, people: Sequence[Named], slots: Slots, wall: WallClock) -> Iterator[str]:
    if not summary.moments and not summary.timeline:
        return
    names = naming.names_by_id(people)
    moments = moment_marks(summary.moments, names, slots, wall)
    steps = [f"{one.time} ({one.wall_time}): {one.text}" for one in effect_marks(summary, names, slots, wall)]
    yield "## What stands out"
    yield _bullets([*map(_moment, moments), *steps, *remark.remarks(summary)]) or "No moment stands out."


def _moment(mark: MomentMark) -> str:
    who = f" ({mark.who})" if mark.who else ""
    detail = "; ".join(filter(None, (mark.amount, mark.chance)))
    return f"{mark.time} ({mark.wall_time}): {mark.title}{who}{': ' if detail else ''}{detail}."


def _expressions(summary: MeetingSummary, people: Sequence[Named]) -> str:
    rows = [("everybody", *map(sentence.percent, summary.expressions))]
    rows += [(name, *map(sentence.percent, person.expressions)) for name, person in people]
    return _table(("who", *LABELS), rows)


def _timeline(summary: MeetingSummary) -> Iterator[str]:
    slots = slots_for(summary, _ROWS)
    if not slots.count:
        return
    values = meeting_slots(summary, slots)
    yield "## Over time"
    columns = zip(slots.starts_us, values.engagement, values.seen, values.total, strict=True)
    rows = [
        (sentence.clock(at), sentence.number(score), sentence.people(seen), sentence.people(total))
        for at, score, seen, total in columns
    ]
    yield _table(("from", f"{values.average} engagement", "seen", "in the meeting"), rows)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = tuple(head)
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
