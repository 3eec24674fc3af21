"""The page: one self-contained HTML file with pictures, their numbers, and words; no request to any network.

summary ──> slots, people, moments, plane ──> template (escapes everything) ──> bytes
"""

import math
from dataclasses import dataclass

from roompulse_server.insight.formula import DEFAULT_ID
from roompulse_server.insight.summary_types import MeetingSummary, ParticipantSummary
from roompulse_server.report import axis, curve
from roompulse_server.report.document import Document, named
from roompulse_server.report.moment_mark import moment_marks
from roompulse_server.report.naming import by_name, common_notes, names_by_id
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
from roompulse_server.types import LABELS, Meeting


@dataclass(frozen=True, slots=True)
class Person:
    """One person's part of the page: values by slot, paths of the small picture, shares for the bars."""

    name: str
    summary: ParticipantSummary
    engagement: Values
    line: str
    covered: str
    expressions: tuple[Part, ...]
    times: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Ribbon:
    """The meeting's picture: medians, the middle eight tenths, and areas of those seen and there, `most` at most."""

    slots: MeetingSlots
    line: str
    band: str
    seen: str
    total: str
    most: int


def html_document(meeting: Meeting, summary: MeetingSummary) -> Document:
    """Draw the page."""
    slots, scale, people = slots_for(summary), axis.score_scale(summary), by_name(summary.participants)
    page = page_template().render(
        meeting=meeting,
        summary=summary,
        slots=slots,
        scale=scale,
        of_parts=_of_parts(summary),
        marks_us=axis.time_marks_us(summary.duration_us),
        ribbon=_ribbon(summary, slots, scale),
        people=[_person(name, person, slots, scale) for name, person in people],
        moments=moment_marks(summary.moments, names_by_id(people), slots),
        plane=plane_of(summary, people),
        expressions=expression_parts(summary.expressions),
        labels=[label for label, p in zip(LABELS, summary.expressions, strict=True) if not math.isnan(p)],
        common=common_notes(summary.participants),
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


def _person(name: str, person: ParticipantSummary, slots: Slots, scale: axis.Scale) -> Person:
    engagement, coverage = participant_slots(person, slots)
    return Person(
        name=name,
        summary=person,
        engagement=engagement,
        line=curve.line(engagement, slots, scale),
        covered=curve.steps(coverage, slots, 1.0),
        expressions=expression_parts(person.expressions),
        times=time_parts(person),
    )
