"""The card of an engagement network: what must be known to run it in place of the formula, read from the TOML.

    name, kind = "engagement", file, licence, source, url (where the file can be fetched from, if anywhere)
    sha256 or git_blob, what the file must be
    formula          the id that its scores carry, and by which they are told apart from all others
    caution          what whoever uses it should be told (optional)
    [embedding]      models (names of the emotion models whose embeddings it takes), size, window (how many)
    [output]         classes, in the order of the network's columns; one of them is "engaged"

`file` is an `.npz` that the service reads as it is, or a Keras `.h5`, of which `models convert` makes one beside it.
"""

import pathlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from roompulse_vision.errors import ModelError
from roompulse_vision.faces.attention_file import read_layers, source_of
from roompulse_vision.faces.card import CARDS, card_table, read_url
from roompulse_vision.faces.checksum import Checksum, read_checksum, verify_file
from roompulse_vision.faces.inference import Floats
from roompulse_vision.faces.toml_table import Table

KIND = "engagement"
ENGAGED = "engaged"
READY = ".npz"

_FORMULA = re.compile(r"[A-Za-z0-9._-]{1,48}")


@dataclass(frozen=True, slots=True)
class EngagementCard:
    """A card. `file` is absolute, and taken to lie beside the card until `located` found it elsewhere."""

    name: str
    formula: str
    file: pathlib.Path
    checksum: Checksum
    licence: str
    source: str
    url: str
    caution: str
    models: tuple[str, ...]
    size: int
    window: int
    classes: tuple[str, ...]


def parse_engagement_card(path: pathlib.Path) -> EngagementCard:
    """Read a card alone.

    Raises:
        ModelError: It is missing or malformed, or takes the formula id of a published one; names what was expected.
    """
    table = card_table(path)
    table.choice("kind", (KIND,))
    embedding = table.table("embedding")
    models = embedding.texts("models")
    if not models:
        raise embedding.wrong("models", "the names of emotion models", [])
    return EngagementCard(
        name=table.text("name"),
        formula=_formula(table, path),
        file=(path.parent / table.text("file")).resolve(),
        checksum=read_checksum(table),
        licence=table.text("licence"),
        source=table.text("source"),
        url=read_url(table),
        caution=table.text("caution") if table.has("caution") else "",
        models=models,
        size=embedding.count("size"),
        window=embedding.count("window"),
        classes=_classes(table.table("output")),
    )


def located(card: EngagementCard, folders: Sequence[pathlib.Path]) -> EngagementCard | None:
    """Return the card with the verified file that the service reads, sought beside the card, then in the folders.

    None where there is none.

    Raises:
        ModelError: A file of that name is another one, damaged, or made from another one.
    """
    name = card.file.with_suffix(READY).name
    for place in (card.file.parent, *folders):
        if (file := place.resolve() / name).is_file():
            if card.file.suffix == READY:
                verify_file(file, card.checksum)
            elif (found := source_of(file)) != str(card.checksum):
                raise ModelError(
                    f"{file}: expected it to be made from {card.checksum}, found {found}; convert it again"
                )
            return replace(card, file=file)
    return None


def load_layers(card: EngagementCard, folders: Sequence[pathlib.Path]) -> dict[str, Floats]:
    """Return the layers of a card's network, in the shapes that the card says.

    Raises:
        ModelError: Its file is missing, damaged, another one, or does not fit the card; says what to do.
    """
    found = located(card, folders)
    if found is None:
        pulling = f"`roompulse-server models pull {card.name}`, then " if card.url else ""
        raise ModelError(
            f"{card.file.with_suffix(READY).name}: expected it beside its card or in a folder of models, found none; "
            f"{pulling}`roompulse-server models convert {card.name}` makes it"
        )
    return read_layers(found.file, card.size, len(card.classes))


def _formula(table: Table, path: pathlib.Path) -> str:
    formula = table.text("formula")
    if not _FORMULA.fullmatch(formula):
        raise table.wrong("formula", "1 to 48 letters, digits, dots, dashes or underscores", formula)
    if path.resolve().parent != CARDS:
        taken = {card_table(card).content.get("formula") for card in CARDS.glob("*.toml")}
        if formula in taken:
            raise table.wrong("formula", "an id of its own (scores are told apart by it alone)", formula)
    return formula


def _classes(table: Table) -> tuple[str, ...]:
    classes = table.texts("classes")
    if len(classes) < 2 or len(set(classes)) < len(classes) or ENGAGED not in classes:
        raise table.wrong("classes", f"two or more distinct names, one of them {ENGAGED!r}", list(classes))
    return classes
