"""Markdown for people: the page's words, and nobody's name becomes markup."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from report_samples import HOSTILE, MOMENTS, a_meeting
from roompulse_server.report.markdown_file import escaped, markdown_document

CELLS = re.compile(r"(?<!\\)\|")


def text_of(names: tuple[str, ...] = (), people: int = 8) -> str:
    sample = a_meeting(people, 10, names, moments=MOMENTS, title=names[0]) if names else a_meeting(people, 10)
    return markdown_document(sample).content.decode()


def test_it_says_what_the_page_says() -> None:
    text = text_of(("Ada", "Bob"))
    for part in (
        "# Ada",
        "| Ada | 0.70",
        "for facing the screen times",
        "There is no score: the camera was off. Nothing to mend",
        "10:00 to 10:45 (23:23): Engagement fell (Ada)",
        "## Who was there when",
        "| Ada | 23:13 to 23:23 | 10:00 |",
        "Eight people met from 23:13 to 23:23 (Europe/Vienna)",
        "Consent was on record for everybody",
        "## Mean expressions",
        "not feelings, attention or learning",
    ):
        assert part in text


def test_tables_keep_their_columns_whatever_the_names() -> None:
    lines = text_of(HOSTILE, 5).splitlines()
    heads = [number for number, line in enumerate(lines) if line.startswith("| ---")]
    assert len(heads) == 4
    for head in heads:
        width = len(CELLS.findall(lines[head]))
        for line in lines[head:]:
            if not line.startswith("|"):
                break
            assert len(CELLS.findall(line)) == width


@given(st.text())
@settings(max_examples=200)
def test_an_escaped_name_is_one_line_without_markup(name: str) -> None:
    text = escaped(name)
    assert not re.search(r"[\n\r\v\f\u2028\u2029\x85]", text)
    bare = re.sub(r"\\[\\`*_{}\[\]<>#!|~&$@:.]", "", text)
    assert not re.search(r"[\\`*_{}\[\]<>#!|~&$@]|://|www\.", bare)
    assert re.sub(r"\\(.)", r"\1", text) == " ".join(name.split())


def test_names_in_sentences_mean_nothing_in_markdown_and_turn_nothing() -> None:
    text = text_of(("[x](http://evil)", "A\u202eb|c"), 2)
    assert "\u202e" not in text
    assert r"A\\u202eb\|c" in text
    assert r"\[x\](http\://evil)" in text
    assert "](http:" not in text


def test_nobody_and_roll_ups_have_their_sentence() -> None:
    assert "Nobody attended." in text_of(people=0)
