"""The table of every command: it fits the terminal, and says what it had to leave out.

cells ──safe_text, plain──▶ laid_out ──▶ lines           (or, where even the first columns are too wide, a list)
"""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from roompulse.cli.cells import padded, shortened, wrapped
from roompulse.cli.layout import GAP, Column, Kind, Layout, laid_out
from roompulse.cli.plain import plain
from roompulse.contract.safe_text import safe_text

REMEDY = "A wider terminal, a pipe or --json shows all."


class Styled(NamedTuple):
    """A cell of ours with a style of rich, such as "green"."""

    text: str
    style: str


class Sheet:
    """A table; add rows, then print it on a console. Text of others may be given as it is: it is made safe here."""

    def __init__(self, title: str, *columns: Column, headings: bool = True, caption: str = "") -> None:
        """Keep the columns; `caption` stands under the table."""
        self._title, self._columns, self._headings, self._caption = title, columns, headings, caption
        self._rows: list[list[Styled]] = []

    def add_row(self, *cells: str | Styled) -> None:
        """Add a row, a cell for each column."""
        if len(cells) != len(self._columns):
            raise TypeError(f"{len(cells)} cells in a table of {len(self._columns)} columns")
        self._rows.append([cell if isinstance(cell, Styled) else Styled(cell, "") for cell in cells])

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lay the table out for the console's width and characters, and yield its lines."""

        def shown(text: str) -> str:
            return plain(safe_text(text), console.encoding)

        rows = [[Styled(shown(cell.text), cell.style) for cell in row] for row in self._rows]
        texts = [[cell.text for cell in row] for row in rows]
        layout = laid_out(self._columns, texts, options.max_width, headings=self._headings)
        if self._title:
            yield Text("\n".join(wrapped(shown(self._title), options.max_width)), style="bold")
        yield from self._table(rows, layout, plain("…", console.encoding)) if layout.fits else self._list(rows, layout)
        left_out = f"Not shown in {options.max_width} columns: {', '.join(layout.left_out)}. {REMEDY}"
        for note in filter(None, (self._caption, left_out if layout.left_out else "")):
            yield Text("\n".join(wrapped(shown(note), options.max_width)), style="dim")

    def _table(self, rows: Sequence[Sequence[Styled]], layout: Layout, ellipsis: str) -> Iterator[Text]:
        if self._headings:
            headings = [Styled(column.heading, "dim") for column in self._columns]
            yield from self._lines(headings, layout, ellipsis, [Kind.TEXT] * len(headings))
        for row in rows:
            yield from self._lines(row, layout, ellipsis, [column.kind for column in self._columns])

    def _lines(self, row: Sequence[Styled], layout: Layout, ellipsis: str, kinds: Sequence[Kind]) -> Iterator[Text]:
        """Yield a row's lines: several, where a text was broken."""
        fitted = [_fitted(row[place].text, kinds[place], cells, ellipsis) for place, cells in layout.widths.items()]
        for parts in zip_longest(*fitted, fillvalue=""):
            line = Text()
            for part, (place, cells) in zip(parts, layout.widths.items(), strict=True):
                right = self._columns[place].kind is Kind.NUMBER
                line.append(padded(part, cells, right=right), style=row[place].style).append(" " * GAP)
            line.rstrip()
            yield line

    def _list(self, rows: Sequence[Sequence[Styled]], layout: Layout) -> Iterator[Text]:
        """Yield each row as lines of its own, for a width that no table fits."""
        for row in rows:
            for place in layout.widths:
                yield Text(f"{self._columns[place].heading}: ").append(*row[place])
            yield Text()


def _fitted(text: str, kind: Kind, cells: int, ellipsis: str) -> list[str]:
    if kind is Kind.NAME:
        return [shortened(text, cells, ellipsis)]
    if kind is Kind.LINE:
        return [text[-cells:]]
    return wrapped(text, cells) if kind is Kind.TEXT else [text]
