"""The summary as Markdown (GitHub Flavored): the page's sentences and tables, for wikis, tickets and mails."""

import re
from collections.abc import Iterable, Iterator

from roompulse_server.insight.summary_types import MeetingSummary
from roompulse_server.report import sentence
from roompulse_server.report.axis import score_scale
from roompulse_server.report.document import Document, named
from roompulse_server.report.moment_mark import MomentMark, moment_marks
from roompulse_server.report.naming import by_name, common_notes, names_by_id
from roompulse_server.report.resolution import meeting_slots, slots_for
from roompulse_server.types import LABELS, Meeting

_SPECIAL = re.compile(
    r"([\\`*_{}\[\]<>#!|~&$@]|:(?=//)|(?<=www)\.)"
)  # what could begin markup, HTML, a link or a mention
_ROWS = 60  # of the timeline: a page to read, not data

LIMITS = (
    "These are **apparent expressions**, not feelings, attention or learning, and no comparison of people. Not for "
    "hiring, appraisal, discipline, exams or health. In the EU it is prohibited to infer emotions at work or in "
    "education (AI Act, Art. 5(1)(f); medical and safety purposes excepted). This is not legal advice."
)


def markdown_document(meeting: Meeting, summary: MeetingSummary) -> Document:
    """Write the summary for people."""
    text = "\n\n".join(block for block in _blocks(meeting, summary) if block)
    return named(summary, "md", "text/markdown; charset=utf-8; variant=GFM", f"{text}\n".encode())


def escaped(text: str) -> str:
    """Return somebody's words as one line that means nothing in Markdown."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _blocks(meeting: Meeting, summary: MeetingSummary) -> Iterator[str]:
    slots, people = slots_for(summary), by_name(summary.participants)
    moments = moment_marks(summary.moments, names_by_id(people), slots)
    yield f"# {escaped(meeting.title or summary.meeting.id)}"
    yield (
        f"{sentence.date(summary.start_time_us, summary.time_zone)}, {sentence.clock(summary.duration_us)} long, "
        f"analysed for {summary.purpose.name.lower().replace('_', ' ')}."
    )
    yield from _whole(summary)
    yield _bullets(sentence.sentence(note) for note in (*summary.notes, *common_notes(summary.participants)))
    if people:
        yield "## People"
        yield _people(summary)
    if moments or summary.timeline:
        yield "## What stands out"
        yield _bullets([*map(_moment, moments), *sentence.remarks(summary)]) or "No moment stands out."
        yield _bullets(f"{title}: {escaped(rule)}" for title, rule in sentence.rules(summary).items())
    if people:
        yield "## Mean expressions"
        yield _expressions(summary)
    yield from _timeline(summary)
    yield "---"
    yield LIMITS


def _whole(summary: MeetingSummary) -> Iterator[str]:
    if summary.engagement is None:
        yield sentence.why_nobody(summary)
        return
    score = sentence.spread(summary.engagement, summary.engagement_deviation)
    shown = sentence.expression(summary.expressions) or "nothing that was read"
    yield (
        f"**Engagement {score}** ({score_scale(summary).lowest:g} to 1, the middle person's score). "
        f"Faces show {shown}; valence {sentence.number(summary.valence)}, arousal {sentence.number(summary.arousal)}."
    )


def _people(summary: MeetingSummary) -> str:
    rows = [
        (
            escaped(name),
            sentence.spread(person.engagement.mean, person.engagement.standard_deviation),
            sentence.sentence(sentence.why_not(person) or sentence.explanation(person)),
            sentence.spread(person.valence, person.valence_deviation),
            sentence.spread(person.arousal, person.arousal_deviation),
        )
        for name, person in by_name(summary.participants)
    ]
    return _table(("who", "engagement", "why", "valence", "arousal"), rows)


def _moment(mark: MomentMark) -> str:
    who = f" ({escaped(mark.who)})" if mark.who else ""
    detail = "; ".join(filter(None, (mark.amount, mark.chance)))
    return f"{mark.time}: {mark.title}{who}{': ' if detail else ''}{detail}."


def _expressions(summary: MeetingSummary) -> str:
    rows = [("everybody", *map(sentence.percent, summary.expressions))]
    rows += [
        (escaped(name), *map(sentence.percent, person.expressions)) for name, person in by_name(summary.participants)
    ]
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
