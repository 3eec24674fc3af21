"""Brings a database to the schema of this version."""

import pathlib

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from roompulse_server.errors import StoreError

_SCRIPTS = pathlib.Path(__file__).with_name("migrations")


def upgrade(connection: Connection) -> None:
    """Run the missing migrations inside the caller's transaction.

    Raises:
        StoreError: The database was made by a version of the service that this one does not know.
    """
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    unknown = set(MigrationContext.configure(connection).get_current_heads()) - known
    if unknown:
        found = ", ".join(sorted(unknown))
        raise StoreError(f"the record has schema {found}, this version knows up to {max(known)}: use a newer version")
    command.upgrade(config, "head")
