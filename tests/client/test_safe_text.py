"""What safe_text leaves, what it escapes, and its laws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from roompulse.contract.safe_text import BIDI_CONTROLS, safe_text


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("Ada Lovelace", "Ada Lovelace"),
        ("\x1b[31mAda\x1b[0m", "\\x1b[31mAda\\x1b[0m"),
        ("Ada\r\nBen", "Ada\\r\\nBen"),
        ("Ada\u2028Ben\u2029", "Ada\\u2028Ben\\u2029"),
        ("abc\u202edef\u202c", "abc\\u202edef\\u202c"),
        ("\u2066Ada\u2069", "\\u2066Ada\\u2069"),
        ("\x9b31m", "\\x9b31m"),
        ("lone \ud800", "lone \\ud800"),
    ],
)
def test_unsafe_characters_become_escapes(given_text: str, shown: str) -> None:
    assert safe_text(given_text) == shown


@pytest.mark.parametrize("name", ["Zoë", "بهار‌ها", "👩‍💻", "name\u3000with space", "soft\xadhyphen", "[/x]", "=1+1"])
def test_letters_of_every_script_stay(name: str) -> None:
    assert safe_text(name) == name


@given(st.text(st.characters()))
def test_the_result_is_one_line_of_utf8_and_safe_itself(text: str) -> None:
    shown = safe_text(text)
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert len(shown.splitlines()) <= 1
    assert not BIDI_CONTROLS & set(shown)
    assert safe_text(shown) == shown
