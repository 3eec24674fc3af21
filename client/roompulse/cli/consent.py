"""`roompulse consent`: what somebody said about being analysed."""

import click

import roompulse
from roompulse.cli.occurrence import occurrence
from roompulse.cli.options import connection, meeting_argument, typed, uid_option
from roompulse.cli.output import Output
from roompulse.cli.running import run
from roompulse.enums import ConsentState
from roompulse.results import Consent


@click.command()
@meeting_argument
@click.argument("participant", callback=typed)
@click.option("--grant", is_flag=True, help="They agree.")
@click.option("--refuse", is_flag=True, help="They do not agree.")
@click.option("--withdraw", is_flag=True, help="They take it back.")
@click.option("--erase", is_flag=True, help="With --withdraw: erase what is recorded of them.")
@click.option("--by", default="", metavar="NAME", callback=typed, help="Who records it.")
@click.option("--wording", default="", metavar="VERSION", help="The wording they were shown; see `roompulse notice`.")
@uid_option
@connection
def consent(
    meeting: str,
    participant: str,
    grant: bool,
    refuse: bool,
    withdraw: bool,
    erase: bool,
    by: str,
    wording: str,
    uid: str,
    server: str,
    as_json: bool,
) -> None:
    """Record what PARTICIPANT of MEETING said. Taking consent back ends their streams at once."""
    state = _said(grant, refuse, withdraw)
    if erase and state is not ConsentState.WITHDRAWN:
        raise click.UsageError("--erase comes with --withdraw")
    run(_consent, meeting, uid, participant, Consent(state, by, wording), erase, server, Output(as_json))


def _said(grant: bool, refuse: bool, withdraw: bool) -> ConsentState:
    flags = {ConsentState.GRANTED: grant, ConsentState.REFUSED: refuse, ConsentState.WITHDRAWN: withdraw}
    said = [state for state, given in flags.items() if given]
    if not said:
        raise click.UsageError("one of --grant, --refuse and --withdraw is needed")
    if len(said) > 1:
        raise click.UsageError("--grant, --refuse and --withdraw contradict each other: give one")
    return said[0]


async def _consent(meeting: str, uid: str, who: str, said: Consent, erase: bool, server: str, output: Output) -> None:
    async with roompulse.connect(server) as client:
        key = await occurrence(client, meeting, uid)
        known = any([one.id == who async for one in client.meetings.participants(key)])
        now = await client.meetings.set_consent(key, who, said, erase=erase)
    if output.json:
        output.object(roompulse.to_dict(now))
        return
    output.note(f"{who}'s consent in {meeting} is {now.state.word}{' and is erased' if erase else ''}")
    if not known:
        output.note(
            f"note: nobody with the id {who!r} has been in {meeting} so far; the consent is recorded in advance"
        )
