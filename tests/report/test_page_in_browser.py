"""The page as people meet it: in Chromium, light and dark, narrow and printed, by keyboard, judged by axe-core."""

import pathlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import chromium, needs_chromium
from eventful_meeting import EARLIER, an_eventful_meeting
from playwright.sync_api import Browser, Page
from report_samples import HOSTILE, MOMENTS, a_meeting
from roompulse_server.insight.summary_types import MeetingSummary
from roompulse_server.report.html_page import html_document

pytestmark = [needs_chromium, pytest.mark.timeout(300)]

WIDE, NARROW = 1180, 390
SOON = tuple(replace(moment, start_us=moment.start_us // 4) for moment in MOMENTS)


SAMPLES: dict[str, MeetingSummary] = {
    "ten minutes of eight": a_meeting(8, 10, moments=SOON),
    "hostile names": a_meeting(len(HOSTILE), 2, HOSTILE, title=HOSTILE[0]),
    "camera off": a_meeting(5, 1),
    "roll-ups only": replace(a_meeting(9, 30), participants=(), aggregate_only=True),
    "nobody": a_meeting(0, 0),
    "eventful": an_eventful_meeting(),
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
        ("ten minutes of eight", WIDE, "light"),
        ("ten minutes of eight", NARROW, "dark"),
        ("hostile names", NARROW, "light"),
        ("camera off", WIDE, "dark"),
        ("roll-ups only", NARROW, "dark"),
        ("nobody", NARROW, "light"),
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
    assert stops[0] == "INPUT"  # the time slider
    assert stops[1:4] == ["#moment-1", "#moment-2", "#moment-3"]
    assert stops[4] == "SUMMARY"
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
    box = eight.page.locator("svg.over-time").first.bounding_box()
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


def test_it_prints_on_a_few_pages(eight: Shown) -> None:
    paper = eight.page.pdf(format="A4")
    assert paper.startswith(b"%PDF")
    assert 3 <= paper.count(b"/Type /Page\n") <= 8
