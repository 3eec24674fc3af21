"""What a file must be: a SHA-256, or git's blob id where a repository publishes no other checksum."""

import hashlib
import pathlib
import re
from dataclasses import dataclass
from typing import Literal

from roompulse_vision.errors import ModelError
from roompulse_vision.faces.toml_table import Table

Kind = Literal["sha256", "git_blob"]
_TITLES: dict[Kind, tuple[str, int]] = {"sha256": ("SHA-256", 64), "git_blob": ("git blob id", 40)}


@dataclass(frozen=True, slots=True)
class Checksum:
    """`value` in lower-case hexadecimal digits: 64 of a SHA-256, 40 of a git blob id."""

    kind: Kind
    value: str

    @property
    def title(self) -> str:
        return _TITLES[self.kind][0]

    def of(self, data: bytes) -> str:
        """Return what `value` would have to be for these bytes."""
        if self.kind == "sha256":
            return hashlib.sha256(data).hexdigest()
        header = b"blob %d\0" % len(data)  # git-hash-object: the length is part of what is hashed
        return hashlib.sha1(header + data, usedforsecurity=False).hexdigest()

    def __str__(self) -> str:
        return f"{self.title} {self.value}"


def read_checksum(table: Table) -> Checksum:
    """Return what a card says under `sha256` or `git_blob`.

    Raises:
        ModelError: Neither is there, or it is no such number.
    """
    kind: Kind = "git_blob" if table.has("git_blob") else "sha256"
    value, (title, digits) = table.text(kind), _TITLES[kind]
    if not re.fullmatch(rf"[0-9a-f]{{{digits}}}", value):
        raise table.wrong(kind, f"a {title}, {digits} hexadecimal digits in lower case", value)
    return Checksum(kind, value)


def verify_file(file: pathlib.Path, expected: Checksum) -> None:
    """Raise `ModelError` unless the file is there and is the one that is expected."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ModelError(f"{file}: expected a file with {expected}, found: {error.strerror}") from error
    found = expected.of(data)
    if found != expected.value:
        raise ModelError(f"{file}: expected {expected}, found {found} ({len(data)} bytes); fetch it again")
