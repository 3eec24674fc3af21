"""Weights that are not ours to ship: what they are, where they are looked for, how they are verified.

Looked for in: the folder of the setting, then `roompulse/models` in the user's cache. Their cards lie in the package
(`models/*.toml`): pinned addresses, checksums, licences. `download.py` fetches them.
"""

import os
import pathlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from roompulse_vision.faces.card import CARDS, ModelCard, card_table
from roompulse_vision.faces.checksum import Checksum, read_checksum, verify_file
from roompulse_vision.faces.engagement_card import KIND, EngagementCard


@dataclass(frozen=True, slots=True)
class Weights:
    """One pinned file. `names`: what it is called, ours first; `url` empty where nobody publishes it.

    `size_bytes` is None where the card does not say it.
    """

    id: str
    names: tuple[str, ...]
    checksum: Checksum
    url: str
    size_bytes: int | None = None
    kind: str = "emotion"
    licence: str = ""
    source: str = ""

    def at(self, mirror: str) -> "Weights":
        """Return the same file, to be fetched from a folder at the address `mirror`; its checksum stays."""
        return replace(self, url=f"{mirror.rstrip('/')}/{self.names[0]}")


def weights_of(card: ModelCard | EngagementCard) -> Weights:
    """Return the file of an emotion model, or of an engagement network, as it is published."""
    kind = KIND if isinstance(card, EngagementCard) else "emotion"
    return Weights(card.name, (card.file.name,), card.checksum, card.url, None, kind, card.licence, card.source)


def read_detector(path: pathlib.Path) -> Weights:
    """Return the file of a detector, from its card.

    Raises:
        ModelError: The card is malformed; names it, what was expected and found.
    """
    table = card_table(path)
    others = table.texts("also") if table.has("also") else ()
    return Weights(
        id=table.text("name"),
        names=(table.text("file"), *others),
        checksum=read_checksum(table),
        url=table.text("url"),
        size_bytes=table.count("size_bytes"),
        kind=table.choice("kind", ("detector",)),
        licence=table.text("licence"),
        source=table.text("source"),
    )


YUNET_DYNAMIC = read_detector(CARDS / "yunet.toml")
YUNET_STATIC = read_detector(CARDS / "yunet-640.toml")
YUNET = (YUNET_DYNAMIC, YUNET_STATIC)  # the dynamic file first: it does not pad small pictures to 640×640


def cache_folder() -> pathlib.Path:
    """Return the user's folder for fetched weights; it may not exist yet."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return pathlib.Path(base).expanduser() / "roompulse" / "models"


def folders(setting: pathlib.Path | None = None) -> list[pathlib.Path]:
    """Return where weights are looked for, first to last."""
    return [*([setting] if setting else []), cache_folder()]


def find(wanted: Sequence[Weights], where: Sequence[pathlib.Path]) -> pathlib.Path | None:
    """Return the first of the wanted files, verified; None where no folder has one.

    Raises:
        ModelError: A file of that name is another one, or cut short.
    """
    for folder in where:
        for weights in wanted:
            for file in (folder / name for name in weights.names):
                if file.is_file():
                    verify_file(file, weights.checksum)
                    return file
    return None
