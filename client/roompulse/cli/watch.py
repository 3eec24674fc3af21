"""`roompulse watch`: a meeting as it goes."""

import click
from rich.console import Group
from rich.live import Live

import roompulse
from roompulse.cli import tables
from roompulse.cli.options import connection
from roompulse.cli.output import Output
from roompulse.cli.running import run_until_interrupted, until
from roompulse.cli.tally import Tally
from roompulse.enums import EventKind
from roompulse.results import GoingAway, MeetingEvent, Reconnected, Rollup, SubscriptionEvent, Update


@click.command()
@click.argument("meeting")
@click.option("--participant", "-p", multiple=True, help="Only this one; may be given several times.")
@click.option("--from-start", is_flag=True, help="Show everything from the meeting's beginning.")
@connection
def watch(meeting: str, participant: tuple[str, ...], from_start: bool, server: str, as_json: bool) -> None:
    """Watch MEETING: everybody's newest score, or why there is none, until it ends or Ctrl-C."""
    run_until_interrupted(lambda stop: until(stop, _watch(meeting, participant, from_start, server, Output(as_json))))


async def _watch(meeting: str, people: tuple[str, ...], from_start: bool, server: str, output: Output) -> None:
    tally = Tally()
    live = Live(
        get_renderable=lambda: Group(tables.participants(tally, meeting), tables.rollup_line(tally.rollup)),
        console=output.out,
        refresh_per_second=4,
    )
    async with (
        roompulse.connect(server) as client,
        client.subscribe(meeting, participants=people, from_offset_s=0.0 if from_start else None) as events,
    ):
        try:
            async for event in events:
                _note(event, tally, output)
                if not output.json:
                    live.start()  # with the first event: an unknown meeting shows no empty table
        finally:
            live.stop()


def _note(event: SubscriptionEvent, tally: Tally, output: Output) -> None:
    if output.json:
        output.event(event)
    if isinstance(event, Update):
        tally.add(event)
    elif isinstance(event, Rollup):
        tally.add_rollup(event)
    elif isinstance(event, GoingAway):
        output.note(f"the service ends this subscription: {event.reason}")
    elif isinstance(event, Reconnected) and not output.json:
        output.note(f"the connection was lost ({event.reason}); it is back after {event.away_s:.1f} s")
    elif isinstance(event, MeetingEvent) and not output.json:
        who = f" {event.participant_id}" if event.participant_id else ""
        why = f" ({event.detail})" if event.detail and event.kind is not EventKind.STREAM_OPENED else ""
        output.note(f"{tables.clock(event.meeting_offset_s)}{who}: {event.kind.word}{why}")
