"""Whether anything would be analysed of a stream: asked before it is opened, for opening it makes a meeting."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from roompulse.enums import ConsentState, MeetingState, Purpose
from roompulse.results import Meeting

if TYPE_CHECKING:
    from roompulse import Client


@dataclass(frozen=True, slots=True)
class Admission:
    """What is asked for: `granted` and `everyone_consented` are what the caller says of people's consent."""

    meeting: str
    participant: str
    purpose: str | None
    is_camera: bool
    granted: bool
    everyone_consented: bool
    new_occurrence: bool


async def check_admission(client: "Client", asked: Admission) -> None:
    """Refuse a stream of which nothing would be analysed, or let it pass.

    Raises:
        click.ClickException: Consent is missing, or was refused or taken back; the message says what helps.
        RoompulseError: The service does not work for this purpose, or none was said.
    """
    meeting = await _meeting(client, asked)
    recorded = await _recorded(client, meeting, asked.participant)
    if recorded in (ConsentState.REFUSED, ConsentState.WITHDRAWN):
        raise click.ClickException(
            f"the consent of {asked.participant!r} in {asked.meeting} is {recorded.word}, so nothing is analysed; when "
            f"they agree: roompulse consent {asked.meeting} {asked.participant} --grant"
        )
    if not asked.is_camera:
        if not (asked.everyone_consented or (meeting is not None and meeting.everyone_consented)):
            raise click.UsageError(
                "faces found in the picture are not analysed without everybody's consent; "
                "if all have agreed, add: --everyone-consented"
            )
    elif not (asked.granted or recorded is ConsentState.GRANTED) and await _is_required(client, meeting, asked):
        raise click.UsageError("without consent nothing is analysed; if the participant agrees, add: --consent granted")


async def _meeting(client: "Client", asked: Admission) -> Meeting | None:
    """Return the meeting that the stream goes to; None where it makes one.

    Raises:
        click.ClickException: It has ended.
    """
    from roompulse.errors import MeetingNotFound

    try:
        found = await client.meetings.get(asked.meeting)
    except MeetingNotFound:
        return None
    if found.state is not MeetingState.ENDED:
        return found
    if asked.new_occurrence:
        return None
    raise click.ClickException(f"meeting {asked.meeting!r} has ended; to begin another one, add: --new-occurrence")


async def _recorded(client: "Client", meeting: Meeting | None, participant: str) -> ConsentState:
    if meeting is not None:
        async for one in client.meetings.participants(meeting.key, page_size=1000):
            if one.id == participant:
                return one.consent.state
    return ConsentState.UNSPECIFIED


async def _is_required(client: "Client", meeting: Meeting | None, asked: Admission) -> bool:
    """Return whether the service analyses nobody who was not asked."""
    told = await client.meetings.notice(meeting.key if meeting else None, purpose=asked.purpose or Purpose.UNSPECIFIED)
    return told.consent_required
