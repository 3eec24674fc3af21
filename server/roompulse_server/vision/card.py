"""A model card: what must be known to run an emotion model's file, read from the TOML beside it.

    name, file, sha256, licence, source, min_face_px
    [input]          name, size, colour ("grey", "rgb", "bgr"), mean, std (of pixels over 255)
    [crop.yunet]     rule "square": centre, side        or rule "box": margin
    [crop.haar]      the same for the other detector
    [output]         scores, labels, temperature; valence, arousal (columns of `scores`); embedding
    [baseline]       neutral_logp

Labels are the service's (`types.LABELS`) in the order of the model's columns; labels that the model lacks are absent.
"""

import hashlib
import pathlib
import tomllib
from dataclasses import dataclass, field
from enum import StrEnum

from roompulse_server.errors import ModelError
from roompulse_server.types import LABELS
from roompulse_server.vision.crop import BoxCrop, CropRule, SquareCrop
from roompulse_server.vision.toml_table import Table

SHIPPED = pathlib.Path(__file__).resolve().parent.parent / "models" / "roompulse-fer.toml"


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


@dataclass(frozen=True, slots=True)
class ModelOutput:
    """`scores` names an output (N, columns): logits of `labels` first, then whatever else.

    `valence` and `arousal` are columns of it, None where the model has none. `embedding` names an output (N, D).
    """

    scores: str
    labels: tuple[str, ...]
    temperature: float = 1.0
    valence: int | None = None
    arousal: int | None = None
    embedding: str | None = None


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A verified card. `file` is absolute. `crops` by detector id; `neutral_logp` by label order, empty without."""

    name: str
    file: pathlib.Path
    sha256: str
    licence: str
    source: str
    min_face_px: int
    input: ModelInput
    output: ModelOutput
    crops: dict[str, CropRule] = field(default_factory=dict)
    neutral_logp: tuple[float, ...] = ()

    def crop_for(self, detector_id: str) -> CropRule:
        """Return how to cut crops from this detector's boxes.

        Raises:
            ModelError: The card has no geometry for it.
        """
        if detector_id not in self.crops:
            known = ", ".join(f"[crop.{name}]" for name in self.crops) or "none"
            raise ModelError(f"model card {self.name}: expected a table [crop.{detector_id}], found {known}")
        return self.crops[detector_id]


def read_card(path: pathlib.Path = SHIPPED) -> ModelCard:
    """Read a card and verify the model's file against it.

    Raises:
        ModelError: The card or the file is missing, malformed or another one; names it, what was expected and found.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ModelError(f"model card {path}: expected a readable TOML file, found: {error}") from error
    table = Table(str(path), "", content)
    card = ModelCard(
        name=table.text("name"),
        file=(path.parent / table.text("file")).resolve(),
        sha256=table.text("sha256"),
        licence=table.text("licence"),
        source=table.text("source"),
        min_face_px=table.count("min_face_px"),
        input=_input(table.table("input")),
        output=_output(table.table("output")),
        crops={name: _crop(table.table("crop").table(name)) for name in table.table("crop").keys},
        neutral_logp=_neutral(table),
    )
    verify_sha256(card.file, card.sha256)
    return card


def verify_sha256(file: pathlib.Path, expected: str) -> None:
    """Raise `ModelError` unless the file is there and has this SHA-256."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ModelError(f"{file}: expected a file with SHA-256 {expected}, found: {error.strerror}") from error
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        raise ModelError(f"{file}: expected SHA-256 {expected}, found {found} ({len(data)} bytes); fetch it again")


def _input(table: Table) -> ModelInput:
    colour = Colour(table.choice("colour", tuple(Colour)))
    channels = 1 if colour is Colour.GREY else 3
    std = table.numbers("std", channels)
    if not all(value > 0 for value in std):
        raise table.wrong("std", "numbers above 0", list(std))
    return ModelInput(table.text("name"), table.count("size"), colour, table.numbers("mean", channels), std)


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
    embedding = table.text("embedding") if table.has("embedding") else None
    return ModelOutput(
        table.text("scores"), labels, temperature, columns.get("valence"), columns.get("arousal"), embedding
    )


def _crop(table: Table) -> CropRule:
    if table.choice("rule", ("square", "box")) == "box":
        return BoxCrop(table.number("margin", 0.0))
    (x, y), (by_width, by_height) = table.numbers("centre", 2), table.numbers("side", 2)
    if not by_width + by_height > 0:
        raise table.wrong(
            "side", "shares of the box's width and height that make a side above 0", [by_width, by_height]
        )
    return SquareCrop((x, y), (by_width, by_height))


def _neutral(table: Table) -> tuple[float, ...]:
    if not table.has("baseline"):
        return ()
    return table.table("baseline").numbers("neutral_logp", len(table.table("output").texts("labels")))
