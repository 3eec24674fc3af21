"""The audit log: what was done to people's data, under pseudonyms. Rows are added in the deed's own transaction."""

from sqlalchemy import Connection, insert, select

from roompulse_server.storage.queries import read_cursor, write_cursor
from roompulse_server.storage.schema import audit
from roompulse_server.storage.store import Page
from roompulse_server.types import AuditAction, AuditEntry, Consent, MeetingKey


def note(
    connection: Connection, action: AuditAction, key: MeetingKey, number: int | None, time_us: int, detail: str
) -> None:
    """Add an entry."""
    where = {"tenant": key.tenant, "meeting_uid": key.uid, "number": number}
    connection.execute(insert(audit), where | {"action": action, "time_us": time_us, "detail": detail})


def note_consent(connection: Connection, key: MeetingKey, number: int, consent: Consent, time_us: int) -> None:
    """Add a consent. Who recorded it may be the person, and is left out."""
    wording = f", wording {consent.wording_version}" if consent.wording_version else ""
    said = f"{consent.state.name.lower()}{wording}"
    note(connection, AuditAction.CONSENT_CHANGED, key, number, time_us, said)


def list_entries(connection: Connection, tenant: str, meeting_uid: str, limit: int, cursor: str) -> Page[AuditEntry]:
    """Page through the log, oldest first."""
    query = select(audit).where(audit.c.tenant == tenant)
    if meeting_uid:
        query = query.where(audit.c.meeting_uid == meeting_uid)
    if cursor:
        query = query.where(audit.c.position > read_cursor(cursor, int)[0])
    rows = connection.execute(query.order_by(audit.c.position).limit(limit + 1)).all()
    items = tuple(
        AuditEntry(row.position, row.time_us, AuditAction(row.action), row.meeting_uid, row.number or 0, row.detail)
        for row in rows[:limit]
    )
    return Page(items, write_cursor(items[-1].position) if len(rows) > limit else "")
