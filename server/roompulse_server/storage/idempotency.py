"""Requests that change something, remembered: the same request_id does the same thing once."""

from sqlalchemy import Connection, insert, select

from roompulse_server.errors import InvalidArgumentError
from roompulse_server.storage import queries
from roompulse_server.storage.schema import requests
from roompulse_server.storage.table_values import key_values
from roompulse_server.types import Meeting, MeetingKey


def requested(connection: Connection, method: str, request_id: str, key: MeetingKey) -> Meeting | None:
    """Return the meeting, as it is now, that a request has changed before; None for a new one or without an id.

    Raises:
        InvalidArgumentError: The request was about another meeting than `key`.
    """
    r = requests.c
    query = select(r.meeting_uid).where(r.tenant == key.tenant, r.method == method, r.request_id == request_id)
    uid = connection.execute(query).scalar() if request_id else None
    if uid is None:
        return None
    meeting = queries.get_meeting(connection, MeetingKey(key.tenant, "", uid))
    if key.id not in ("", meeting.key.id) or key.uid not in ("", uid):
        message = f'{request_id!r} was used for meeting "{meeting.key.id}" before; a new request needs a new one'
        raise InvalidArgumentError("request_id", message)
    return meeting


def remember(connection: Connection, method: str, request_id: str, key: MeetingKey, time_us: int) -> None:
    """Note that a request changed a meeting; without an id nothing."""
    if request_id:
        row = {"method": method, "request_id": request_id, "create_us": time_us}
        connection.execute(insert(requests), key_values(key) | row)
