"""`roompulse watch`: a meeting as it goes.

subscription ──▶ Watch (a tally, what happened) ──▶ a display on a terminal, or lines elsewhere
"""

import asyncio
from typing import TYPE_CHECKING

import click
from rich.console import Group

import roompulse
from roompulse.cli import tables
from roompulse.cli.drawing import Display
from roompulse.cli.happening import in_words
from roompulse.cli.lines import Lines
from roompulse.cli.occurrence import occurrence
from roompulse.cli.options import connection, meeting_argument, typed, uid_option
from roompulse.cli.output import Output, fitted
from roompulse.cli.running import Stop, run_until_interrupted, until
from roompulse.cli.sheet import Sheet
from roompulse.cli.tally import Tally
from roompulse.enums import EventKind, MeetingState
from roompulse.results import GoingAway, Meeting, MeetingEvent, Reconnected, Rollup, SubscriptionEvent, Update

if TYPE_CHECKING:
    from roompulse import Client, Subscription

POLL_S = 1.0  # between two looks for a meeting that has not begun


@click.command()
@meeting_argument
@click.option("--participant", "-p", multiple=True, metavar="ID", callback=typed, help="Only this one; repeatable.")
@click.option("--from-start", is_flag=True, help="Show everything from the meeting's beginning.")
@click.option("--wait", is_flag=True, help="Wait for the meeting to begin, where it has not, or where it has ended.")
@uid_option
@connection
def watch(
    meeting: str, participant: tuple[str, ...], from_start: bool, wait: bool, uid: str, server: str, as_json: bool
) -> None:
    """Watch MEETING: everybody's newest score, or why there is none, until it ends or Ctrl-C."""
    if wait and uid:
        raise click.UsageError("--uid names an occurrence that has begun, and --wait waits for one: give one of them")
    watched = _Watch(meeting, uid, participant, Output(as_json), from_start=from_start, wait=wait)

    async def work(stop: Stop) -> int:
        await until(stop, watched.run(server))
        return stop.number

    if number := run_until_interrupted(work):
        raise SystemExit(128 + number)


class _Watch:
    """One watching: what was seen so far, and what there is to show of it."""

    def __init__(
        self, meeting: str, uid: str, people: tuple[str, ...], output: Output, *, from_start: bool, wait: bool
    ) -> None:
        self._meeting, self._uid, self._people = meeting, uid, people
        self._from_start, self._wait = from_start, wait
        self._output, self._live = output, output.is_live and not output.json
        self._tally = Tally()
        self._lines = Lines(self._tally, output)
        self._status = f"looking for {meeting}"
        self._display = Display(self._picture, output.out)

    async def run(self, server: str) -> None:
        async with roompulse.connect(server) as client:
            async with self._display.drawn(on=self._live):
                found = await self._found(client)
                if found.state is MeetingState.ENDED and not (self._from_start or self._uid):
                    raise click.ClickException(_over(found))
                self._begin(found)
                from_s = 0.0 if self._from_start or found.state is MeetingState.ENDED else None
                async with client.subscribe(found.key, participants=self._people, from_offset_s=from_s) as events:
                    await self._follow(client, found, events)
            self._end()

    async def _found(self, client: "Client") -> Meeting:
        """Return the meeting; with --wait look for it until it runs.

        Raises:
            click.ClickException: There is none, and nobody waits for it.
        """
        from roompulse.errors import MeetingNotFound

        while True:
            try:
                found = await client.meetings.get(await occurrence(client, self._meeting, self._uid))
                if not self._wait or found.state is MeetingState.ACTIVE:
                    return found
            except MeetingNotFound as err:
                if not self._wait:
                    remedy = "" if self._uid else "; to wait for it to begin, add: --wait"
                    raise click.ClickException(f"{err}{remedy}") from err
            self._wait_in_words()
            await asyncio.sleep(POLL_S)

    def _wait_in_words(self) -> None:
        status = f"waiting for {self._meeting} to begin; Ctrl-C stops"
        if status != self._status and not self._live:
            self._output.note(status)
        self._status = status

    def _begin(self, found: Meeting) -> None:
        whole = "only values of the whole group leave this meeting" if found.aggregate_only else ""
        self._status = f"waiting for values of {self._meeting}; Ctrl-C stops watching"
        self._title = f"{found.title or self._meeting}{': ' if whole else ''}{whole}"
        if not self._live:
            self._output.note(self._status)
        self._display.keep()

    async def _follow(self, client: "Client", found: Meeting, events: "Subscription") -> None:
        await self._learn(client, found)
        async for event in events:
            if isinstance(event, Update) and not self._tally.knows(event.participant_id):
                await self._learn(client, found)
            self._note(event)

    async def _learn(self, client: "Client", found: Meeting) -> None:
        """Ask what everybody is called."""
        self._tally.learn({one.id: one.display_name async for one in client.meetings.participants(found.key)})

    def _note(self, event: SubscriptionEvent) -> None:
        if self._output.json:
            self._output.event(event)
        if isinstance(event, Update):
            self._tally.add(event)
            if not self._live and not self._output.json:
                self._lines.add(event)
        elif isinstance(event, Rollup):
            self._tally.add_rollup(event)
        elif isinstance(event, GoingAway):
            self._tell(f"the service ends this subscription: {event.reason}")
        elif isinstance(event, Reconnected) and not self._output.json:
            self._tell(f"the connection was lost ({event.reason}); it is back after {event.away_s:.1f} s")
        elif isinstance(event, MeetingEvent):
            self._tally.add_event(event)
            if event.kind is not EventKind.COUNTERS and not self._output.json:
                self._tell(in_words(event, self._tally.name(event.participant_id)))

    def _tell(self, sentence: str) -> None:
        """Print a line: above the display where there is one."""
        if self._live:
            self._output.out.print(fitted(sentence, self._output.out))
        else:
            self._output.note(sentence)

    def _picture(self) -> Group:
        console = self._output.out
        if not self._tally.participants and self._tally.rollup is None:
            return Group(fitted(self._status, console))
        parts: list[str | Sheet] = [*self._title_lines(), *self._table(), *tables.explanations(self._tally)]
        return Group(*(fitted(part, console) if isinstance(part, str) else part for part in parts))

    def _table(self) -> list[Sheet]:
        return [tables.participants(self._tally, "")] if self._tally.participants else []

    def _title_lines(self) -> list[str]:
        """Return what stands first, so that a low terminal does not cut it off: the meeting as a whole."""
        return [self._title, tables.rollup_line(self._tally.rollup)]

    def _end(self) -> None:
        if not self._live and not self._output.json:
            self._output.show(self._title_lines(), *self._table(), tables.explanations(self._tally))


def _over(found: Meeting) -> str:
    when = f" at {found.end_time:%Y-%m-%d %H:%M} UTC" if found.end_time else ""
    name = found.key.id
    return (
        f"{name} ended{when} ({found.end_reason}): `roompulse summary {name}` sums it up, --from-start shows it again, "
        "--wait waits for the next one"
    )
