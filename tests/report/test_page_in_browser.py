"""The page as people meet it: in Chromium, light and dark, narrow and printed, by keyboard, judged by axe-core."""

import io
import math
import pathlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import chromium, needs_chromium
from eventful_meeting import EARLIER, an_eventful_meeting
from playwright.sync_api import Browser, Page
from pypdf import PdfReader
from report_samples import HOSTILE, MOMENTS, a_meeting
from roompulse_server.insight.summary.summary_types import MeetingSummary
from roompulse_server.report.html_page import html_document
from roompulse_server.types import NoScoreReason
from roompulse_vision.types import LABELS

pytestmark = [needs_chromium, pytest.mark.timeout(300)]

WIDE, NARROW = 1180, 390
DISTINCT = 0.03  # in OKLab: about twice what can just be told apart side by side
SOON = tuple(replace(moment, start_us=moment.start_us // 4) for moment in MOMENTS)


SAMPLES: dict[str, MeetingSummary] = {
    "ten minutes of eight": a_meeting(8, 10, moments=SOON),
    "hostile names": a_meeting(len(HOSTILE), 2, HOSTILE, title=HOSTILE[0]),
    "camera off": a_meeting(5, 1),
    "roll-ups only": replace(a_meeting(9, 30), participants=(), aggregate_only=True),
    "nobody": a_meeting(0, 0),
    "eventful": an_eventful_meeting(),
    "forty people": a_meeting(40, 5),
    "an hour and a bit": a_meeting(2, 61),
}


@dataclass
class Shown:
    """A page that was opened, and what it did that it should not."""

    page: Page
    troubles: list[str] = field(default_factory=list)

    @classmethod
    def open(
        cls, browser: Browser, path: pathlib.Path, width: int = WIDE, colours: Literal["light", "dark"] = "light"
    ) -> "Shown":
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=colours)
        shown = cls(page)
        page.on("console", lambda message: shown.troubles.append(message.text))
        page.on("pageerror", lambda error: shown.troubles.append(str(error)))
        page.on("dialog", lambda dialog: shown.troubles.append(dialog.message))
        page.on("request", lambda request: shown._requested(request.url))
        page.goto(path.as_uri())
        return shown

    def _requested(self, url: str) -> None:
        if not url.startswith(("file://", "data:")):
            self.troubles.append(url)

    def property(self, selector: str, name: str) -> Any:
        return self.page.eval_on_selector(selector, f"element => {name}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pathlib.Path]:
    folder = tmp_path_factory.mktemp("pages")
    paths = {name: folder / f"{name}.html" for name in SAMPLES}
    for name, path in paths.items():
        path.write_bytes(html_document(SAMPLES[name], EARLIER).content)
    return paths


@pytest.fixture
def eight(browser: Browser, files: dict[str, pathlib.Path]) -> Iterator[Shown]:
    shown = Shown.open(browser, files["ten minutes of eight"])
    yield shown
    shown.page.close()


@pytest.mark.parametrize(
    ("name", "width", "colours"),
    [
        ("hostile names", NARROW, "light"),
        ("camera off", WIDE, "dark"),
        ("roll-ups only", NARROW, "dark"),
        ("nobody", NARROW, "light"),
        ("eventful", WIDE, "light"),
        ("eventful", NARROW, "dark"),
    ],
)
def test_everybody_can_use_it_and_it_says_nothing_to_console_or_network(
    browser: Browser,
    files: dict[str, pathlib.Path],
    name: str,
    width: int,
    colours: Literal["light", "dark"],
) -> None:
    shown = Shown.open(browser, files[name], width, colours)
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= width  # nothing sticks out
    shown.page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true; })")
    found = Axe().run(shown.page).response["violations"]
    assert [(one["id"], one["impact"], one["nodes"][0]["html"][:200]) for one in found] == []
    assert shown.troubles == []
    shown.page.close()


def test_the_dark_page_is_dark_and_the_choice_of_the_reader_wins(
    browser: Browser, files: dict[str, pathlib.Path]
) -> None:
    shown = Shown.open(browser, files["nobody"], colours="dark")
    paper = "getComputedStyle(element).backgroundColor"
    assert shown.property("body", paper) == "rgb(16, 22, 28)"
    shown.page.get_by_label("Light").check(force=True)
    assert shown.property("body", paper) == "rgb(255, 255, 255)"
    shown.page.get_by_label("Dark").check(force=True)
    shown.page.emulate_media(media="print")
    assert shown.property("body", paper) == "rgb(255, 255, 255)"  # paper is white
    shown.page.close()


def test_keyboard_alone_reaches_the_report_its_moments_and_its_tables(eight: Shown) -> None:
    focused = "document.activeElement.getAttribute('href') || document.activeElement.tagName"
    eight.page.keyboard.press("Tab")
    assert eight.page.evaluate(focused) == "#main"  # the first stop skips the header
    eight.page.keyboard.press("Enter")
    stops = []
    for _ in range(8):
        eight.page.keyboard.press("Tab")
        stops.append(eight.page.evaluate(focused))
    assert stops[:2] == ["SUMMARY", "INPUT"]  # how it was computed, and the time slider
    assert stops[2:5] == ["#moment-1", "#moment-2", "#moment-3"]
    assert stops[5] == "SUMMARY"
    eight.page.focus("a[href='#moment-3']")
    eight.page.keyboard.press("Enter")
    assert eight.page.url.endswith("#moment-3")
    assert eight.property("#moment-3", "element.matches(':target')")


def test_the_cursor_shows_the_numbers_of_the_table(eight: Shown) -> None:
    eight.page.focus("#when")
    for _ in range(7):
        eight.page.keyboard.press("ArrowRight")
    cells = eight.page.eval_on_selector_all(
        "#numbers-time tbody tr:nth-child(8) > *", "all => all.map(one => one.textContent.trim())"
    )
    assert cells[0] == "1:10"
    assert eight.page.inner_text("output") == f"1:10: median {cells[1]}, {cells[2]} of {cells[3]} seen"
    assert eight.page.inner_text(".now >> nth=0") == f"{cells[4]} at 1:10"
    picture = eight.page.locator("svg.over-time").first
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    assert box is not None
    eight.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 5)
    assert eight.page.inner_text("output").startswith("5:00: median ")


def test_without_script_everything_is_there(browser: Browser, files: dict[str, pathlib.Path]) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(files["ten minutes of eight"].as_uri())
    assert page.locator("svg path.line").count() == 8  # the meeting and the seven with a camera
    assert not page.locator("#cursor").is_visible()
    page.locator("summary").first.click()
    assert page.locator("#numbers-time tbody tr").count() == 60
    context.close()


@pytest.mark.parametrize(
    ("name", "most"), [("ten minutes of eight", 6), ("eventful", 6), ("roll-ups only", 4), ("forty people", 16)]
)
def test_no_printed_page_is_empty_and_the_first_one_tells_what_happened(
    browser: Browser, files: dict[str, pathlib.Path], name: str, most: int
) -> None:
    shown = Shown.open(browser, files[name])
    pages = PdfReader(io.BytesIO(shown.page.pdf(format="A4"))).pages
    shown.page.close()
    texts = [" ".join(page.extract_text().split()) for page in pages]
    assert 2 <= len(texts) <= most
    assert all(len(text) > 150 for text in texts)
    for part in ("What happened", "In numbers", "The meeting over time"):
        assert part in texts[0]
    assert "Limits and law" in texts[-1]


@pytest.mark.parametrize(("width", "height"), [(WIDE, 900), (NARROW, 844)])
def test_the_first_screen_says_what_happened_and_who_has_no_score(
    browser: Browser, files: dict[str, pathlib.Path], width: int, height: int
) -> None:
    shown = Shown.open(browser, files["eventful"], width)
    lines = shown.page.locator(".told, .unscored").all()
    assert len(lines) == 4
    for line in lines:
        box = line.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= height
    assert not any(re.search(r"\d\.\d|%", line.inner_text()) for line in lines)  # no number but times and counts
    assert not shown.page.locator("details").first.get_attribute("open")
    shown.page.close()


LABELS_OUTSIDE = """() => [...document.querySelectorAll('.axis text, .labels text')].flatMap(label => {
  const [text, picture] = [label.getBoundingClientRect(), label.closest('svg').getBoundingClientRect()];
  const inside = text.left >= picture.left - 1 && text.right <= picture.right + 1 && text.top >= picture.top - 1;
  return inside && text.bottom <= picture.bottom + 1 ? [] : [label.textContent];
})"""
LABELS_ON_EACH_OTHER = """() => [...document.querySelectorAll('.axis, .labels')].flatMap(axis => {
  const boxes = [...axis.querySelectorAll('text')].map(text => [text.textContent, text.getBoundingClientRect()]);
  return boxes.flatMap(([one, a], index) => boxes.slice(index + 1).flatMap(([other, b]) =>
    a.left < b.right && b.left < a.right && a.top < b.bottom - 2 && b.top < a.bottom - 2 ? [`${one} ${other}`] : []));
})"""


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("name", ["eventful", "ten minutes of eight", "an hour and a bit"])
def test_every_label_of_an_axis_can_be_read_and_hides_no_line(
    browser: Browser, files: dict[str, pathlib.Path], name: str, width: int
) -> None:
    shown = Shown.open(browser, files[name], width)
    assert shown.page.evaluate(LABELS_OUTSIDE) == []
    assert shown.page.evaluate(LABELS_ON_EACH_OTHER) == []
    boxes = [shown.page.locator(f".plot > {kind}").first.bounding_box() for kind in (".labels", ".over-time")]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]  # scores stand beside the first seconds, not on them
    times = shown.page.locator(".axis").first.locator("text:not(.wall)").all_text_contents()
    assert times[0] == "0:00"
    assert times[-1] == {"eventful": "15:00", "ten minutes of eight": "10:00", "an hour and a bit": "1:00:00"}[name]
    shown.page.close()


COLOURS = """() => {
  const root = getComputedStyle(document.documentElement);
  const probe = document.createElement('i');
  document.body.append(probe);
  const resolved = name => { probe.style.color = `var(${name})`; return getComputedStyle(probe).color; };
  const rules = [...document.styleSheets].flatMap(sheet => [...sheet.cssRules]);
  const parts = rules.filter(rule => rule.style && rule.style.getPropertyValue('--part'));
  const fills = parts.map(rule => {
    probe.style.color = rule.style.getPropertyValue('--part');
    return [rule.selectorText, getComputedStyle(probe).color];
  });
  const names = ['--engagement', '--there', '--camera', '--drop', '--peak', '--smile'];
  return [...fills, ...names.map(name => [name, resolved(name)])];
}"""


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_one_colour_has_one_meaning_in_all_pictures(
    browser: Browser, files: dict[str, pathlib.Path], colours: Literal["light", "dark"]
) -> None:
    shown = Shown.open(browser, files["nobody"], colours=colours)
    found = [(name, _oklab(colour)) for name, colour in shown.page.evaluate(COLOURS)]
    shown.page.close()
    assert {f".expression-{label}" for label in LABELS} <= {name for name, _ in found}
    reasons = {f".reason-{reason.name.lower().replace('_', '-')}" for reason in NoScoreReason}
    assert reasons <= {name for name, _ in found}
    assert all("," not in name for name, _ in found)  # nor do two meanings share a rule
    alike = [
        (one, other, round(math.dist(a, b), 3))
        for number, (one, a) in enumerate(found)
        for other, b in found[:number]
        if math.dist(a, b) < DISTINCT
    ]
    assert alike == []


def _oklab(colour: str) -> tuple[float, float, float]:
    """Return a colour of CSS, rgb(r, g, b), where distances are about those that people see (Ottosson 2020)."""
    channels = (int(number) / 255 for number in re.findall(r"\d+", colour)[:3])
    r, g, b = ((c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4) for c in channels)
    l, m, s = (  # noqa: E741
        math.cbrt(row[0] * r + row[1] * g + row[2] * b)
        for row in (
            (0.4122214708, 0.5363325363, 0.0514459929),
            (0.2119034982, 0.6806995451, 0.1073969566),
            (0.0883024619, 0.2817188376, 0.6299787005),
        )
    )
    return (
        0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
        1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
        0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s,
    )
