"""Which columns of a table fit a width, and how wide each is. Pure.

Numbers and words need the cells they have. Names, texts and spark lines give way, down to a least width. What is then
still too wide loses columns: those in which nothing stands, then the highest rank first; rank 0 never.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from rich.cells import cell_len

from roompulse.cli.cells import longest_word, wrapped

GAP = 2  # cells between two columns
EMPTY = ("", "–", "-")


class Kind(IntEnum):
    """How a column's cells are shown where there is little room. The order is that in which they get what is left."""

    NAME = 0  # shortened
    TEXT = 1  # broken into lines
    LINE = 2  # a spark line: its newest part
    NUMBER = 3  # whole, at the right
    WORD = 4  # whole, at the left


LEAST = {Kind.NAME: 10, Kind.TEXT: 16, Kind.LINE: 8}  # cells that are worth a column
MOST_OF_A_WORD = 24  # a longer word of a text is broken
ENOUGH_OF_A_NAME = 32  # cells: texts and spark lines come before the rest of a longer name


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `rank` 0 is never left out, of the others the highest is first."""

    heading: str
    kind: Kind = Kind.WORD
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """`widths`: cells by the column's place. `left_out`: the headings of the others. `fits`: whether that is enough."""

    widths: Mapping[int, int]
    left_out: tuple[str, ...]
    fits: bool


def laid_out(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int, *, headings: bool = True) -> Layout:
    """Return the layout of rows, a cell for each column, in `width` cells."""
    cells = [[row[place] for row in rows] for place in range(len(columns))]
    least = {place: _least(columns[place], cells[place], headings) for place in range(len(columns))}
    empty = {place for place in least if all(cell in EMPTY for cell in cells[place])}
    while _total(least) > width and any(columns[place].rank for place in least):
        ranked = [place for place in least if columns[place].rank]
        del least[max(ranked, key=lambda place: (place in empty, columns[place].rank, place))]
    left_out = tuple(column.heading for place, column in enumerate(columns) if place not in least)
    full = {place: _full(columns[place], cells[place], headings) for place in least}
    fits = _total(least) <= width
    return Layout(_grown(least, full, columns, width - _total(least)) if fits else least, left_out, fits)


def _total(widths: Mapping[int, int]) -> int:
    return sum(widths.values()) + GAP * (len(widths) - 1)


def _full(column: Column, cells: Sequence[str], headings: bool) -> int:
    return max(*map(cell_len, cells), cell_len(column.heading) if headings else 0, 1, 1)


def _least(column: Column, cells: Sequence[str], headings: bool) -> int:
    content = max(map(cell_len, cells), default=0)
    if column.kind in LEAST:
        word = max(map(longest_word, cells), default=0) if column.kind is Kind.TEXT else 0
        content = min(content, max(LEAST[column.kind], min(word, MOST_OF_A_WORD)))
    return max(content, _two_lines(column.heading) if headings else 0, 1)


def _two_lines(heading: str) -> int:
    """Return the cells in which a heading takes two lines at most."""
    return next(
        cells for cells in range(longest_word(heading), cell_len(heading) + 1) if len(wrapped(heading, cells)) < 3
    )


def _grown(least: Mapping[int, int], full: Mapping[int, int], columns: Sequence[Column], spare: int) -> dict[int, int]:
    """Hand out the spare cells: to one kind after the other, evenly within it."""
    widths = dict(least)
    at_first = {place: min(cells, ENOUGH_OF_A_NAME) for place, cells in full.items()}
    for kind, most in (*((kind, at_first if kind is Kind.NAME else full) for kind in Kind), (Kind.NAME, full)):
        hungry = [place for place in widths if columns[place].kind is kind]
        while spare > 0 and (hungry := [place for place in hungry if widths[place] < most[place]]):
            for place in hungry[:spare]:
                widths[place] += 1
            spare -= len(hungry)
    return widths
