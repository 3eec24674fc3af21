"""Text measured in a terminal's cells: shortened, broken into lines, padded. Wide characters take two cells. Pure."""

import re

from rich.cells import cell_len, chop_cells, set_cell_size

# What stays on one line: a word, and a number with what belongs to it: "46 %", "AU12 50 %", "0.71 ± 0.05", "p = 0.010".
_UNBROKEN = re.compile(r"\S*p = \S+|AU\d+ \S+ %\S*|\S+(?: (?:±|\+/-) \S+)?(?: %\S*)?")


def shortened(text: str, cells: int, ellipsis: str = "…") -> str:
    """Return `text` in `cells` cells at most; the ellipsis says that something was cut off."""
    if cell_len(text) <= cells:
        return text
    room = cells - cell_len(ellipsis)
    return set_cell_size(text, room).rstrip() + ellipsis if room > 0 else set_cell_size(text, cells)


def wrapped(text: str, cells: int) -> list[str]:
    """Return `text` in lines of `cells` cells at most: broken at spaces, or within a word longer than a line."""
    lines: list[str] = []
    for word in _UNBROKEN.findall(text):
        if lines and cell_len(joined := f"{lines[-1]} {word}") <= cells:
            lines[-1] = joined
        else:
            lines += [word] if cell_len(word) <= cells else chop_cells(word, max(cells, 1))
    return lines or [""]


def longest_word(text: str) -> int:
    """Return the cells of the longest part of `text` that `wrapped` does not break."""
    return max(map(cell_len, _UNBROKEN.findall(text)), default=0)


def padded(text: str, cells: int, *, right: bool = False) -> str:
    """Return `text` with spaces up to `cells` cells; `right` aligns it at the right."""
    space = " " * (cells - cell_len(text))
    return space + text if right else text + space
