"""`roompulse delete`: erase somebody, or a whole meeting."""

import sys

import click

import roompulse
from roompulse.cli.occurrence import occurrence
from roompulse.cli.options import connection, meeting_argument, typed, uid_option
from roompulse.cli.output import Output
from roompulse.cli.plain import plain
from roompulse.cli.running import run
from roompulse.contract.safe_text import safe_text


@click.command()
@meeting_argument
@click.option(
    "--participant", "-p", default="", metavar="ID", callback=typed, help="Only this one; left out: the whole meeting."
)
@uid_option
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@connection
def delete(meeting: str, participant: str, uid: str, yes: bool, server: str, as_json: bool) -> None:
    """Erase MEETING and everybody in it, or one participant. It cannot be undone."""
    what = f"participant {participant} of {meeting}" if participant else f"meeting {meeting} and everybody in it"
    if not yes:
        _ask(f"Erase {safe_text(what)}? It cannot be undone.")
    run(_delete, meeting, uid, participant, server)
    output = Output(as_json)
    if output.json:
        output.object({})
    else:
        output.note(f"erased: {what}")


def _ask(question: str) -> None:
    """Ask; go on after a yes.

    Raises:
        click.Abort: The answer is no.
        click.UsageError: Nobody can answer.
    """
    try:
        if sys.stdin is None:
            raise EOFError
        click.confirm(plain(question, sys.stderr.encoding if sys.stderr else "ascii"), abort=True, err=True)
    except (click.Abort, EOFError) as err:
        if isinstance(err, click.Abort) and not isinstance(err.__context__, EOFError):
            raise
        click.echo(err=True)  # the question has no end of line
        raise click.UsageError("nobody can answer, for standard input is closed: add --yes to erase unasked") from None


async def _delete(meeting: str, uid: str, participant: str, server: str) -> None:
    async with roompulse.connect(server) as client:
        key = await occurrence(client, meeting, uid)
        if participant:
            await client.meetings.delete_participant(key, participant)
        else:
            await client.meetings.delete(key)
