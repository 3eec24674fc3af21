"""Who was erased from a meeting, told by a salted digest: a stream that comes again must not bring them back."""

from sqlalchemy import Connection, select, update

from roompulse_server.errors import Reason, RoompulseError
from roompulse_server.storage.schema import erasures
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


def admit_again(connection: Connection, key: MeetingKey, participant_id: str, granted: bool) -> None:
    """Forget an erasure where consent is granted anew."""
    if not granted:
        check_not_erased(connection, key, participant_id)
    for number in _tombstones(connection, key, participant_id):
        e = erasures.c
        where = (e.tenant == key.tenant, e.meeting_uid == key.uid, e.number == number)
        connection.execute(update(erasures).where(*where).values(digest=b"", salt=b""))


def _tombstones(connection: Connection, key: MeetingKey, participant_id: str) -> list[int]:
    e = erasures.c
    rows = connection.execute(
        select(e.number, e.salt, e.digest).where(e.tenant == key.tenant, e.meeting_uid == key.uid)
    )
    return [row.number for row in rows if row.digest and row.digest == digest(row.salt, participant_id)]
