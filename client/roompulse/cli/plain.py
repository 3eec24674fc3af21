r"""Output for terminals and files that cannot show every character, such as ASCII and Windows-1252.

A character with a plain form gets it ("±" becomes "+/-"); any other becomes a visible escape (`\u5f20`), so that two
names stay apart. Nothing is ever refused.
"""

import codecs
import sys
from typing import TextIO

from roompulse.cli.spark import BARS

ERRORS = "roompulse.plain"  # the name of the codec error handler
FALLBACKS = {
    "–": "-", "—": "-", "−": "-", "‑": "-", "×": "x", "·": ".", "•": "*", "…": "...", "±": "+/-", "≈": "~", "≤": "<=",
    "≥": ">=", "→": "->", "°": " deg", "’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " ", "─": "-", "━": "-",
    "╸": "-", "╺": "-", "│": "|", "▶": ">",
    **{bar: str(height) for height, bar in enumerate(BARS, 1)},
}  # fmt: skip


def plain(text: str, encoding: str) -> str:
    """Return `text` with a plain form of each character that `encoding` lacks."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(_plain(character, encoding) for character in text)
    return text


def is_unicode(stream: TextIO | None) -> bool:
    """Return whether a stream can show every character."""
    return stream is None or codecs.lookup(stream.encoding or "ascii").name.startswith("utf")


def show_everything() -> None:
    """Make standard output and standard error take every character from now on."""
    codecs.register_error(ERRORS, _replace)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=ERRORS)


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(_plain(character, error.encoding) for character in text), error.end


def _plain(character: str, encoding: str) -> str:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return FALLBACKS.get(character) or character.encode("ascii", "backslashreplace").decode("ascii")
    return character
