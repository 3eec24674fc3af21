"""Brings a database to the schema of this version.

Migrations expand first and contract later, so that version N and version N + 1 run on one database together, and N runs
again when N + 1 is taken back. A revision is named NUMBER_OLDEST: it leaves a schema that every version which knows
OLDEST can read and write. It may add tables, and columns that are nullable or have a default in the database; what
OLDEST uses it leaves alone. What no supported version uses any more, a later revision with a younger OLDEST takes away.
A revision named NUMBER alone is for itself: older versions refuse its databases.
"""

import pathlib

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from roompulse_server.errors import StoreError

_SCRIPTS = pathlib.Path(__file__).with_name("migrations")


def upgrade(connection: Connection, to: str = "head") -> None:
    """Run the missing migrations inside the caller's transaction; none where a newer version that we can use has been.

    Raises:
        StoreError: The database was made by a version of the service that this one cannot work with.
    """
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {number_of(script.revision) for script in ScriptDirectory.from_config(config).walk_revisions()}
    found = MigrationContext.configure(connection).get_current_revision()
    if found is None or number_of(found) in known:
        command.upgrade(config, to)
    elif oldest_of(found) not in known:
        raise StoreError(f"the record has schema {found}, this version knows up to {max(known)}: use a newer version")


def number_of(revision: str) -> str:
    """Return a revision's number."""
    return revision.partition("_")[0]


def oldest_of(revision: str) -> str:
    """Return the number of the oldest revision whose code can use a revision's schema."""
    return revision.partition("_")[2] or number_of(revision)
