"""A model card: what must be known to run an emotion model's file, read from the TOML beside it.

    name, file, licence, source (or trained), min_face_px, url (where the file can be fetched from, if anywhere)
    sha256 or git_blob, what the file must be
    [input]          name, size, colour ("grey", "rgb", "bgr"), mean, std (of pixels over 255)
                     resize "area" (the default) or "bilinear-stretch"
    [crop.yunet]     rule "square" (the default): centre, side        or rule "box": margin
    [crop.haar]      the same for the other detector
    [output]         scores (or logits), labels, temperature
                     valence, arousal (columns of `scores`), or valence_arousal (an output of its own with these two)
                     embedding: the name of an output, or "input of the last Gemm"
    [output.action_units]
                     units (by number), thresholds, activation "sigmoid" (the default) or "none"
                     output (one of its own), or first (their first column in `scores`)
    [baseline]       neutral_logp

Labels are the service's (`types.LABELS`) in the order of the model's columns; labels that the model lacks are absent.
`Classifier` holds the file to what the card says.
"""

import pathlib
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from roompulse_vision.errors import ModelError
from roompulse_vision.faces.checksum import Checksum, read_checksum, verify_file
from roompulse_vision.faces.crop import BoxCrop, CropRule, Resize, SquareCrop
from roompulse_vision.faces.toml_table import Table
from roompulse_vision.types import ACTION_UNITS, LABELS

CARDS = pathlib.Path(__file__).resolve().parent.parent / "models"
SHIPPED = CARDS / "roompulse-fer.toml"
LAST_GEMM_INPUT = "input of the last Gemm"
FER_SIDE = (0.5 / 0.80, 0.5 / 1.03)  # a FER+ crop, in shares of a face's width and height: docs/detection.md


class Colour(StrEnum):
    GREY = "grey"  # one channel: full-range luma of BT.601
    RGB = "rgb"
    BGR = "bgr"


@dataclass(frozen=True, slots=True)
class ModelInput:
    """Crops of `size`×`size`; the network sees (pixel / 255 - mean) / std, one number or one a channel."""

    name: str
    size: int
    colour: Colour
    mean: tuple[float, ...]
    std: tuple[float, ...]
    resize: Resize = Resize.AREA


class Activation(StrEnum):
    SIGMOID = "sigmoid"  # the columns are logits
    NONE = "none"  # they are probabilities


@dataclass(frozen=True, slots=True)
class UnitOutput:
    """Where action units are: that of number `units[i]` is column `first + i` of `output`, None for the scores.

    After the activation it is a probability; from its threshold on the unit counts as active. Units that are none of
    the service's twelve are not used.
    """

    units: tuple[int, ...]
    thresholds: tuple[float, ...]
    output: str | None = None
    first: int = 0
    activation: Activation = Activation.SIGMOID


@dataclass(frozen=True, slots=True)
class ModelOutput:
    """`scores` names an output (N, `columns`): logits of `labels` first, then what else of the card is a column of it.

    `valence` and `arousal` are such columns, None where it has none; `feelings` names an output (N, 2) that has them
    instead. `embedding` names an output (N, D), or is `LAST_GEMM_INPUT`: then the tensor is made an output when the
    file is loaded.
    """

    scores: str
    labels: tuple[str, ...]
    temperature: float = 1.0
    valence: int | None = None
    arousal: int | None = None
    embedding: str | None = None
    feelings: str | None = None
    action_units: UnitOutput | None = None

    @property
    def columns(self) -> int:
        """How many columns the scores must have for the card to fit them."""
        units = self.action_units
        last_unit = units.first + len(units.units) - 1 if units and units.output is None else 0
        return 1 + max(len(self.labels) - 1, self.valence or 0, self.arousal or 0, last_unit)


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A card. `file` is absolute. `crops` by detector id; `neutral_logp` by label order, empty without."""

    name: str
    file: pathlib.Path
    checksum: Checksum
    licence: str
    source: str
    min_face_px: int
    input: ModelInput
    output: ModelOutput
    crops: dict[str, CropRule] = field(default_factory=dict)
    neutral_logp: tuple[float, ...] = ()
    url: str = ""

    def crop_for(self, detector_id: str) -> CropRule:
        """Return how to cut crops from this detector's boxes.

        Raises:
            ModelError: The card has no geometry for it.
        """
        if detector_id not in self.crops:
            known = ", ".join(f"[crop.{name}]" for name in self.crops) or "none"
            raise ModelError(f"model card {self.name}: expected a table [crop.{detector_id}], found {known}")
        return self.crops[detector_id]


def read_card(path: pathlib.Path = SHIPPED, folders: Sequence[pathlib.Path] = ()) -> ModelCard:
    """Read a card and verify the model's file against it, sought beside the card, then in the folders.

    Raises:
        ModelError: The card or the file is missing, malformed or another one; names it, what was expected and found.
    """
    card = parse_card(path)
    places = [card.file, *(folder.resolve() / card.file.name for folder in folders)]
    file = next((place for place in places if place.is_file()), None)
    if file is None and card.url:
        where = ", ".join(str(place.parent) for place in places)
        raise ModelError(
            f"{card.file.name}: expected a file with {card.checksum}, found none in {where}; "
            f"`roompulse-server models pull {card.name}` fetches it"
        )
    verify_file(file or card.file, card.checksum)
    return replace(card, file=file or card.file)


def parse_card(path: pathlib.Path) -> ModelCard:
    """Read a card alone; its `file` is taken to lie beside it.

    Raises:
        ModelError: It is missing or malformed; names it, what was expected and found.
    """
    table = card_table(path)
    return ModelCard(
        name=table.text("name"),
        file=(path.parent / table.text("file")).resolve(),
        checksum=read_checksum(table),
        licence=table.text("licence"),
        source=table.text("trained" if table.has("trained") else "source"),
        min_face_px=table.count("min_face_px"),
        input=_input(table.table("input")),
        output=_output(table.table("output")),
        crops={name: _crop(table.table("crop").table(name)) for name in table.table("crop").keys},
        neutral_logp=_neutral(table),
        url=read_url(table),
    )


def card_table(path: pathlib.Path) -> Table:
    """Return what stands in a TOML file.

    Raises:
        ModelError: It is missing or no TOML.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ModelError(f"model card {path}: expected a readable TOML file, found: {error}") from error
    return Table(str(path), "", content)


def read_url(table: Table) -> str:
    url = table.text("url") if table.has("url") else ""
    if url and not re.match(r"https?://", url):
        raise table.wrong("url", "an address that begins with https:// or http://", url)
    return url


def _input(table: Table) -> ModelInput:
    colour = Colour(table.choice("colour", tuple(Colour)))
    channels = 1 if colour is Colour.GREY else 3
    std = table.numbers("std", channels)
    if not all(value > 0 for value in std):
        raise table.wrong("std", "numbers above 0", list(std))
    resize = Resize(table.choice("resize", tuple(Resize))) if table.has("resize") else Resize.AREA
    return ModelInput(table.text("name"), table.count("size"), colour, table.numbers("mean", channels), std, resize)


def _output(table: Table) -> ModelOutput:
    labels = table.texts("labels")
    if not labels or len(set(labels)) < len(labels) or not set(labels) <= set(LABELS):
        raise table.wrong("labels", f"distinct ones of {', '.join(LABELS)}", list(labels))
    temperature = table.number("temperature", 1.0)
    if not temperature > 0:
        raise table.wrong("temperature", "a number above 0", temperature)
    columns = {key: table.count(key) for key in ("valence", "arousal") if table.has(key)}
    for key, column in columns.items():
        if column < len(labels):
            raise table.wrong(key, f"a column after the {len(labels)} labels", column)
    if len(columns) == 1:
        raise table.wrong("valence", "valence and arousal, or neither", sorted(columns))
    feelings = table.text("valence_arousal") if table.has("valence_arousal") else None
    if columns and feelings:
        raise table.wrong("valence_arousal", "columns of the scores, or an output, not both", feelings)
    units = _units(table.table("action_units"), len(labels)) if table.has("action_units") else None
    if units and units.output is None and any(0 <= n - units.first < len(units.units) for n in columns.values()):
        raise table.wrong("action_units.first", "columns of their own", units.first)
    return ModelOutput(
        scores=table.text("logits" if table.has("logits") else "scores"),
        labels=labels,
        temperature=temperature,
        valence=columns.get("valence"),
        arousal=columns.get("arousal"),
        embedding=table.text("embedding") if table.has("embedding") else None,
        feelings=feelings,
        action_units=units,
    )


def _units(table: Table, labels: int) -> UnitOutput:
    units = table.counts("units")
    if len(set(units)) < len(units) or not set(units) & set(ACTION_UNITS):
        raise table.wrong("units", f"distinct numbers, some of {', '.join(map(str, ACTION_UNITS))}", list(units))
    thresholds = table.numbers("thresholds", len(units))
    if not all(0 <= threshold <= 1 for threshold in thresholds):
        raise table.wrong("thresholds", "probabilities, 0 to 1", list(thresholds))
    output = table.text("output") if table.has("output") else None
    first = table.count("first") if table.has("first") or output is None else 0
    if output is not None and first:
        raise table.wrong("first", "a column of the scores, or an output, not both", first)
    if output is None and first < labels:
        raise table.wrong("first", f"a column after the {labels} labels", first)
    choice = table.choice("activation", tuple(Activation)) if table.has("activation") else Activation.SIGMOID
    return UnitOutput(units, thresholds, output, first, Activation(choice))


def _crop(table: Table) -> CropRule:
    if table.has("rule") and table.choice("rule", ("square", "box")) == "box":
        return BoxCrop(table.number("margin", 0.0))
    x, y = table.numbers("centre", 2)
    by_width, by_height = table.numbers("side", 2) if table.has("side") else FER_SIDE
    if not by_width + by_height > 0:
        raise table.wrong(
            "side", "shares of the box's width and height that make a side above 0", [by_width, by_height]
        )
    return SquareCrop((x, y), (by_width, by_height))


def _neutral(table: Table) -> tuple[float, ...]:
    if not table.has("baseline"):
        return ()
    return table.table("baseline").numbers("neutral_logp", len(table.table("output").texts("labels")))
