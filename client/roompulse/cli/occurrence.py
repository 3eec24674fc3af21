"""Which occurrence of a meeting a command means."""

from typing import TYPE_CHECKING

import click

from roompulse.results import MeetingKey

if TYPE_CHECKING:
    from roompulse import Client

UID_DIGITS = 32


async def occurrence(client: "Client", meeting: str, uid: str) -> MeetingKey:
    """Return the key of a meeting's newest occurrence, or of the one whose uid begins with `uid`.

    Raises:
        click.ClickException: No occurrence has such a uid, or several have.
    """
    if not uid or len(uid) == UID_DIGITS:
        return MeetingKey("default", meeting, uid)
    found = [one.key async for one in client.meetings.list(meeting) if one.key.uid.startswith(uid)]
    if len(found) == 1:
        return found[0]
    if found:
        raise click.ClickException(f"{len(found)} occurrences of {meeting!r} have a uid that begins with {uid!r}")
    raise click.ClickException(
        f"no occurrence of {meeting!r} has a uid that begins with {uid!r}: roompulse meetings {meeting}"
    )
