"""What the demo shows: a live table on a terminal, plain lines elsewhere."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text
from roompulse.cli import figures
from roompulse.cli.spark import MOST_MARKS, Trace
from roompulse.contract.safe_text import safe_text
from roompulse.results import Update

COLUMNS = {"who": 6, "at": 6, "engagement now": 30, "face shows": 15}
BORDERS = 3 * (len(COLUMNS) + 1) + 1
LINE_EVERY_S = 20.0  # between plain lines of one participant


@dataclass(slots=True)
class Row:
    """One participant's newest update and the scores before it."""

    name: str
    newest: Update | None = None
    updates: int = 0
    scores: int = 0
    trace: Trace = field(default_factory=Trace)
    next_line_s: float = 0.0

    def take(self, update: Update) -> None:
        self.newest = update
        self.updates += 1
        self.scores += update.score is not None
        self.trace.add(update.meeting_offset_s, update.score)


class Screen:
    """Rows by participant id, drawn while `live()` runs."""

    def __init__(self, console: Console, participants: Iterable[str]) -> None:
        self.rows = {participant: Row(participant) for participant in participants}
        self._console = console

    @contextmanager
    def live(self) -> Iterator[None]:
        if not self._console.is_terminal:
            yield
            return
        with Live(get_renderable=self.table, console=self._console, refresh_per_second=8):
            yield

    def show(self, update: Update) -> None:
        row = self.rows[update.participant_id]
        row.take(update)
        if not self._console.is_terminal and update.meeting_offset_s >= row.next_line_s:
            row.next_line_s = update.meeting_offset_s + LINE_EVERY_S
            line = f"{figures.clock(update.meeting_offset_s)}  {row.name:8} {state(update):32} {expression(update)}"
            self._console.print(Text(safe_text(line)))

    def table(self) -> Table:
        table = Table(title="live", title_style="dim", expand=False)
        for heading, width in COLUMNS.items():
            table.add_column(heading, min_width=width, no_wrap=True)
        marks = min(MOST_MARKS, max(8, self._console.width - sum(COLUMNS.values()) - BORDERS))
        table.add_column("before", width=marks, no_wrap=True)
        for row in self.rows.values():
            table.add_row(Text(safe_text(row.name)), *cells(row, marks))
        return table


def cells(row: Row, marks: int) -> tuple[str, str, str, str]:
    if row.newest is None:
        return "", "waiting for the first values", "", ""
    return (
        figures.clock(row.newest.meeting_offset_s),
        state(row.newest),
        expression(row.newest),
        str(row.trace)[-marks:],
    )


def state(update: Update) -> str:
    """Say the score and its parts, or why there is none."""
    engagement = update.engagement
    if engagement is None or engagement.score is None:
        reason = engagement.no_score_reason if engagement else update.presence
        return f"no score: {reason.word}"
    parts = ((engagement.facing, "facing"), (engagement.expression, "face"))
    return f"{engagement.score:.2f} = " + " × ".join(
        f"{value:.2f} {name}" for value, name in parts if value is not None
    )


def expression(update: Update) -> str:
    return figures.expression(update.affect.smoothed) if update.affect else ""
