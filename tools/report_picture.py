"""Make docs/report.png again: the upper part of the report of a synthetic meeting, seen in the system's Chromium.

python -m tools.report_picture [FILE]
"""

import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).parent.parent
for room in ("builders", "services", "checkers", "media"):  # whose synthetic meeting and browser it takes
    sys.path.insert(0, str(ROOT / "tests" / "support" / room))

from chromium import chromium  # noqa: E402
from eventful_meeting import EARLIER, an_eventful_meeting  # noqa: E402
from roompulse_server.report.html_page import html_document  # noqa: E402

WIDTH = 1100


def main() -> None:
    picture = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "report.png"
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        path = pathlib.Path(folder, "report.html")
        path.write_bytes(html_document(an_eventful_meeting(), EARLIER).content)
        page = browser.new_page(viewport={"width": WIDTH, "height": 900}, color_scheme="light")
        page.goto(path.as_uri())
        bottom = page.locator("section[aria-labelledby=time] .legend").last.bounding_box()
        assert bottom is not None
        height = round(bottom["y"] + bottom["height"]) + 6
        page.screenshot(path=picture, full_page=True, clip={"x": 0, "y": 0, "width": WIDTH, "height": height})
    print(picture)


if __name__ == "__main__":
    main()
