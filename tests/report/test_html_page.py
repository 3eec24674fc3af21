"""The page as a file: whole in itself, small, safe, and true to the summary."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_samples import HOSTILE, MOMENTS, a_meeting
from roompulse_server.insight.summary.remedies import what_helps
from roompulse_server.insight.summary.summary_types import MeetingSummary
from roompulse_server.report.html_page import html_document
from roompulse_server.report.sentence import number, percent
from roompulse_server.types import NoScoreReason

VOID = {"meta", "link", "input", "br", "img"}


class Parsed(HTMLParser):
    """Tags with their attributes, and the text by the tag that it stands in."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attributes}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass  # rows and cells need no end of their own

    def handle_data(self, data: str) -> None:
        self.texts.append((self._open[-1] if self._open else "", data))

    def values(self, attribute: str) -> list[str]:
        return [given[attribute] for _, given in self.tags if attribute in given]

    def text(self, tag: str) -> list[str]:
        return [data.strip() for name, data in self.texts if name == tag and data.strip()]


def page_of(summary: MeetingSummary) -> str:
    return html_document(summary).content.decode()


@pytest.fixture(scope="module")
def eight() -> str:
    return page_of(a_meeting(8, 10, moments=MOMENTS))


def test_an_hour_of_twenty_fits_into_400_kilobytes() -> None:
    document = html_document(a_meeting(20, 60, moments=MOMENTS))
    assert len(document.content) <= 400_000
    assert document.file_name == "roompulse-standup-2023-11-14.html"
    assert document.media_type == "text/html; charset=utf-8"


def test_a_meeting_of_any_size_makes_a_page_that_opens() -> None:
    assert len(page_of(a_meeting(100, 30))) <= 600_000
    assert len(page_of(a_meeting(1, 150))) <= 100_000


def test_nothing_is_fetched_and_the_policy_forbids_it(eight: str) -> None:
    parsed = Parsed(eight)
    assert "src" not in {name for _, given in parsed.tags for name in given}
    assert {href[:1] for href in parsed.values("href")} == {"#", "d"}  # places in the page, and the empty icon
    assert "style" not in {name for _, given in parsed.tags for name in given}
    assert not re.search(r"url\(|@import|https?://", eight)
    (policy,) = (given["content"] for _, given in parsed.tags if given.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none';")
    for kind in ("style", "script"):
        (source,) = re.findall(rf"<{kind}>(.*?)</{kind}>", eight, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy


def test_ids_are_unique_and_every_link_leads_somewhere(eight: str) -> None:
    parsed = Parsed(eight)
    ids = parsed.values("id")
    assert len(ids) == len(set(ids))
    assert {href[1:] for href in parsed.values("href") if href.startswith("#")} <= set(ids)
    assert {"moment-1", "moment-2", "moment-3"} <= set(ids)


def test_every_picture_has_a_name_and_every_figure_a_table(eight: str) -> None:
    parsed = Parsed(eight)
    pictures = [given for tag, given in parsed.tags if tag == "svg" and given.get("role") == "img"]
    assert len(pictures) > 20
    assert all(given.get("aria-label") for given in pictures)
    for figure in re.findall(r"<figure.*?</figure>", eight, re.DOTALL):
        assert "<table" in figure


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), min_size=1, max_size=4))
@settings(max_examples=25, deadline=None)
def test_no_name_becomes_markup(names: list[str]) -> None:
    harmless = Parsed(page_of(a_meeting(len(names), 0.5, ["x"] * len(names), title="x")))
    parsed = Parsed(page_of(a_meeting(len(names), 0.5, names, title=names[0])))
    assert [tag for tag, _ in parsed.tags] == [tag for tag, _ in harmless.tags]


def test_hostile_names_are_shown_as_they_are() -> None:
    page = page_of(a_meeting(len(HOSTILE), 1, HOSTILE, title=HOSTILE[0]))
    parsed = Parsed(page)
    assert set(HOSTILE) <= set(parsed.text("bdi"))
    assert [tag for tag, _ in parsed.tags].count("script") == 1
    assert "img" not in [tag for tag, _ in parsed.tags]


def test_names_that_would_turn_or_break_a_line_are_escaped_wherever_they_stand() -> None:
    """In sentences too, where no element of its own keeps a name from what follows."""
    meeting = a_meeting(2, 3, ("A\u202edb\x1b[2J", "مريم"), title="Plan\u2066ning")
    page = page_of(replace(meeting, participants=meeting.participants[:2]))
    assert not set("\u202e\u2066\x1b") & set(page)
    assert r"A\u202edb\x1b[2J and " + "\u2068مريم\u2069 met" in page
    assert r"Plan\u2066ning" in page


def test_no_number_stands_before_the_three_sentences(eight: str) -> None:
    first = eight[eight.index("</header>") : eight.index('id="glance"')]
    assert first.count('<p class="told">') == 3
    assert "Eve Nowak (the camera was off)" in first
    assert not re.search(r"\d\.\d|\d\u00a0%", first)
    (behind,) = re.findall(r'<details class="computed">.*?</details>', eight, re.DOTALL)
    assert "<summary>How this was computed</summary>" in behind
    assert "Valence and arousal are derived from expressions." in behind
    outside = eight.replace(behind, "")
    for technical in ("derived from expressions.", "too little evidence", "oo little evidence for", "no grades", "≈"):
        assert technical not in outside


def test_people_stand_by_name_whatever_their_scores() -> None:
    summary = a_meeting(4, 2, ("ödön", "Zoe", "ada", "Bob"))
    shown = [name for name in Parsed(page_of(summary)).text("bdi") if name in ("ödön", "Zoe", "ada", "Bob")]
    assert shown[:4] == ["ada", "Bob", "Zoe", "ödön"]
    worse = replace(summary.participants[2], engagement=replace(summary.participants[2].engagement, mean=0.2))
    changed = replace(summary, participants=(*summary.participants[:2], worse, summary.participants[3]))
    again = [name for name in Parsed(page_of(changed)).text("bdi") if name in ("ödön", "Zoe", "ada", "Bob")]
    assert again == shown


def test_the_table_behind_the_picture_has_the_summary_s_numbers(eight: str) -> None:
    summary = a_meeting(8, 10, moments=MOMENTS)
    (table,) = re.findall(r'<table id="numbers-time">.*?</table>', eight, re.DOTALL)
    rows = [re.findall(r"<td>([^<\n]*)", row) for row in table.split("<tr>")[2:]]
    assert len(rows) == len(summary.timeline)
    for row, point in zip(rows, summary.timeline, strict=True):
        assert row[:3] == [number(point.engagement_median), str(point.seen), str(point.total)]
        assert len(row) == 3 + 8


def test_where_a_score_is_missing_stand_the_reason_and_its_remedy(eight: str) -> None:
    shown = " ".join(Parsed(eight).text("p"))
    assert f"There is no score: the camera was off. {what_helps(NoScoreReason.CAMERA_OFF)}" in shown
    first = shown[: shown.index("In numbers")] if "In numbers" in shown else shown
    assert "Eve Nowak (the camera was off)." in first


def test_roll_ups_alone_make_a_page_without_anybody_s_values() -> None:
    summary = a_meeting(8, 10)
    page = page_of(replace(summary, participants=(), aggregate_only=True))
    assert "This report holds no values of single people." in page
    assert "Ada Obi" not in page
    assert number(summary.engagement) in page
    seen, total = (sum(getattr(point, name) for point in summary.timeline) for name in ("seen", "total"))
    assert f'<dd class="big">{percent(seen / total)}</dd>' in page
    assert page.count("<svg") < 15


def test_a_meeting_of_nobody_says_so() -> None:
    assert "Nobody attended." in page_of(a_meeting(0, 0))


def test_a_running_meeting_says_so() -> None:
    summary = a_meeting(1, 1)
    assert "still running" not in page_of(summary)
    assert "still running" in page_of(replace(summary, end_time_us=None))


def test_a_network_s_scores_are_not_explained_by_the_formula() -> None:
    summary = a_meeting(2, 1)
    assert "Facing × expression" in page_of(summary)
    person = summary.participants[0]
    scores = replace(person.engagement, mean=0.1, minimum=0.01, facing=None, expression=None, bands=())
    alone = replace(summary, participants=(replace(person, engagement=scores),), formula_id="network-1")
    page = page_of(alone)
    assert "Facing × expression" not in page
    assert "for facing the screen" not in page
    assert "From 0 to 1, by network-1" in page
