"""The page: one self-contained HTML file with pictures, their numbers, and words; no request to any network.

summary ──> slots, people, moments, plane ──> template (escapes everything) ──> bytes
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from roompulse_vision.types import LABELS

from roompulse_server.insight.scoring.formula import DEFAULT_ID
from roompulse_server.insight.summary.occurrence import Occurrence
from roompulse_server.insight.summary.summary_types import MeetingSummary, ParticipantSummary
from roompulse_server.report import axis, curve, naming, story
from roompulse_server.report.attendance import PresenceBars, presence_of
from roompulse_server.report.document import Document, named
from roompulse_server.report.history import history_of
from roompulse_server.report.legal import consent_sentences
from roompulse_server.report.moment_mark import effect_marks, moment_marks
from roompulse_server.report.naming import Named
from roompulse_server.report.plane import plane_of
from roompulse_server.report.resolution import (
    MeetingSlots,
    Slots,
    Values,
    meeting_slots,
    participant_slots,
    slots_for,
)
from roompulse_server.report.share import Part, expression_parts, time_parts
from roompulse_server.report.template import page_template
from roompulse_server.report.wall_clock import WallClock, wall_clock_of


@dataclass(frozen=True, slots=True)
class PersonView:
    """One person's part of the page: values by slot, paths of the small picture, shares for the bars."""

    name: str
    summary: ParticipantSummary
    presence: PresenceBars
    engagement: Values
    line: str
    covered: str
    expressions: tuple[Part, ...]
    times: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Ribbon:
    """The meeting's picture: medians, all but the outer tenths, and areas of those seen and there, `most` at most."""

    slots: MeetingSlots
    line: str
    band: str
    seen: str
    total: str
    most: int


def html_document(summary: MeetingSummary, earlier: Sequence[Occurrence] = (), /) -> Document:
    """Draw the page."""
    slots, scale, wall = slots_for(summary), axis.score_scale(summary), wall_clock_of(summary)
    people = naming.by_name(summary.participants)
    told = naming.isolated(people)
    names = naming.names_by_id(told)
    page = page_template().render(
        title=naming.title_of(summary),
        summary=summary,
        wall=wall,
        story=story.story_of(summary, told),
        unscored=story.unscored(told),
        history=history_of(summary, earlier),
        notes=naming.technical_notes(summary, told),
        consent=list(consent_sentences(summary, told)),
        slots=slots,
        scale=scale,
        of_parts=_of_parts(summary),
        marks_us=axis.time_marks_us(summary.duration_us),
        ribbon=_ribbon(summary, slots, scale),
        people=[_person(one, slots, scale, wall) for one in people],
        moments=moment_marks(summary.moments, names, slots, wall),
        effects=effect_marks(summary, names, slots, wall),
        plane=plane_of(summary, people),
        expressions=expression_parts(summary.expressions),
        labels=[label for label, p in zip(LABELS, summary.expressions, strict=True) if not math.isnan(p)],
    )
    return named(summary, "html", "text/html; charset=utf-8", page.encode())


def _of_parts(summary: MeetingSummary) -> bool:
    """Say whether scores are facing times expression: by a formula, not a network."""
    known = any(person.engagement.expression is not None for person in summary.participants)
    return known or summary.formula_id.startswith(DEFAULT_ID)


def _ribbon(summary: MeetingSummary, slots: Slots, scale: axis.Scale) -> Ribbon:
    values = meeting_slots(summary, slots)
    most = max((point.total for point in summary.timeline), default=0)
    return Ribbon(
        slots=values,
        line=curve.line(values.engagement, slots, scale),
        band=curve.band(values.p10, values.p90, slots, scale),
        seen=curve.steps(values.seen, slots, max(most, 1)),
        total=curve.steps(values.total, slots, max(most, 1)),
        most=most,
    )


def _person(one: Named, slots: Slots, scale: axis.Scale, wall: WallClock) -> PersonView:
    name, person = one
    engagement, coverage = participant_slots(person, slots)
    return PersonView(
        name=name,
        summary=person,
        presence=presence_of(person, slots, wall),
        engagement=engagement,
        line=curve.line(engagement, slots, scale),
        covered=curve.steps(coverage, slots, 1.0),
        expressions=expression_parts(person.expressions),
        times=time_parts(person),
    )
