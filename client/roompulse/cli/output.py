"""Where words go: the answer to standard output, all else to standard error."""

import json
from typing import Any

import click
from rich.console import Console

from roompulse.conversion import to_dict
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
    """Attributes: `json`: whether the answer is JSON. `out`, `err`: consoles for people."""

    def __init__(self, as_json: bool) -> None:
        """Make the consoles."""
        self.json = as_json
        self.out = Console(highlight=False, markup=False, emoji=False)
        self.err = Console(stderr=True, highlight=False, markup=False, emoji=False)  # names may hold brackets

    def event(self, event: object) -> None:
        """Print a stream's event as the service's own message: an object with the event's name as its only key.

        What the client itself has to say, that it was cut off and has gone on, looks the same.
        """
        if isinstance(event, Reconnected):
            said = {"reason": event.reason, "tries": event.tries, "awayS": event.away_s}
            self.object({"reconnected": said | {"epoch": event.epoch, "packetsLost": event.packets_lost}})
        else:
            self.object({_EVENT_NAMES[type(event)]: to_dict(event)})

    def object(self, values: dict[str, Any]) -> None:
        """Print one object on one line, at once."""
        click.echo(json.dumps(values, ensure_ascii=False))

    def note(self, sentence: str) -> None:
        """Tell people something beside the answer."""
        click.echo(sentence, err=True)
