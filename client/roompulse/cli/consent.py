"""`roompulse consent`: what somebody said about being analysed."""

import click

import roompulse
from roompulse.cli.options import connection
from roompulse.cli.output import Output
from roompulse.cli.running import run
from roompulse.enums import ConsentState
from roompulse.results import Consent


@click.command()
@click.argument("meeting")
@click.argument("participant")
@click.option("--grant", "state", flag_value=ConsentState.GRANTED, type=ConsentState, help="They agree.")
@click.option("--refuse", "state", flag_value=ConsentState.REFUSED, type=ConsentState, help="They do not agree.")
@click.option("--withdraw", "state", flag_value=ConsentState.WITHDRAWN, type=ConsentState, help="They take it back.")
@click.option("--erase", is_flag=True, help="With --withdraw: erase what is recorded of them.")
@click.option("--by", default="", metavar="NAME", help="Who records it.")
@click.option("--wording", default="", metavar="VERSION", help="The wording they were shown; see `roompulse notice`.")
@connection
def consent(
    meeting: str,
    participant: str,
    state: ConsentState | None,
    erase: bool,
    by: str,
    wording: str,
    server: str,
    as_json: bool,
) -> None:
    """Record what PARTICIPANT of MEETING said. Taking consent back ends their streams at once."""
    if not state:
        raise click.UsageError("one of --grant, --refuse and --withdraw is needed")
    if erase and state is not ConsentState.WITHDRAWN:
        raise click.UsageError("--erase comes with --withdraw")
    run(_consent(meeting, participant, Consent(state, by, wording), erase, server, Output(as_json)))


async def _consent(meeting: str, who: str, said: Consent, erase: bool, server: str, output: Output) -> None:
    async with roompulse.connect(server) as client:
        now = await client.meetings.set_consent(meeting, who, said, erase=erase)
    if output.json:
        output.object(roompulse.to_dict(now))
    else:
        done = " and is erased" if erase else ""
        output.note(f"{who}'s consent in {meeting} is {now.state.word}{done}")
