"""Text of others, such as a display name, made safe to show: on a terminal, in a log, in a file.

A name is stored as it was given. Only where it is shown, the characters that would change the place where they are
shown become visible escapes. Letters of every script stay, with the joiners that some scripts need.
"""

import unicodedata

# Explicit directional formatting (Unicode Standard Annex #9): it reorders what stands around it, too.
BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Cc: controls, line breaks and escape sequences. Zl, Zp: line and paragraph separators. Cs: lone surrogates.
UNSAFE_CATEGORIES = frozenset({"Cc", "Zl", "Zp", "Cs"})


def safe_text(text: str) -> str:
    r"""Return `text` on one line, with unsafe characters as escapes such as `\x1b`, `\n` and `\u202e`.

    The result can be encoded as UTF-8. A text without unsafe characters is returned unchanged.
    """
    return "".join(_escape(character) if _is_unsafe(character) else character for character in text)


def _is_unsafe(character: str) -> bool:
    return character in BIDI_CONTROLS or unicodedata.category(character) in UNSAFE_CATEGORIES


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
