"""Where words go: the answer to standard output, all else to standard error."""

import json
import os
import sys
from collections.abc import Sequence
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

import roompulse
from roompulse.cli.cells import wrapped
from roompulse.cli.plain import is_unicode, plain
from roompulse.cli.sheet import Sheet
from roompulse.contract.safe_text import safe_text
from roompulse.results import (
    FlowNotice,
    GoingAway,
    Heartbeat,
    MeetingEvent,
    PacketFault,
    Reconnected,
    Rollup,
    StreamOpened,
    SubscriptionHeartbeat,
    Update,
)

Part = Sheet | str | Sequence[str]  # a table, a line, or several lines that belong together
UNLIMITED = 10_000  # columns: a file or a pipe takes lines of any length
_EVENT_NAMES: dict[type, str] = {
    Update: "update",
    FlowNotice: "flow",
    PacketFault: "fault",
    GoingAway: "goingAway",
    StreamOpened: "opened",
    Heartbeat: "heartbeat",
    SubscriptionHeartbeat: "heartbeat",
    Rollup: "rollup",
    MeetingEvent: "meetingEvent",
}


class Output:
    """Attributes: `json`: whether the answer is JSON. `out`, `err`: consoles for people, as wide as what is behind."""

    def __init__(self, as_json: bool = False) -> None:
        """Make the consoles."""
        self.json = as_json
        self.out, self.err = _console(sys.stdout, stderr=False), _console(sys.stderr, stderr=True)

    @property
    def is_live(self) -> bool:
        """Whether standard output is a screen on which lines can be drawn anew."""
        return is_screen(sys.stdout) and not self.out.is_dumb_terminal

    @property
    def is_followed(self) -> bool:
        """Whether standard error is such a screen."""
        return is_screen(sys.stderr) and not self.err.is_dumb_terminal

    def event(self, event: object) -> None:
        """Print a stream's event as the service's own message: an object with the event's name as its only key.

        What the client itself has to say, that it was cut off and has gone on, looks the same.
        """
        if isinstance(event, Reconnected):
            said = {"reason": event.reason, "tries": event.tries, "awayS": event.away_s}
            self.object({"reconnected": said | {"epoch": event.epoch, "packetsLost": event.packets_lost}})
        else:
            self.object({_EVENT_NAMES[type(event)]: roompulse.to_dict(event)})

    def object(self, values: dict[str, Any]) -> None:
        """Print one object on one line, at once; what would break the line or steer a terminal is a JSON escape."""
        line = json.dumps(values, ensure_ascii=not is_unicode(sys.stdout))
        _write(sys.stdout, line if safe_text(line) == line else json.dumps(values))

    def say(self, sentence: str) -> None:
        """Print a part of the answer, on one line."""
        _write(sys.stdout, safe_text(sentence))

    def show(self, *parts: Part) -> None:
        """Print the parts, an empty line between two: as the answer, or beside it where the answer is JSON."""
        console = self.err if self.json else self.out
        for number, part in enumerate([part for part in parts if part]):
            if number:
                console.print()
            for piece in (part,) if isinstance(part, Sheet | str) else part:
                console.print(piece if isinstance(piece, Sheet) else fitted(piece, console))

    def note(self, sentence: str) -> None:
        """Tell people something beside the answer, on one line."""
        _write(sys.stderr, safe_text(sentence))


def shown(text: str, console: Console) -> str:
    """Return text that may be of others as the console can show it."""
    return plain(safe_text(text), console.encoding)


def fitted(sentence: str, console: Console) -> Text:
    """Return a sentence that may hold text of others, in lines that the console can show."""
    return Text("\n".join(wrapped(shown(sentence, console), console.width)))


def _write(stream: TextIO | None, line: str) -> None:
    """Write a line at once; a stream that was closed before the start takes nothing."""
    if stream is not None:
        stream.write(f"{line}\n")
        stream.flush()


def _console(stream: TextIO | None, *, stderr: bool) -> Console:
    """Return a console as wide as its terminal, or as COLUMNS says; without either, no line is too long."""
    told = os.environ.get("COLUMNS", "").isdigit()
    width = None if told or is_screen(stream) else UNLIMITED
    return Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


def is_screen(stream: TextIO | None) -> bool:
    """Return whether a stream is a terminal."""
    return stream is not None and not stream.closed and stream.isatty()
