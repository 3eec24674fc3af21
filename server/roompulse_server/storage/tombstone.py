"""Who was erased from a meeting, told by a salted digest: a stream that comes again must not bring them back."""

from sqlalchemy import Connection, func, select, update

from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.storage.schema import erasures, events
from roompulse_server.storage.seal import digest
from roompulse_server.types import MeetingKey


def check_not_erased(connection: Connection, key: MeetingKey, participant_id: str) -> None:
    """Refuse somebody who was erased from this meeting: a stream that comes again must not bring them back.

    Raises:
        RoompulseError: PARTICIPANT_ERASED.
    """
    if _tombstones(connection, key, participant_id):
        message = "this participant was erased from the meeting; record their consent (SetConsent) to begin anew"
        raise RoompulseError(Reason.PARTICIPANT_ERASED, message, field="participant_id")


def admit_again(connection: Connection, key: MeetingKey, participant_id: str, granted: bool) -> int:
    """Forget an erasure where consent is granted anew; return the epoch to go on from, 0 for a newcomer.

    It is one that no stream has had: a value on its way from a stream that was erased must not count as the newcomer's.
    """
    if not granted:
        check_not_erased(connection, key, participant_id)
    e = erasures.c
    numbers = _tombstones(connection, key, participant_id)
    theirs = (e.tenant == key.tenant, e.meeting_uid == key.uid, e.number.in_(numbers))
    connection.execute(update(erasures).where(*theirs).values(digest=b"", salt=b""))
    v = events.c  # every epoch was said by an event, whose number and epoch stay
    of_theirs = (v.tenant == key.tenant, v.meeting_uid == key.uid, v.number.in_(numbers))
    newest = connection.execute(select(func.max(v.epoch)).where(*of_theirs)).scalar()
    return 0 if newest is None else newest + 1


def _tombstones(connection: Connection, key: MeetingKey, participant_id: str) -> list[int]:
    e = erasures.c
    rows = connection.execute(
        select(e.number, e.salt, e.digest).where(e.tenant == key.tenant, e.meeting_uid == key.uid)
    )
    return [row.number for row in rows if row.digest and row.digest == digest(row.salt, participant_id)]
