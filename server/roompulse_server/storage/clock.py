"""What the clocks showed when the record was last looked after: one row."""

import dataclasses

from sqlalchemy import Connection, delete, insert, select

from roompulse_server.storage.schema import clock
from roompulse_server.storage.store import ClockMark

_COLUMNS = [clock.c[field.name] for field in dataclasses.fields(ClockMark)]


def read_clock(connection: Connection) -> ClockMark | None:
    """Return the mark, None where there is none yet."""
    row = connection.execute(select(*_COLUMNS)).one_or_none()
    return None if row is None else ClockMark(*row)


def write_clock(connection: Connection, mark: ClockMark) -> None:
    """Put a mark in the place of the one before."""
    connection.execute(delete(clock))
    connection.execute(insert(clock), dataclasses.asdict(mark) | {"number": 1})
