"""What the demo shows: a live table on a terminal, plain lines elsewhere."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.table import Table
from roompulse.cli import tables
from roompulse.results import Update

BARS = "▁▂▃▄▅▆▇█"
SCORE_RANGE = (0.2, 1.0)  # of the engagement score
HISTORY_EVERY_S = 3.0  # a mark of the sparkline
HISTORY = 40  # marks kept: two minutes
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
    history: deque[float | None] = field(default_factory=lambda: deque(maxlen=HISTORY))
    next_mark_s: float = 0.0
    next_line_s: float = 0.0

    def take(self, update: Update) -> None:
        self.newest = update
        self.updates += 1
        self.scores += update.score is not None
        if update.meeting_offset_s >= self.next_mark_s:
            self.history.append(update.score)
            self.next_mark_s = update.meeting_offset_s + HISTORY_EVERY_S


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
            self._console.print(
                f"{tables.clock(update.meeting_offset_s)}  {row.name:8} {state(update):32} {expression(update)}"
            )

    def table(self) -> Table:
        table = Table(title="live", title_style="dim", expand=False)
        for heading, width in COLUMNS.items():
            table.add_column(heading, min_width=width, no_wrap=True)
        marks = min(HISTORY, max(8, self._console.width - sum(COLUMNS.values()) - BORDERS))
        table.add_column("before", width=marks, no_wrap=True)
        for row in self.rows.values():
            table.add_row(row.name, *cells(row, marks))
        return table


def cells(row: Row, marks: int) -> tuple[str, str, str, str]:
    if row.newest is None:
        return "", "waiting for the first values", "", ""
    return (
        tables.clock(row.newest.meeting_offset_s),
        state(row.newest),
        expression(row.newest),
        sparkline(list(row.history)[-marks:]),
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
    return tables.expression(update.affect.smoothed) if update.affect else ""


def sparkline(values: Sequence[float | None]) -> str:
    """Draw scores as bars; a dot where there was none."""
    low, high = SCORE_RANGE
    steps = [None if v is None else round((v - low) / (high - low) * (len(BARS) - 1)) for v in values]
    return "".join("·" if step is None else BARS[min(max(step, 0), len(BARS) - 1)] for step in steps)
