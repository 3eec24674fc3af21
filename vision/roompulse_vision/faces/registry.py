"""Names for models: the cards of the package, then those beside the weights in the folders.

    name ──▶ models/<name>.toml of the package, or <folder>/<name>.toml ──▶ its file, beside it or in a folder

A card in a folder cannot take the name of one in the package: what is called enet_b2_8 is that everywhere.
"""

import pathlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from roompulse_vision.errors import ModelError
from roompulse_vision.faces.atomic_file import place_file
from roompulse_vision.faces.attention import AttentionNetwork
from roompulse_vision.faces.card import CARDS, ModelCard, card_table, parse_card, read_card
from roompulse_vision.faces.checksum import verify_file
from roompulse_vision.faces.classifier import Classifier
from roompulse_vision.faces.engagement_card import KIND, load_layers, located, parse_engagement_card
from roompulse_vision.faces.keras_file import converted
from roompulse_vision.faces.weights import Weights, find, read_detector, weights_of
from roompulse_vision.faces.yunet import YuNet

OTHER_KINDS = {"detector": "a detector", KIND: "an engagement network"}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class State(StrEnum):
    SHIPPED = "shipped"  # in the package, and right
    FOUND = "found"  # in a folder, and right
    FETCHED = "fetched"  # the published file is, and has still to be converted
    MISSING = "missing"
    DAMAGED = "damaged"  # there, and not what the card says; or the card itself is wrong


@dataclass(frozen=True, slots=True)
class Entry:
    """A card as it stands: `detail` says what is wrong with a damaged one."""

    name: str
    card: pathlib.Path
    state: State
    file: pathlib.Path | None = None
    weights: Weights | None = None
    detail: str = ""

    @property
    def kind(self) -> str:
        return self.weights.kind if self.weights else "unknown"

    @property
    def licence(self) -> str:
        return self.weights.licence if self.weights else ""

    @property
    def source(self) -> str:
        return self.weights.source if self.weights else ""


def find_card(name: str, folders: Sequence[pathlib.Path]) -> pathlib.Path:
    """Return the card that a name, or a path, stands for.

    Raises:
        ModelError: There is none.
    """
    if NAME.fullmatch(name):
        for place in (CARDS, *folders):
            if (card := place / f"{name}.toml").is_file():
                return card
    if pathlib.Path(name).suffix == ".toml":
        return pathlib.Path(name)
    known = ", ".join(sorted({card.stem for card in cards(folders)}))
    raise ModelError(f"model {name!r}: expected the path of a card (TOML), or one of {known}")


def find_emotion_model(name: str, folders: Sequence[pathlib.Path]) -> ModelCard:
    """Return the verified card that a name, or a path, stands for.

    Raises:
        ModelError: There is none, it is another kind, or its file is missing or another one.
    """
    card = find_card(name, folders)
    if _kind(card) in OTHER_KINDS:
        raise ModelError(f"model {name!r}: expected an emotion model, found {OTHER_KINDS[_kind(card)]}")
    return read_card(card, folders)


def find_engagement_network(name: str, folders: Sequence[pathlib.Path]) -> AttentionNetwork:
    """Return the network that a name, or a card's path, stands for.

    Raises:
        ModelError: There is none, it is another kind, or its file is missing, not converted, or another one.
    """
    card = find_card(name, folders)
    if _kind(card) != KIND:
        kind = OTHER_KINDS.get(_kind(card), "an emotion model")
        raise ModelError(f"engagement {name!r}: expected an engagement network, found {kind}")
    read = parse_engagement_card(card)
    return AttentionNetwork(read, load_layers(read, folders))


def convert(card: pathlib.Path, folders: Sequence[pathlib.Path]) -> pathlib.Path:
    """Make of an engagement network's published file the one that the service reads, beside it, and return its path.

    Raises:
        ModelError: The card is no engagement network's, its file is missing or another one, or h5py is not installed.
    """
    read = parse_engagement_card(card)
    file = find((weights_of(read),), [card.parent, *folders])
    if file is None:
        remedy = f"; `roompulse-server models pull {read.name}` fetches it" if read.url else ""
        raise ModelError(f"{read.file.name}: expected a file with {read.checksum}, found none{remedy}")
    return converted(read, file)


def cards(folders: Sequence[pathlib.Path]) -> Iterator[pathlib.Path]:
    """Yield every card, the package's first."""
    for place in (CARDS, *folders):
        yield from sorted(place.glob("*.toml"))


def entries(folders: Sequence[pathlib.Path]) -> list[Entry]:
    """Return every card with the state of its file. One whose name is taken goes by its path."""
    found: dict[str, Entry] = {}
    for card in cards(folders):
        name = str(card) if card.stem in found else card.stem
        found[name] = entry(name, card, folders)
    return list(found.values())


def named(name: str, folders: Sequence[pathlib.Path]) -> Entry:
    """Return what a name, or a card's path, stands for.

    Raises:
        ModelError: Nothing.
    """
    return entry(name, find_card(name, folders), folders)


def strangers(known: Sequence[Entry], folders: Sequence[pathlib.Path]) -> list[pathlib.Path]:
    """Return the ONNX files of the folders that are none of the known entries'."""
    if not known:
        return []
    names = {name for item in known if item.weights for name in item.weights.names}
    return [file for folder in folders for file in sorted(folder.glob("*.onnx")) if file.name not in names]


def entry(name: str, card: pathlib.Path, folders: Sequence[pathlib.Path]) -> Entry:
    """Return a card with the state of its file, by its checksum alone."""
    weights = None
    try:
        kind = _kind(card)
        network = parse_engagement_card(card) if kind == KIND else None
        weights = read_detector(card) if kind == "detector" else weights_of(network or parse_card(card))
        if network and (ready := located(network, folders)):
            return Entry(name, card, State.FOUND, ready.file, weights)
        file = find((weights,), [card.parent, *folders])
    except ModelError as error:
        return Entry(name, card, State.DAMAGED, weights=weights, detail=str(error))
    if file is None:
        return Entry(name, card, State.MISSING, weights=weights)
    if network:
        return Entry(name, card, State.FETCHED, file, weights)
    return Entry(name, card, State.SHIPPED if file.parent == CARDS else State.FOUND, file, weights)


def prove(item: Entry, folders: Sequence[pathlib.Path]) -> None:
    """Load the model of a card and run it once, as the service would at its start.

    Raises:
        ModelError: It cannot be used; names the file, what was expected and found.
    """
    if item.file is None or item.weights is None:
        raise ModelError(item.detail or f"{item.card}: expected its file, found none")
    if item.weights.kind == "detector":
        verify_file(item.file, item.weights.checksum)
        YuNet(item.file).prove()
    elif item.weights.kind == KIND:
        find_engagement_network(str(item.card), folders)
    else:
        Classifier(read_card(item.card, folders))


def add(file: pathlib.Path, card: pathlib.Path, folder: pathlib.Path) -> ModelCard:
    """Verify a model by its card, run it once, copy both into `folder`, and return the card as it lies there.

    Raises:
        ModelError: The file is not the one of the card, does not do what it says, or the name is taken.
    """
    read = replace(parse_card(card), file=file.resolve())
    verify_file(read.file, read.checksum)
    _check_name(read, card, folder)
    Classifier(read)
    target = folder / pathlib.Path(card_table(card).text("file")).name
    try:
        place_file(target, file.read_bytes())
        place_file(folder / f"{read.name}.toml", card.read_bytes())
    except OSError as error:
        raise ModelError(f"{file} cannot be copied into {folder}: {error}") from error
    return read_card(folder / f"{read.name}.toml")


def _check_name(read: ModelCard, card: pathlib.Path, folder: pathlib.Path) -> None:
    file = card_table(card).text("file")
    if not NAME.fullmatch(read.name) or not NAME.fullmatch(file):
        raise ModelError(
            f"model card {card}: expected a name and a file without slashes, found {read.name!r}, {file!r}"
        )
    if (CARDS / f"{read.name}.toml").is_file():
        raise ModelError(
            f"model card {card}: expected a name of its own, found {read.name!r}, which is a published one's"
        )
    others = [other for other in folder.glob("*.toml") if other.stem != read.name]
    if any(card_table(other).content.get("file") == file for other in others):
        raise ModelError(
            f"model card {card}: expected a file name of its own, found {file!r}, which another card names"
        )


def _kind(card: pathlib.Path) -> str:
    return str(card_table(card).content.get("kind", "emotion"))
