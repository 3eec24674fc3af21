"""The page: one self-contained HTML file with pictures, their numbers, and words; no request to any network.

    summary ──> slots, people, moments, plane ──> template (escapes everything) ──> bytes

Styles and the small script stand inside; the content security policy names them by hash and allows nothing else.
"""

import base64
import functools
import hashlib
import math
from dataclasses import dataclass
from importlib import resources

import jinja2
from markupsafe import Markup

from roompulse_server.insight.summary_types import MeetingSummary, ParticipantSummary
from roompulse_server.report import axis, curve, sentence
from roompulse_server.report.document import Document, named
from roompulse_server.report.moment_mark import moment_marks
from roompulse_server.report.naming import by_name, common_notes, names_by_id
from roompulse_server.report.plane import BADGE, SIDE, plane_of
from roompulse_server.report.resolution import (
    MeetingSlots,
    Slots,
    Values,
    meeting_slots,
    participant_slots,
    slots_for,
)
from roompulse_server.report.share import Part, expression_parts, time_parts
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
    slots, people = slots_for(summary), by_name(summary.participants)
    page = _template().render(
        meeting=meeting,
        summary=summary,
        slots=slots,
        marks_us=axis.time_marks_us(summary.duration_us),
        ribbon=_ribbon(summary, slots),
        people=[_person(name, person, slots) for name, person in people.items()],
        moments=moment_marks(summary.moments, names_by_id(people), slots),
        plane=plane_of(summary, people),
        expressions=expression_parts(summary.expressions),
        labels=[label for label, p in zip(LABELS, summary.expressions, strict=True) if not math.isnan(p)],
        common=common_notes(summary.participants),
    )
    return named(summary, "html", "text/html; charset=utf-8", page.encode())


def _ribbon(summary: MeetingSummary, slots: Slots) -> Ribbon:
    values = meeting_slots(summary, slots)
    most = max((point.total for point in summary.timeline), default=0)
    return Ribbon(
        slots=values,
        line=curve.line(values.engagement, slots),
        band=curve.band(values.p10, values.p90, slots),
        seen=curve.steps(values.seen, slots, max(most, 1)),
        total=curve.steps(values.total, slots, max(most, 1)),
        most=most,
    )


def _person(name: str, person: ParticipantSummary, slots: Slots) -> Person:
    engagement, coverage = participant_slots(person, slots)
    return Person(
        name=name,
        summary=person,
        engagement=engagement,
        line=curve.line(engagement, slots),
        covered=curve.steps(coverage, slots, 1.0),
        expressions=expression_parts(person.expressions),
        times=time_parts(person),
    )


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = _source("page.css"), _source("page.js")
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    environment.globals |= {
        "style": Markup(style),  # our own files; an escaped one would be another one than the policy's
        "script": Markup(script),
        "policy": policy,
        "all_labels": LABELS,
        "score_y": curve.score_y,
        "badge": BADGE,
        "side": SIDE,
    }
    names = (
        "clock",
        "date",
        "explanation",
        "expression",
        "listed",
        "missing",
        "number",
        "percent",
        "remarks",
        "sentence",
        "spread",
    )
    environment.filters |= {name: getattr(sentence, name) for name in (*names, "why_not", "why_nobody")}
    return environment.get_template("page.html")


def _source(name: str) -> str:
    return resources.files(__package__).joinpath("templates", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
