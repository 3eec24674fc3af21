"""The record's folder: one process has it, its owner alone can read it, and what is written is still in it."""

import fcntl
import logging
import os
import pathlib
import stat
from collections.abc import Iterator
from typing import IO

from roompulse_server.errors import StoreError

logger = logging.getLogger(__name__)

DATABASE = "record.sqlite3"
BESIDE = ("-wal", "-shm", "-journal")  # what SQLite keeps beside a database
MODE = 0o600  # whatever the folder's mode and the umask: the keys to what is sealed are in the database
_LOCK = "lock"

Identity = tuple[int, int] | None


def lock(folder: pathlib.Path) -> IO[str]:
    """Keep other processes out of a folder until the file is closed; the folder is made if it is not there.

    Raises:
        StoreError: Another process holds it, or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        only_for_owner(folder / _LOCK)
        file = (folder / _LOCK).open("a+")
    except OSError as error:
        raise StoreError(f"the folder {folder} cannot be written: {error.strerror}") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        message = f"the folder {folder} is in use by process {holder}: stop it, or choose another folder"
        raise StoreError(message) from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def only_for_owner(path: pathlib.Path) -> None:
    """Make a file, or one that is there and what SQLite keeps beside it, readable by its owner alone.

    SQLite gives what it makes beside a database the mode of the database.

    Raises:
        OSError: The file cannot be made.
    """
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, MODE))
    for file in beside(path):
        try:
            if stat.S_IMODE(file.stat().st_mode) & ~MODE:
                file.chmod(MODE)
        except FileNotFoundError:
            continue
        except PermissionError:
            logger.warning("%s can be read by others, and only its owner can change that: chmod 600 %s", file, file)


def beside(database: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yield a database's files, whether they are there or not."""
    yield database
    yield from (database.with_name(database.name + suffix) for suffix in BESIDE)


class FolderWatch:
    """Notices that the files of an open record were removed or replaced: SQLite would go on writing into the old ones.

    Args:
        folder: The record's, with the files of an open database in it.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        files = (folder / DATABASE, folder / f"{DATABASE}-wal", folder / _LOCK)
        self._known = {file: identity for file in files if (identity := _identity(file)) is not None}

    def check(self) -> None:
        """Raise where they are gone.

        Raises:
            StoreError: Names the file, and says what to do.
        """
        for file, known in self._known.items():
            if _identity(file) != known:
                message = (
                    f"{file} was removed or replaced while the service had it open, and nothing more is written: "
                    "put the folder back as it was, or stop the service and start it again"
                )
                raise StoreError(message)


def _identity(file: pathlib.Path) -> Identity:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
