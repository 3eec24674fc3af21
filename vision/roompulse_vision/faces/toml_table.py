"""Typed reading of a TOML table, with errors that name file and key, what was expected and what was found."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from roompulse_vision.errors import ModelError


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the file `source`; `path` is its name in the file, empty for the top."""

    source: str
    path: str
    content: dict[str, object]

    def wrong(self, key: str, expected: str, found: object) -> ModelError:
        """Return the error to raise about a key."""
        return ModelError(f"model card {self.source}, {self._name(key)}: expected {expected}, found {found!r}")

    def has(self, key: str) -> bool:
        return key in self.content

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(self.content)

    def table(self, key: str) -> "Table":
        value = self._get(key, "a table")
        if not isinstance(value, dict):
            raise self.wrong(key, "a table", value)
        return Table(self.source, self._name(key), value)

    def text(self, key: str) -> str:
        value = self._get(key, "a text")
        if not isinstance(value, str) or not value:
            raise self.wrong(key, "a text", value)
        return value

    def choice(self, key: str, offered: Sequence[str]) -> str:
        value = self._get(key, "one of " + ", ".join(offered))
        if not isinstance(value, str) or value not in offered:
            raise self.wrong(key, "one of " + ", ".join(offered), value)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._get(key, "a list of texts")
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.wrong(key, "a list of texts", value)
        return tuple(value)

    def count(self, key: str) -> int:
        value = self._get(key, "a whole number above 0")
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise self.wrong(key, "a whole number above 0", value)
        return value

    def counts(self, key: str) -> tuple[int, ...]:
        value = self._get(key, "a list of whole numbers above 0")
        if not isinstance(value, list) or not value or not all(type(item) is int and item > 0 for item in value):
            raise self.wrong(key, "a list of whole numbers above 0", value)
        return tuple(value)

    def number(self, key: str, default: float) -> float:
        value = self.content.get(key, default)
        if not _is_number(value):
            raise self.wrong(key, "a number", value)
        return float(value)  # type: ignore[arg-type]  # just checked

    def numbers(self, key: str, length: int) -> tuple[float, ...]:
        value = self._get(key, f"a list of {length} numbers")
        if not isinstance(value, list) or len(value) != length or not all(map(_is_number, value)):
            raise self.wrong(key, f"a list of {length} numbers", value)
        return tuple(map(float, value))

    def _get(self, key: str, expected: str) -> object:
        if key not in self.content:
            raise ModelError(f"model card {self.source}, {self._name(key)}: expected {expected}, found nothing")
        return self.content[key]

    def _name(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
